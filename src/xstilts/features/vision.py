"""Vision encoders behind one interface: crops in, one vector per crop out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.features.efficientnet import DIM, EfficientNetLite0

LITE0 = "efficientnet-lite0"
LITE0_CONFIG = {"architecture": LITE0, "size": 224, "dim": DIM, "mean": [127.0] * 3, "std": [128.0] * 3}


class VisionEncoder(Protocol):
    """What the rest of the package knows about an image model."""

    @property
    def dim(self) -> int:
        """Length of a crop's vector."""

    def embed(self, crops: Tensor) -> Tensor:
        """RGB crops, uint8 `[n, 3, s, s]` -> float32 `[n, dim]`, the mean of the last feature map."""


class _Lite0Encoder:
    """EfficientNet-Lite0, with folded norms and channels last, which makes it fast on a CPU."""

    def __init__(self, model: EfficientNetLite0, config: dict[str, Any]) -> None:
        self.dim = int(config["dim"])
        self._model = model.eval().fuse().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._mean, self._std = _channels(config["mean"]), _channels(config["std"])

    @torch.inference_mode()
    def embed(self, crops: Tensor) -> Tensor:
        pixels = (crops.float() - self._mean) / self._std
        channels_last = pixels.contiguous(memory_format=torch.channels_last)
        vectors: Tensor = self._model.features(channels_last).mean((2, 3))
        return vectors


class _HuggingFaceEncoder:
    """Any Hugging Face image model; the image tower of a two-tower model (CLIP, SigLIP)."""

    def __init__(self, model: nn.Module, size: int | None, mean: list[float], std: list[float]) -> None:
        self._model = getattr(model, "vision_model", model).eval()
        self._size = size
        self._mean, self._std = _channels(mean) * 255, _channels(std) * 255
        self.dim = int(self.embed(torch.zeros(1, 3, size or 224, size or 224, dtype=torch.uint8)).shape[1])

    @torch.inference_mode()
    def embed(self, crops: Tensor) -> Tensor:
        pixels = crops.float()
        if self._size is not None and pixels.shape[-1] != self._size:
            pixels = F.interpolate(pixels, (self._size, self._size), mode="bilinear", antialias=True)
        states: Tensor = self._model(pixel_values=(pixels - self._mean) / self._std).last_hidden_state
        return states.mean((2, 3)) if states.ndim == 4 else states.mean(1)


def _channels(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)


def load_vision(directory: Path) -> VisionEncoder:
    """Open an image model that was saved in `directory`.

    Args:
        directory: `config.json` and `model.safetensors`, of EfficientNet-Lite0 or of a Hugging Face model.

    Raises:
        DataError: the directory has no config, or its weights are broken or of another model.
    """
    config = read_json(directory / "config.json")
    if config.get("architecture") == LITE0:
        return _open_lite0(directory, config)
    return _open_hugging_face(directory)


def vision_name(directory: Path) -> str:
    """The name of a saved image model, for cards."""
    config = read_json(directory / "config.json")
    return str(config.get("architecture") or config.get("_name_or_path") or config["model_type"])


def _open_lite0(directory: Path, config: dict[str, Any]) -> VisionEncoder:
    path, model = directory / "model.safetensors", EfficientNetLite0()
    try:
        model.load_state_dict(load_file(path), strict=True)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise DataError(path, None, _first_line(error), f"the weights of {LITE0}", _AGAIN) from None
    return _Lite0Encoder(model, config)


def _open_hugging_face(directory: Path) -> VisionEncoder:
    from transformers import AutoModel  # slow to import, and the default model does not need it

    try:
        safe: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
        model = AutoModel.from_pretrained(directory, dtype=torch.float32, **safe)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(directory, None, _first_line(error), "a Hugging Face image model", _AGAIN) from None
    size = getattr(getattr(model.config, "vision_config", model.config), "image_size", None)
    mean, std = _normalisation(directory)
    return _HuggingFaceEncoder(model, size, mean, std)


def _normalisation(directory: Path) -> tuple[list[float], list[float]]:
    """Mean and deviation of pixels in 0..1 from preprocessor_config.json; 0.5 where it has none."""
    path = directory / "preprocessor_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return settings.get("image_mean", [0.5] * 3), settings.get("image_std", [0.5] * 3)


_AGAIN = "delete it and run `dvc repro` to make it again"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
