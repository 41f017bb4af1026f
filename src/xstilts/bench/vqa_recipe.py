"""The field's recipe for question answering on images, after VOLTA (github.com/e-bug/volta) and its kin.

Questions padded to 40 tokens and images to 36 regions, one token a region; features stored as base64 of float32 and
decoded anew for every question; float32 throughout; every weight trained, with an optimizer group a tensor; binary
cross-entropy over the answers. Two things are kinder than the original: the store is in memory rather than in LMDB,
and no pickle is read.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from transformers import PreTrainedModel

from xstilts.base.cache import open_features
from xstilts.base.errors import ParameterError
from xstilts.bench.clock import Positions, Stopwatch
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import encoder_cost, text_encoder
from xstilts.bench.ours import settings_of
from xstilts.bench.sample import labels_of, read_card, table_of, token_ids
from xstilts.train.loop import rate

WORDS, REGIONS = 40, 36
PLACE = [0, 1, 2, 3, 6]  # x1 y1 x2 y2 area: what the recipe knows of a box
LEARNING_RATE = 4.0e-5  # VOLTA's for multilingual encoders on GQA
SCORING_BATCH = 64

Tensors = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


class Questions(TorchDataset[Tensors]):
    """Questions with their images' regions, each decoded and padded when it is asked for.

    An item is token ids int64 `[40]`, mask bool `[76]` (words, then regions), features float32 `[36, dim]`, boxes
    float32 `[36, 5]` and the label.
    """

    def __init__(self, job: Job, rows: Sequence[int], split: str | None = None) -> None:
        (task, card), table = read_card(job), table_of(job, rows, split)
        entry = card["tasks"][task].get("features")
        if not entry:
            raise ParameterError(f"{job.cache}: found a task without pictures, expected one with them")
        features = open_features(Path(entry["path"]), entry["sha256"])
        self.ids = [one[:WORDS] for one in token_ids(table)]
        self.labels, self.images, self.dim = labels_of(table), table["image"].to_pylist(), features.vectors.shape[1]
        self.store: dict[int, tuple[int, bytes, bytes]] = {}
        for image in set(self.images):
            place = features.regions(image)
            vectors, boxes = features.vectors[place].astype(np.float32), features.boxes[place][:, PLACE]
            stored = base64.b64encode(vectors.tobytes()), base64.b64encode(boxes.tobytes())
            self.store[image] = len(vectors), *stored

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Tensors:
        ids = self.ids[index]
        count, stored_vectors, stored_boxes = self.store[self.images[index]]
        count = min(count, REGIONS)
        features, boxes = np.zeros((REGIONS, self.dim), np.float32), np.zeros((REGIONS, len(PLACE)), np.float32)
        for padded, stored in ((features, stored_vectors), (boxes, stored_boxes)):
            decoded = np.frombuffer(base64.b64decode(stored), np.float32).reshape(-1, padded.shape[1])
            padded[:count] = decoded[:count]
        words, mask = torch.ones(WORDS, dtype=torch.long), torch.zeros(WORDS + REGIONS, dtype=torch.bool)
        words[: len(ids)] = torch.tensor(ids)
        mask[: len(ids)] = True
        mask[WORDS : WORDS + count] = True
        label = torch.tensor(int(self.labels[index]))
        return words, mask, torch.from_numpy(features), torch.from_numpy(boxes), label

    @property
    def regions(self) -> np.ndarray:
        """Regions of every question's image that are read, int64 `[rows]`."""
        return np.array([min(self.store[image][0], REGIONS) for image in self.images])

    @property
    def lengths(self) -> np.ndarray:
        """Real tokens of every question, words and regions, int64 `[rows]`."""
        return np.array([len(ids) + count for ids, count in zip(self.ids, self.regions, strict=True)])


class RecipeModel(nn.Module):
    """An encoder over words and regions, and a classifier of two layers on its first state."""

    def __init__(self, text: PreTrainedModel, dim: int, answers: int) -> None:
        super().__init__()
        size = text.config.hidden_size
        self.text, self.feature, self.place = text, nn.Linear(dim, size), nn.Linear(len(PLACE), size)
        self.norm, self.dropout = nn.LayerNorm(size), nn.Dropout(text.config.hidden_dropout_prob)
        self.answer = nn.Sequential(
            nn.Linear(size, 2 * size), nn.GELU(), nn.LayerNorm(2 * size), nn.Linear(2 * size, answers)
        )

    def forward(self, words: Tensor, mask: Tensor, features: Tensor, boxes: Tensor) -> Tensor:
        """Logits float32 `[batch, answers]`."""
        visual = self.dropout(self.norm(self.feature(features) + self.place(boxes)))
        embedded = torch.cat([self.text.get_input_embeddings()(words), visual], dim=1)
        states = self.text(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state
        logits: Tensor = self.answer(states[:, 0])
        return logits


def train_rows(job: Job) -> Measured:
    """Train on the job's rows once, after a run on the warm-up rows that is thrown away."""
    if job.warmup:
        _train(job, job.warmup)
    return _train(job, job.rows)


def _train(job: Job, chosen: Sequence[int]) -> Measured:
    torch.manual_seed(job.seed)
    questions = Questions(job, chosen, "train")
    model = make_model(job, questions).train()
    loader = DataLoader(questions, settings_of(job).batch_size, shuffle=True)
    optimizer = AdamW([{"params": [weight]} for weight in model.parameters()], lr=job.learning_rate or LEARNING_RATE)
    schedule = LambdaLR(optimizer, lambda step: rate(step, len(loader), 0.1))
    with Positions(model.text, training=True) as seen, Stopwatch() as watch:
        watch.start()
        for batch in loader:
            *inputs, label = (one.to(_device()) for one in batch)
            logits = model(*inputs)
            loss = F.binary_cross_entropy_with_logits(logits, _targets(label, logits)) * logits.shape[1]
            loss.backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            float(loss.detach())  # the recipe looks at every loss
    accuracy = _accuracy(model, Questions(job, job.dev, "dev")) if job.dev else None
    return _measured(model, questions, watch.seconds, seen.total, training=True, accuracy=accuracy)


def score_rows(job: Job) -> Measured:
    """Answer the job's rows once, after the warm-up rows."""
    torch.manual_seed(job.seed)
    questions = Questions(job, job.rows)
    model = make_model(job, questions).eval()
    if job.warmup:
        _accuracy(model, Questions(job, job.warmup))
    with Positions(model.text, training=False) as seen:
        began = time.perf_counter()
        _accuracy(model, questions)
        seconds = time.perf_counter() - began
    return _measured(model, questions, seconds, seen.total, training=False)


def make_model(job: Job, questions: Questions) -> RecipeModel:
    """A fresh model for the answers of the job's task."""
    task, card = read_card(job)
    return RecipeModel(text_encoder(job), questions.dim, len(card["tasks"][task]["labels"])).to(_device())


def _targets(label: Tensor, logits: Tensor) -> Tensor:
    """1 at the right answer, 0 elsewhere; all 0 where the answer is outside the vocabulary."""
    known = label >= 0
    targets = torch.zeros_like(logits)
    targets[known, label[known]] = 1.0
    return targets


@torch.no_grad()
def _accuracy(model: RecipeModel, questions: Questions) -> float:
    model.eval()
    right = 0
    for batch in DataLoader(questions, SCORING_BATCH):
        *inputs, label = (one.to(_device()) for one in batch)
        right += int((model(*inputs).argmax(-1) == label).sum())
    return right / len(questions)


def _measured(
    model: RecipeModel,
    questions: Questions,
    seconds: float,
    positions: int,
    training: bool,
    accuracy: float | None = None,
) -> Measured:
    head = sum(weight.numel() for weight in model.answer.parameters() if weight.ndim > 1)
    region = model.feature.weight.numel() + model.place.weight.numel()
    cost = encoder_cost(model.text.config, head=head, region=region)
    lengths, regions = questions.lengths, int(questions.regions.sum())
    flops = cost.training(lengths, regions) if training else cost.scoring(lengths, regions)
    return Measured(len(questions), int(lengths.sum()), seconds, positions, flops, accuracy)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
