"""The field's way to train on visual questions, after VOLTA (github.com/e-bug/volta) and its kin.

Questions are padded to 40 tokens and images to 36 regions, one token per region; features are stored as base64 of
float32 and decoded anew for every question; all is float32; every weight is trained, with one optimizer group per
tensor; the loss is binary cross-entropy over the answers. Two things are kinder than the original: the store is in
memory rather than in LMDB, and no pickle is read. At its best the same model has what the Trainer has at its best:
padding to the longest of a batch, batches of similar length, bf16, the fused optimizer with one group, the fastest
attention, no dropout; and features are decoded once.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, default_collate
from torch.utils.data import Dataset as TorchDataset
from transformers import PreTrainedModel, get_linear_schedule_with_warmup
from transformers.trainer_pt_utils import LengthGroupedSampler

from xstilts.base.cache import open_features
from xstilts.base.errors import ParameterError
from xstilts.bench.clock import Positions, Stopwatch, TrainingClock, device
from xstilts.bench.flops import Cost
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import encoder_cost, text_encoder
from xstilts.bench.rows import labels_of, read_card, table_of, token_ids

PLACE = [0, 1, 2, 3, 6]  # x1 y1 x2 y2 area: what is read of a box
LEARNING_RATE = 4.0e-5  # VOLTA's for multilingual encoders on GQA
WARMUP = 0.1  # of the updates
SCORING_BATCH = 64

Tensors = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class VqaScript:
    """A script that trains an encoder on questions and regions.

    Attributes:
        words, regions: positions that every question and every image are padded to; at its best, at most.
        at_best: whether it has what is named above.
    """

    words: int = 40
    regions: int = 36
    at_best: bool = False

    def train(self, job: Job) -> Measured:
        """Train on the job's rows once."""
        torch.manual_seed(job.seed)
        questions = self.questions(job, job.rows, "train")
        model = self.model(job, questions).train()
        loader = self.loader(questions, job.settings["batch_size"], job.seed)
        rate, weights = job.learning_rate or LEARNING_RATE, list(model.parameters())
        groups = [{"params": weights}] if self.at_best else [{"params": [weight]} for weight in weights]
        optimizer = AdamW(groups, rate, fused=self.at_best)
        warmup, updates = round(WARMUP * len(loader)), len(loader)
        schedule = get_linear_schedule_with_warmup(optimizer, warmup, updates)  # type: ignore[no-untyped-call]
        with Positions(model.text, training=True) as seen, TrainingClock() as clock:
            for batch in loader:
                loss = _update(model, batch, optimizer, schedule, self.at_best)
                if not self.at_best:
                    float(loss)  # the original looks at every loss
        accuracy = self.accuracy(model, self.questions(job, job.dev, "dev")) if job.dev else None
        flops = _cost(model).training(questions.lengths, questions.region_count)
        numbers = clock.seconds, seen.total, flops, accuracy, clock.processor_seconds, {"updates": clock.updates}
        return Measured(len(questions), questions.tokens, *numbers)

    def score(self, job: Job) -> Measured:
        """Answer the job's rows once."""
        torch.manual_seed(job.seed)
        questions = self.questions(job, job.rows)
        model = self.model(job, questions)
        with Positions(model.text, training=False) as seen, Stopwatch() as watch:
            self.accuracy(model, questions)
        flops = _cost(model).scoring(questions.lengths, questions.region_count)
        numbers = watch.seconds, seen.total, flops, None, watch.processor_seconds
        return Measured(len(questions), questions.tokens, *numbers)

    def questions(self, job: Job, rows: Sequence[int], split: str | None = None) -> Questions:
        """Rows of a split (the job's own if None)."""
        return Questions(job, rows, split, self.words, self.regions, decoded=self.at_best)

    def loader(self, questions: Questions, size: int, seed: int) -> DataLoader[Tensors]:
        """Batches to train on; at its best of similar length, and no wider than they must be."""
        if not self.at_best:
            return DataLoader(questions, size, shuffle=True)
        random = torch.Generator().manual_seed(seed)
        sampler = LengthGroupedSampler(size, lengths=questions.lengths.tolist(), generator=random)
        return DataLoader(questions, size, sampler=sampler, collate_fn=cut_padding)

    @torch.no_grad()
    def accuracy(self, model: RegionModel, questions: Questions) -> float:
        """Accuracy, 0..1; an answer outside the vocabulary is an error. At its best sorted by length."""
        model.eval()
        kept: dict[str, Any] = {}
        if self.at_best:
            kept = {"sampler": np.argsort(-questions.lengths, kind="stable").tolist(), "collate_fn": cut_padding}
        right = 0
        for batch in DataLoader(questions, SCORING_BATCH, **kept):
            *inputs, label = (one.to(device()) for one in batch)
            with torch.autocast(device().type, torch.bfloat16, enabled=self.at_best):
                right += int((model(*inputs).argmax(-1) == label).sum())
        return right / len(questions)

    def model(self, job: Job, questions: Questions) -> RegionModel:
        """A fresh model for the answers of the job's task."""
        task, card = read_card(job)
        text, answers = text_encoder(job, self.at_best), len(card["tasks"][task]["labels"])
        return RegionModel(text, questions.dim, answers, self.words).to(device())


class Questions(TorchDataset[Tensors]):
    """Questions with their images' regions, padded when they are asked for, and decoded then or, if `decoded`, before.

    An item is token ids int64 `[words]`, mask bool `[words + regions]`, features float32 `[regions, dim]`, boxes
    float32 `[regions, 5]` and the label.

    Raises:
        ParameterError: the job's task has no pictures.
    """

    def __init__(
        self, job: Job, rows: Sequence[int], split: str | None, words: int, regions: int, decoded: bool = False
    ) -> None:
        (task, card), table = read_card(job), table_of(job, rows, split)
        entry = card["tasks"][task].get("features")
        if not entry:
            raise ParameterError(f"{job.cache}: found a task without pictures, expected one with them")
        features = open_features(Path(entry["path"]), entry["sha256"])
        self.words, self.regions, self.dim = words, regions, features.vectors.shape[1]
        self.ids = [one[:words] for one in token_ids(table)]
        self.labels, self.images = labels_of(table), table["image"].to_pylist()
        self.store: dict[int, tuple[int, Any, Any]] = {}  # regions, vectors and boxes: base64, or arrays if decoded
        for image in set(self.images):
            place = features.regions(image)
            vectors, boxes = features.vectors[place].astype(np.float32), features.boxes[place][:, PLACE]
            encoded = base64.b64encode(vectors.tobytes()), base64.b64encode(boxes.tobytes())
            self.store[image] = len(vectors), *((vectors, boxes) if decoded else encoded)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Tensors:
        ids = self.ids[index]
        count, stored_vectors, stored_boxes = self.store[self.images[index]]
        count = min(count, self.regions)
        features, boxes = (np.zeros((self.regions, width), np.float32) for width in (self.dim, len(PLACE)))
        for padded, stored in ((features, stored_vectors), (boxes, stored_boxes)):
            decoded = stored
            if isinstance(stored, bytes):
                decoded = np.frombuffer(base64.b64decode(stored), np.float32).reshape(-1, padded.shape[1])
            padded[:count] = decoded[:count]
        words, mask = torch.ones(self.words, dtype=torch.long), torch.zeros(self.words + self.regions, dtype=torch.bool)
        words[: len(ids)] = torch.tensor(ids)
        mask[: len(ids)] = True
        mask[self.words : self.words + count] = True
        label = torch.tensor(int(self.labels[index]))
        return words, mask, torch.from_numpy(features), torch.from_numpy(boxes), label

    @property
    def lengths(self) -> np.ndarray:
        """Real tokens of every question, words and regions, int64 `[rows]`."""
        return np.array([len(ids) + count for ids, count in zip(self.ids, self._counts, strict=True)])

    @property
    def tokens(self) -> int:
        """Real tokens of all questions."""
        return int(self.lengths.sum())

    @property
    def region_count(self) -> int:
        """Regions that are read for all questions, padding left out."""
        return sum(self._counts)

    @property
    def _counts(self) -> list[int]:
        return [min(self.store[image][0], self.regions) for image in self.images]


class RegionModel(nn.Module):
    """An encoder over words and regions, and a classifier of two layers on its first state.

    Args:
        text: the encoder; `dim`: size of a region's vector; `answers`: how many there are.
        words: the position of the first region, however many words a batch has.
    """

    def __init__(self, text: PreTrainedModel, dim: int, answers: int, words: int) -> None:
        super().__init__()
        embeddings: Any = text.embeddings
        padding = embeddings.position_embeddings.padding_idx  # RoBERTa's family counts positions from behind it
        self.words, self.first_position = words, 0 if padding is None else padding + 1
        size = text.config.hidden_size
        self.text, self.feature, self.place = text, nn.Linear(dim, size), nn.Linear(len(PLACE), size)
        self.norm, self.dropout = nn.LayerNorm(size), nn.Dropout(text.config.hidden_dropout_prob)
        self.answer = nn.Sequential(
            nn.Linear(size, 2 * size), nn.GELU(), nn.LayerNorm(2 * size), nn.Linear(2 * size, answers)
        )

    def forward(self, words: Tensor, mask: Tensor, features: Tensor, boxes: Tensor) -> Tensor:
        """Logits float32 `[batch, answers]`; the arguments are a batch of `Questions`' items."""
        visual = self.dropout(self.norm(self.feature(features) + self.place(boxes)))
        embedded = torch.cat([self.text.get_input_embeddings()(words), visual], dim=1)
        places = torch.arange(mask.shape[1], device=mask.device)
        places[words.shape[1] :] += self.words - words.shape[1]
        states = self.text(
            inputs_embeds=embedded, attention_mask=mask.long(), position_ids=(self.first_position + places)[None]
        ).last_hidden_state
        logits: Tensor = self.answer(states[:, 0])
        return logits


VOLTA, AT_BEST = VqaScript(), VqaScript(at_best=True)


def cut_padding(rows: Sequence[Tensors]) -> list[Tensor]:
    """A batch of `Questions`' items without the words and regions that are padding in all of them."""
    words, mask, features, boxes, label = default_collate(list(rows))
    size = words.shape[1]
    longest, most = int(mask[:, :size].sum(1).max()), int(mask[:, size:].sum(1).max())
    mask = torch.cat([mask[:, :longest], mask[:, size : size + most]], dim=1)
    return [words[:, :longest], mask, features[:, :most], boxes[:, :most], label]


def _update(model: RegionModel, batch: Sequence[Tensor], optimizer: AdamW, schedule: LambdaLR, mixed: bool) -> Tensor:
    """Do one update, with `mixed` in bf16; return its loss."""
    *inputs, label = (one.to(device()) for one in batch)
    with torch.autocast(device().type, torch.bfloat16, enabled=mixed):
        logits = model(*inputs).float()
    loss = F.binary_cross_entropy_with_logits(logits, _targets(label, logits)) * logits.shape[1]
    loss.backward()
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    found: Tensor = loss.detach()
    return found


def _targets(label: Tensor, logits: Tensor) -> Tensor:
    """1 at the right answer, 0 elsewhere; all 0 where the answer is outside the vocabulary."""
    known = label >= 0
    targets = torch.zeros_like(logits)
    targets[known, label[known]] = 1.0
    return targets


def _cost(model: RegionModel) -> Cost:
    head = sum(weight.numel() for weight in model.answer.parameters() if weight.ndim > 1)
    region = model.feature.weight.numel() + model.place.weight.numel()
    return encoder_cost(model.text.config, head=head, region=region)
