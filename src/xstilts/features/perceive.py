"""Perception of a set of images: which objects its pictures show, what they are called and what they are like.

In the embedded world the regions of the feature file are named by the public projector, which no task has trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from xstilts.base.cache import Features, open_features
from xstilts.base.files import read_tensors
from xstilts.features.align import COLUMNS, WordSpace
from xstilts.features.public import read_pictures
from xstilts.programs.scene import Box, Scene, Scores, Thing, write_scenes

KEPT, LEAST = 5, 0.01  # names of an object and as many attributes, at most; what is less likely is left out
SHARPNESS = 20.0  # of the softmax over cosines; a name that is ahead by 0.1 is then 7 times as likely


def perceive_regions(features: Path, names: Path, public: Path, out: Path) -> None:
    """Name the regions of a feature file by the public projector, and write them as scenes.

    Args:
        features: of the set of images.
        names: the folder of pictures with English names; its names and colours are all that can be recognised.
        public: phase 0.
        out: `data/perception/<set>`, see `xstilts.programs.scene`.

    Raises:
        DataError: a file is missing or damaged.
    """
    pictures, words = read_pictures(names / "names.json"), WordSpace(public / "encoder")
    phrases = sorted({one.name for one in pictures}), sorted({one.colour for one in pictures})
    found = open_features(features)
    vectors = torch.from_numpy(found.vectors.astype("float32"))
    alignment = read_tensors(public / "alignment.safetensors", load_file)
    scores = [
        likelihoods(vectors, alignment, column, words.phrases(some))
        for column, some in zip(COLUMNS, phrases, strict=True)
    ]
    card = {"perception": "projector", "names": phrases[0], "attributes": phrases[1]}
    write_scenes(out, _scenes(found, phrases, scores), card)


def likelihoods(vectors: Tensor, alignment: dict[str, Tensor], column: str, names: Tensor) -> Tensor:
    """How likely each phrase names each region: float32 `[regions, phrases]`, rows sum to 1.

    The likeliest is that of `align.recognise`: the nearest by cosine in word space, both sides centred.

    Args:
        vectors: of the regions, float32 `[regions, dim]`.
        alignment: the tensors of alignment.safetensors.
        column: `object` or `attribute`.
        names: embeddings of the phrases, `[phrases, hidden]`.
    """
    standardised = (vectors - alignment["feature.mean"]) / alignment["feature.std"]
    content = standardised @ alignment[f"{column}.weight"].T
    cosines = F.normalize(content, dim=-1) @ F.normalize(names - names.mean(0), dim=-1).T
    return (SHARPNESS * cosines).softmax(-1)


def _scenes(found: Features, phrases: Sequence[Sequence[str]], scores: Sequence[Tensor]) -> Iterator[Scene]:
    for number, image in enumerate(found.images):
        things = []
        for place, row in enumerate(range(len(found.boxes))[found.regions(number)]):
            names, attributes = (best(some, chance[row]) for some, chance in zip(phrases, scores, strict=True))
            things.append(Thing(str(place), names, attributes, Box(*map(float, found.boxes[row, :4]))))
        yield Scene(image, tuple(things))


def best(phrases: Sequence[str], chances: Tensor) -> Scores:
    """The likeliest phrases with their scores, the likeliest first; the very best in any case."""
    top = chances.topk(min(KEPT, len(phrases)))
    pairs = list(zip(top.indices.tolist(), top.values.tolist(), strict=True))
    return {phrases[at]: round(score, 4) for at, score in pairs[:1] + [one for one in pairs[1:] if one[1] >= LEAST]}
