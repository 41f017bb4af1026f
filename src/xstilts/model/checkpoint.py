"""Checkpoints hold what differs from the public encoder, so an untouched embedding matrix is never stored twice.

A checkpoint is a directory: `checkpoint.json` (the tasks' cards, how it was trained, and in phase 2 what phase 1 was)
and `model.safetensors` (the tasks' heads and feature maps, and those weights of the encoder that this phase or an
earlier one trained). An empty one (route `none`) is the public encoder itself. Adapters are merged into their matrices,
which are stored whole.

Trained word embeddings are two tensors, with only the rows that differ from the public encoder's: `<name>.rows`, int64
`[rows]`, their token ids in ascending order, and `<name>.values`, float32 `[rows, hidden]`. The whole matrix, as
`<name>`, can be read as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from xstilts.base.errors import DataError
from xstilts.base.files import read_object, read_tensors, write_json
from xstilts.model.encoder import MultimodalEncoder, load_public
from xstilts.model.multitask import MultitaskModel
from xstilts.model.sharding import gathered_whole
from xstilts.model.tuning import has_adapters, merge_adapters
from xstilts.model.vocabulary import ROWS, VALUES, as_rows, kept_ids, lay_rows

FILE, CARD = "model.safetensors", "checkpoint.json"
DECODER = "decoder"  # a key of the card of a checkpoint that holds the adapters of a decoder in place of weights
ENCODER, OF_TASKS = "encoder.", ("heads.", "inputs.")  # how the names of weights begin


def kept_weights(model: MultitaskModel) -> dict[str, nn.Parameter]:
    """The weights a checkpoint must hold: all that this phase or an earlier one trained, and all of the heads."""
    earlier = {f"{ENCODER}{name}" for name in model.encoder.differing}
    return {
        name: weight
        for name, weight in model.named_parameters()
        if weight.requires_grad or name in earlier or name.startswith(OF_TASKS)
    }


def trained_weights(model: MultitaskModel, keep: bool = True) -> dict[str, Tensor]:
    """Copies of these on the CPU, whole.

    Args:
        keep: whether this process wants sharded layers; else it gets empty ones, but must call this as well.
    """
    found = {name: gathered_whole(weight, keep) for name, weight in kept_weights(model).items()}
    return {name: weight.to("cpu", copy=True).contiguous() for name, weight in found.items()}


def checkpoint_weights(weights: dict[str, Tensor], model: MultitaskModel, public: Path) -> dict[str, Tensor]:
    """A run's weights as a checkpoint has them: adapters merged, word embeddings as the rows that differ from phase 0.

    Args:
        weights: the run's, see `trained_weights`.
        model: the one that the run trained; if it has adapters, it becomes the merged model with these weights.
    """
    if has_adapters(model.encoder):
        model.load_state_dict(weights, strict=False)
        merge_adapters(model.encoder)
        weights = trained_weights(model)
    name = f"{ENCODER}{model.encoder.words_name}"
    if name not in weights:
        return weights
    return as_rows(weights, name, kept_ids(model.encoder.words), load_public(public).words.weight.detach())


def save_checkpoint(directory: Path, weights: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Write weights (see `trained_weights`) and card into an existing, empty directory."""
    save_file(weights, directory / FILE)
    write_json(directory / CARD, card)


def read_card(directory: Path) -> dict[str, Any]:
    """The card of a checkpoint."""
    return read_object(directory / CARD, "tasks")


def read_weights(directory: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint; `DataError` naming the file when it is missing or damaged, or a decoder's."""
    if not (directory / FILE).exists() and (directory / CARD).is_file() and DECODER in read_card(directory):
        todo = "its answers are in the predictions.arrow of the cell, and peft opens its adapters"
        raise DataError(directory, None, "the checkpoint of a decoder", "one of an encoder", todo)
    return read_tensors(directory / FILE, load_file)


def encoder_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a checkpoint with which the next phase starts: what belongs to tasks is left out."""
    return {name: weight for name, weight in weights.items() if not name.startswith(OF_TASKS)}


def load_encoder(
    public: Path, checkpoint: Path | None = None, token_ids: np.ndarray | None = None
) -> MultimodalEncoder:
    """The public encoder with a checkpoint's encoder weights in place of its own; what belongs to tasks is left out.

    Args:
        token_ids: int64, the only ones that it will read; None: any. See `xstilts.model.vocabulary`.
    """
    encoder = load_public(public)
    if checkpoint is not None:
        weights = encoder_weights(read_weights(checkpoint))
        for name in weights:
            if not name.startswith(ENCODER):
                raise _foreign(checkpoint, name)
        own = {name.removeprefix(ENCODER): weight for name, weight in weights.items()}
        encoder.changed_rows = _lay_over(encoder, own, encoder.words_name, checkpoint).numpy()
        encoder.differing = _names(own)
    if token_ids is not None:
        encoder.keep_rows(token_ids)
    return encoder


def load_model(public: Path, checkpoint: Path, token_ids: np.ndarray | None = None) -> MultitaskModel:
    """A trained model with the heads and feature maps of its tasks, in evaluation mode.

    Args:
        token_ids: int64, the only ones that it will read; None: any. See `xstilts.model.vocabulary`.
    """
    model = MultitaskModel(load_public(public), read_card(checkpoint)["tasks"])
    weights = read_weights(checkpoint)
    for name, _ in model.named_parameters():
        if name.startswith(OF_TASKS) and name not in weights:
            todo = "run `dvc repro` again"
            raise DataError(checkpoint / FILE, None, f"no {name}", "the heads of its card's tasks", todo)
    _lay_over(model, weights, ENCODER + model.encoder.words_name, checkpoint)
    model.encoder.differing = {name.removeprefix(ENCODER) for name in _names(encoder_weights(weights))}
    if token_ids is not None:
        model.encoder.keep_rows(token_ids)
    return model.eval()


def _names(weights: dict[str, Tensor]) -> set[str]:
    """The names of a checkpoint's weights as a module has them: word embeddings have two parts in a checkpoint."""
    return {name.removesuffix(ROWS).removesuffix(VALUES) for name in weights}


def _lay_over(module: torch.nn.Module, weights: dict[str, Tensor], words: str, origin: Path) -> Tensor:
    """Replace a module's weights by others; `DataError` at a name or shape that it does not have.

    Args:
        words: the name of the word embeddings, which are whole in the module.

    Returns:
        The ids of the word embeddings that were changed, int64 `[rows]`.
    """
    own = dict(module.named_parameters())
    try:
        others, changed = lay_rows(weights, words, own[words])
    except ValueError as error:
        raise _foreign(origin, str(error)) from None
    for name, weight in others.items():
        if name not in own or own[name].shape != weight.shape:
            raise _foreign(origin, f"{name} {list(weight.shape)}")
    module.load_state_dict(others, strict=False)
    return changed


def _foreign(origin: Path, example: str) -> DataError:
    found, expected = f"weights of another model, such as {example}", "weights of this encoder"
    return DataError(origin / FILE, None, found, expected, "run `dvc repro` again")
