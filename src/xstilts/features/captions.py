"""Phase 0 on captions: one space for photographs and the encoder's sentences, learned from English captions alone.

Image model and text encoder stay as they are ("locked", Zhai et al. 2022); what is learned are a map of two layers from
the image model's vectors and a linear one from the encoder's sentence vectors. The loss is CLIP's, symmetric over a
batch (Radford et al. 2021), in which every caption stands beside the one that reads most like it and belongs to another
photograph, and the matching loss of each caption with these two photographs (Li et al. 2021, ALBEF).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.base.cache import image_id
from xstilts.base.images import ImageSource
from xstilts.base.machine import processors
from xstilts.base.threads import one_thread_per_operation, workers
from xstilts.features.align import WordSpace, fit
from xstilts.features.patches import look
from xstilts.features.sentences import sentence_vectors
from xstilts.features.settings import FeatureSettings
from xstilts.features.vision import load_vision
from xstilts.tasks import read_split
from xstilts.tasks.examples import MatchingExample
from xstilts.tasks.schema import load_task
from xstilts.tasks.similar import similar_images

INNER, JOINT = 512, 256  # sizes of the image map's hidden layer, and of the shared space
EPOCHS, BATCH, RATE, DECAY, WARMUP = 3, 256, 1.0e-3, 0.05, 0.1
DROPOUT = {"image": 0.3, "text": 0.1}
SEED = 0
FEWEST = 5  # captions that must have a word before it is a word for what images show


@dataclass(frozen=True)
class Pairs:
    """Captions and photographs as vectors.

    Attributes:
        wholes: of each photograph, float32 `[photographs, dim]`.
        sentences: of each caption, float32 `[captions, hidden]`.
        image: each caption's photograph, int64 `[captions]`.
        other: the photograph whose captions read most like it, int64 `[captions]`.
    """

    wholes: Tensor
    sentences: Tensor
    image: Tensor
    other: Tensor
    texts: Sequence[str]


class Maps(nn.Module):
    """The two maps, and the factor and offset that make a cosine a logit."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Linear(dim, INNER), nn.GELU(), nn.Linear(INNER, JOINT))
        self.text = nn.Linear(hidden, JOINT)
        self.scale, self.offset = nn.Parameter(torch.tensor(3.0)), nn.Parameter(torch.tensor(0.0))

    def seen(self, vectors: Tensor) -> Tensor:
        """Standardised image vectors in the shared space, `[n, JOINT]`, of length 1; with dropout in training."""
        first, activation, last = self.image
        drop = DROPOUT["image"]
        inner = activation(first(F.dropout(vectors, drop, self.training)))
        return F.normalize(last(F.dropout(inner, drop, self.training)), dim=-1)

    def said(self, vectors: Tensor) -> Tensor:
        """Centred sentence vectors of length 1 likewise."""
        return F.normalize(self.text(F.dropout(vectors, DROPOUT["text"], self.training)), dim=-1)


@one_thread_per_operation()  # so that the bytes do not depend on the number of processors
def align_captions(task: str, raw: Path, public: Path, settings: FeatureSettings) -> dict[str, Any]:
    """Write alignment.safetensors into `public`, which has `encoder` and `vision` already.

    Args:
        task: a matching task; its English training captions are learned from, its dev captions are held out.
        raw: its raw data.

    Returns:
        Sizes, cost and curve, and how well held-out captions find their photographs.

    Raises:
        XstiltsError: a file, a picture or a model is missing or broken.
    """
    train, dev = (_pairs(task, split, raw, public, settings) for split in ("train", "dev"))
    mean, std = train.wholes.mean(0), train.wholes.std(0).clamp_min(1e-3)
    centre = train.sentences.mean(0)
    learned, held = (
        replace(one, wholes=(one.wholes - mean) / std, sentences=F.normalize(one.sentences - centre, dim=-1))
        for one in (train, dev)
    )
    maps, curve = _learn(learned, held)
    words = WordSpace(public / "encoder")
    tensors = {name: tensor.contiguous() for name, tensor in maps.state_dict().items()}
    tensors |= {"mean": mean, "std": std, "centre": centre}
    tensors |= _to_words(maps, words, train.texts, public / "encoder", centre)
    save_file(tensors, public / "alignment.safetensors")
    trained = sum(weight.numel() for weight in maps.parameters())
    cost = {"photographs": len(train.wholes), "captions": len(train.texts), "epochs": EPOCHS, "weights": trained}
    found = {"captions": task, "cost": cost, "held_out_captions": len(dev.texts), "held_out": curve[-1], "curve": curve}
    return {"hidden": words.hidden, "dim": len(mean), "alignment": found}


def _pairs(task: str, split: str, raw: Path, public: Path, settings: FeatureSettings) -> Pairs:
    spec = load_task(task)
    examples = [one for one in read_split(spec, split, raw).examples if isinstance(one, MatchingExample)]
    texts, names = [one.text for one in examples], sorted({one.image for one in examples})
    place = {name: row for row, name in enumerate(names)}
    others = similar_images(texts, [one.image for one in examples], 1)
    return Pairs(
        wholes=_wholes(raw / "images.zip", names, public / "vision", settings),
        sentences=sentence_vectors(public / "encoder", texts),
        image=torch.tensor([place[one.image] for one in examples]),
        other=torch.tensor([place[other] for (other,) in others]),
        texts=texts,
    )


def _wholes(images: Path, names: Sequence[str], vision: Path, settings: FeatureSettings) -> Tensor:
    """The vectors by which the image model sums photographs up, float32 `[names, dim]`."""
    source, model = ImageSource(images), load_vision(vision)
    parts = [names[at : at + settings.batch] for at in range(0, len(names), settings.batch)]

    def one(part: Sequence[str]) -> Tensor:
        boxes, vectors = look([source.read(image_id(name)) for name in part], model, 1, settings.aspect)
        firsts = torch.tensor([0, *(len(own) for own in boxes[:-1])]).cumsum(0)
        return vectors[firsts]

    with workers(processors()) as pool:
        return torch.cat(list(pool.map(one, parts)))


def _learn(train: Pairs, dev: Pairs) -> tuple[Maps, list[dict[str, float]]]:
    """The maps after the last epoch, and how they did on held-out captions on the way."""
    torch.manual_seed(SEED)
    maps, curve = Maps(train.wholes.shape[1], train.sentences.shape[1]), []
    batches = -(-len(train.texts) // BATCH)
    optimizer = torch.optim.AdamW(maps.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, EPOCHS * batches, pct_start=WARMUP)
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for rows in torch.randperm(len(train.texts)).tensor_split(batches):
            loss = _loss(maps, train, rows)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        curve.append({"epoch": epoch, "loss": round(fmean(losses), 4), **held_out(maps, dev)})
    calibrate(maps.eval(), dev)
    return maps, curve


def _loss(maps: Maps, pairs: Pairs, rows: Tensor) -> Tensor:
    """Both directions' cross-entropies, and the binary one of every caption with its own and the other photograph."""
    own, other = pairs.image[rows], pairs.other[rows]
    shown, columns = torch.unique(torch.cat([own, other]), return_inverse=True)
    cosines = maps.said(pairs.sentences[rows]) @ maps.seen(pairs.wholes[shown]).T
    logits, right = cosines * maps.scale.exp(), columns[: len(rows)]
    to_image = F.cross_entropy(logits, right)
    is_own = (own[:, None] == shown).float()
    described = is_own.sum(0) > 0  # the other photographs' own captions are not in the batch
    to_text = -(is_own * logits.log_softmax(0)).sum(0)[described] / is_own.sum(0)[described]
    place = torch.arange(len(rows))
    pair = torch.stack([logits[place, right], logits[place, columns[len(rows) :]]], dim=1) + maps.offset
    matching = F.binary_cross_entropy_with_logits(pair, torch.tensor([1.0, 0.0]).expand_as(pair))
    loss: Tensor = to_image + to_text.mean() + matching
    return loss


def calibrate(maps: Maps, dev: Pairs) -> None:
    """Fit factor and offset to held-out captions, each with its own and the other photograph (Platt 1999).

    Training pairs lie nearer to each other than pairs that the maps did not learn from: by them, nothing else matches.
    """
    with torch.no_grad():
        said, seen = maps.said(dev.sentences), maps.seen(dev.wholes)
        cosines = torch.cat([(said * seen[image]).sum(1) for image in (dev.image, dev.other)])
    gold = torch.cat([torch.ones(len(said)), torch.zeros(len(said))])
    optimizer = torch.optim.LBFGS([maps.scale, maps.offset], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        found = F.binary_cross_entropy_with_logits(maps.scale.exp() * cosines + maps.offset, gold)
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)  # type: ignore[no-untyped-call]


@torch.no_grad()
def held_out(maps: Maps, dev: Pairs) -> dict[str, float]:
    """Of held-out captions: `pairwise_accuracy`, how many fit their own photograph better than the one whose captions
    read most like them, and recall at 1 and 10 of their photographs among all that were held out."""
    maps.eval()
    cosines = maps.said(dev.sentences) @ maps.seen(dev.wholes).T
    own = cosines.gather(1, dev.image[:, None])
    better = (cosines > own).sum(1)
    found = {"pairwise_accuracy": (own > cosines.gather(1, dev.other[:, None])).double().mean().item()}
    found |= {f"recall_at_{cutoff}": (better < cutoff).double().mean().item() for cutoff in (1, 10)}
    maps.train()
    return {name: round(value, 4) for name, value in found.items()}


def _to_words(maps: Maps, words: WordSpace, texts: Sequence[str], encoder: Path, centre: Tensor) -> dict[str, Tensor]:
    """The map from the shared space to word embeddings: in closed form, of the words that captions use.

    What lies where the sentence "dog" does becomes a token like the word "dog".
    """
    counts = Counter(word for text in texts for word in set(re.findall(r"\w+", text.lower())))
    chosen = sorted(word for word, count in counts.items() if count >= FEWEST)
    with torch.no_grad():
        said = maps.said(F.normalize(sentence_vectors(encoder, chosen) - centre, dim=-1))
    fitted = fit(said, words.phrases(chosen))
    weight = fitted.weight / fitted.std
    return {"word.weight": weight, "word.bias": fitted.bias - weight @ fitted.mean}
