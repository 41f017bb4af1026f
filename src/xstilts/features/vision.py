"""Image models behind one interface: vectors of crops, or the last feature map of whole images."""

from functools import cached_property
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
from xstilts.features.preprocess import Preprocessor, open_preprocessor, plain_preprocessor

LITE0 = "efficientnet-lite0"
LITE0_CONFIG = {"architecture": LITE0, "size": 224, "dim": DIM, "mean": [127.0] * 3, "std": [128.0] * 3}
_AGAIN = "delete it and run `dvc repro` to make it again"


class VisionEncoder(Protocol):
    """What the rest of the package knows about an image model.

    Attributes:
        dim: length of a vector.
        preprocessor: makes the pixels that `look` takes.
    """

    dim: int

    @property
    def preprocessor(self) -> Preprocessor:
        """How images are resized, cropped and normalised."""

    def embed(self, crops: Tensor) -> Tensor:
        """RGB crops, uint8 `[n, 3, s, s]` -> float32 `[n, dim]`, the mean of the last feature map."""

    def look(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pixels float32 `[n, 3, h, w]` -> the last feature map `[n, dim, rows, columns]`, without class and
        register tokens, and the vector `[n, dim]` by which the model itself sums an image up; both float32."""


class _Lite0Encoder:
    """EfficientNet-Lite0, with folded norms and channels last, which makes it fast on a CPU."""

    def __init__(self, model: EfficientNetLite0, config: dict[str, Any]) -> None:
        self.dim = int(config["dim"])
        self._config = config
        self._model = model.eval().fuse().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._mean, self._std = _channels(config["mean"]), _channels(config["std"])

    @cached_property
    def preprocessor(self) -> Preprocessor:
        return plain_preprocessor(self._config["size"], self._config["mean"], self._config["std"])

    def embed(self, crops: Tensor) -> Tensor:
        return self.look((crops.float() - self._mean) / self._std)[1]

    @torch.inference_mode()
    def look(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        seen: Tensor = self._model.features(pixels.contiguous(memory_format=torch.channels_last))
        return seen, seen.mean((2, 3))


class _HuggingFaceEncoder:
    """Any Hugging Face image model; the image tower of a two-tower model (CLIP, SigLIP).

    Args:
        pools: whether the model's own pooling (class token, attention or mean, with what follows) has trained weights.
    """

    def __init__(self, model: nn.Module, preprocessor: Preprocessor, pools: bool) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = getattr(model, "vision_model", model).eval().to(self._device)
        self.preprocessor, self._pools = preprocessor, pools
        self._mean, self._std = _channels(preprocessor.mean), _channels(preprocessor.std)
        self.dim = int(self.look(torch.zeros(1, 3, preprocessor.height, preprocessor.width))[1].shape[1])

    def embed(self, crops: Tensor) -> Tensor:
        size = self.preprocessor.height, self.preprocessor.width
        pixels = crops.float()
        if pixels.shape[-2:] != size:
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        return self.look((pixels - self._mean) / self._std)[0].mean((2, 3))

    @torch.inference_mode()
    def look(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"):
            output = self._model(pixel_values=pixels.to(self._device))
        states: Tensor = output.last_hidden_state.float().cpu()
        pooled = getattr(output, "pooler_output", None) if self._pools else None
        if states.ndim == 4:
            seen, whole = states, states.mean((2, 3))
        else:
            rows, columns = self._grid(pixels.shape[-2:])
            first = states.shape[1] - rows * columns  # class and register tokens stand before the patches
            seen = states[:, first:].transpose(1, 2).reshape(len(states), -1, rows, columns)
            whole = states[:, 0] if first else seen.mean((2, 3))
        return seen, whole if pooled is None else pooled.float().cpu().flatten(1)

    def _grid(self, size: torch.Size) -> tuple[int, int]:
        """Rows and columns of the map of an image; a hierarchical model halves them between its stages."""
        config: Any = self._model.config
        patch = config.patch_size if isinstance(config.patch_size, int) else config.patch_size[0]
        stride = patch * 2 ** (len(getattr(config, "depths", [0])) - 1)
        return size[0] // stride, size[1] // stride


def _channels(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)


def load_vision(directory: Path) -> VisionEncoder:
    """Open an image model that was saved in `directory`.

    Args:
        directory: `config.json` and `model.safetensors` of EfficientNet-Lite0, or those of a Hugging Face model and its
            `preprocessor_config.json`.

    Raises:
        DataError: the directory has no config or preprocessor, or its weights are broken or of another model.
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

    preprocessor = open_preprocessor(directory)
    safe: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
    try:
        model, report = AutoModel.from_pretrained(directory, dtype=torch.float32, output_loading_info=True, **safe)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(directory, None, _first_line(error), "a Hugging Face image model", _AGAIN) from None
    return _HuggingFaceEncoder(model, preprocessor, pools=not any("pooler" in name for name in report["missing_keys"]))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
