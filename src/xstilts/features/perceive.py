"""Perception of a set of images: which objects its pictures show, what they are called and what they are like.

In the embedded world the regions of the feature file are named by the public projector, which no task has trained.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from xstilts.base.cache import open_features
from xstilts.base.files import read_tensors
from xstilts.features.align import COLUMNS, WordSpace
from xstilts.features.public import read_pictures
from xstilts.programs.scene import Box, Scene, Scores, Thing, write_scenes

KEPT, LEAST = 5, 0.01  # names of an object and as many attributes, at most; what is less likely is left out
SHARPNESS = 20.0  # of the softmax over cosines; a name that is ahead by 0.1 is then 7 times as likely


class Projector:
    """Names regions by the public projector.

    Args:
        names: the folder of pictures with English names; its names and colours are all that can be recognised.
        public: phase 0.

    Attributes:
        phrases: the names and the attributes, sorted.
    """

    def __init__(self, names: Path, public: Path) -> None:
        pictures, words = read_pictures(names / "names.json"), WordSpace(public / "encoder")
        self.phrases = sorted({one.name for one in pictures}), sorted({one.colour for one in pictures})
        self._alignment = read_tensors(public / "alignment.safetensors", load_file)
        self._embeddings = [words.phrases(some) for some in self.phrases]

    def scene(self, image: str, vectors: Tensor, boxes: np.ndarray) -> Scene:
        """What one image shows.

        Args:
            vectors: of its regions, float32 `[regions, dim]`.
            boxes: float32 `[regions, 7]`, see `xstilts.base.cache.Features`.
        """
        columns = zip(COLUMNS, self._embeddings, strict=True)
        scores = [likelihoods(vectors, self._alignment, column, names) for column, names in columns]
        things = []
        for place, box in enumerate(boxes):
            names, attributes = (best(some, chance[place]) for some, chance in zip(self.phrases, scores, strict=True))
            things.append(Thing(str(place), names, attributes, Box(*map(float, box[:4]))))
        return Scene(image, tuple(things))


def perceive_regions(features: Path, names: Path, public: Path, out: Path) -> None:
    """Name the regions of a feature file by the public projector, and write them as scenes.

    Args:
        features: of the set of images.
        names, public: those of `Projector`.
        out: `data/perception/<set>`, see `xstilts.programs.scene`.
    """
    projector, found = Projector(names, public), open_features(features)
    scenes = []
    for number, image in enumerate(found.images):
        where = found.regions(number)
        vectors = torch.from_numpy(found.vectors[where].astype(np.float32))
        scenes.append(projector.scene(image, vectors, found.boxes[where]))
    nouns, attributes = projector.phrases
    write_scenes(out, scenes, {"perception": "projector", "names": nouns, "attributes": attributes})


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


def best(phrases: Sequence[str], chances: Tensor) -> Scores:
    """The likeliest phrases with their scores, the likeliest first; the very best in any case."""
    top = chances.topk(min(KEPT, len(phrases)))
    pairs = list(zip(top.indices.tolist(), top.values.tolist(), strict=True))
    return {phrases[at]: round(score, 4) for at, score in pairs[:1] + [one for one in pairs[1:] if one[1] >= LEAST]}
