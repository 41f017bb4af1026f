"""Checkpoints hold what differs from the public encoder, so an untouched embedding matrix is never stored twice.

A checkpoint is a directory: `checkpoint.json` (tasks' cards, how it was trained) and `model.safetensors` (the heads and
those weights of the encoder that this phase or an earlier one trained). An empty one (route `none`) is the public
encoder itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from xstilts.cache import read_json, write_json
from xstilts.errors import DataError
from xstilts.model.encoder import MultimodalEncoder, load_public
from xstilts.model.multitask import MultitaskModel

FILE, CARD = "model.safetensors", "checkpoint.json"


def trained_weights(model: MultitaskModel) -> dict[str, Tensor]:
    """Copies on the CPU of the weights a checkpoint must hold: all that this phase or an earlier one trained."""
    earlier = {f"encoder.{name}" for name in model.encoder.differing}
    kept = {name: p for name, p in model.named_parameters() if p.requires_grad or name in earlier}
    return {name: p.detach().to("cpu", copy=True).contiguous() for name, p in kept.items()}


def save_checkpoint(directory: Path, weights: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Write weights (see `trained_weights`) and card into an existing, empty directory."""
    save_file(weights, directory / FILE)
    write_json(directory / CARD, card)


def read_card(directory: Path) -> dict[str, Any]:
    """The card of a checkpoint."""
    card: dict[str, Any] = read_json(directory / CARD)
    return card


def read_weights(directory: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint; `DataError` naming the file when it is missing or damaged."""
    path = directory / FILE
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        todo = "run `dvc repro` again"
        raise DataError(path, None, f"an unreadable file ({error})", "whole safetensors", todo) from None


def load_encoder(public: Path, checkpoint: Path | None = None) -> MultimodalEncoder:
    """The public encoder with a checkpoint's encoder weights laid over it; heads are left behind."""
    encoder = load_public(public)
    if checkpoint is not None:
        weights = read_weights(checkpoint)
        own = {k.removeprefix("encoder."): w for k, w in weights.items() if k.startswith("encoder.")}
        _lay_over(encoder, own, checkpoint)
        encoder.differing = set(own)
    return encoder


def load_model(public: Path, checkpoint: Path) -> MultitaskModel:
    """A trained model with its heads, in evaluation mode."""
    model = MultitaskModel(load_public(public), read_card(checkpoint)["tasks"])
    _lay_over(model, read_weights(checkpoint), checkpoint)
    return model.eval()


def _lay_over(module: torch.nn.Module, weights: dict[str, Tensor], origin: Path) -> None:
    unexpected = module.load_state_dict(weights, strict=False).unexpected_keys
    if unexpected:
        found = f"weights of another model ({unexpected[0]}, {len(unexpected)} in all)"
        raise DataError(origin / FILE, None, found, "weights of this encoder", "run `dvc repro` again")
