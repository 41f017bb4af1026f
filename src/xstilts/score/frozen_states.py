"""States behind the layers that no phase trained, kept on disk: cells that have these layers in common share them.

With `frozen_layers: 4` every route and seed starts from the same embeddings, visual prefix and four layers, so what
these make of a test row is the same in every cell of an encoder and a target. It is computed for the first cell, and
read for the others, if the environment variable `XSTILTS_STATES_GB` says how much disk it may take.

Rounding depends on the batch that a row is in. Scoring cuts the same batches for every cell, so the answers are the
same to the bit. Training cuts others in every epoch and for every seed: there nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from xstilts.base.errors import ParameterError
from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples

LIMIT = "XSTILTS_STATES_GB"  # environment variable: disk that kept states may take, in gigabytes; 0 or unset: none
FOLDER = Path("scratch/states")  # not an output, and not in git
GB = 10**9


@contextmanager
def frozen_states(
    model: MultitaskModel, examples: Examples, batches: Sequence[np.ndarray], settings: ScoreSettings, title: str
) -> Iterator[None]:
    """Within the block, batches are read from behind the frozen layers if these are known, and else kept at its end.

    Nothing is kept on a GPU, nor where states of texts are remembered already (`score: {centre: language}`), nor where
    there is not enough room, which a message on stderr says.

    Args:
        batches: the rows of every batch, each once.
    """
    limit, layers = _limit(), untrained_layers(model, set(examples.tasks))
    on_cpu = model.encoder.text.device.type == "cpu"
    if not (limit and layers and batches and on_cpu) or model.kept is not None:
        yield
        return
    path = FOLDER / f"{_identity(model, examples, batches, settings, layers)}.safetensors"
    states = FrozenStates(model, layers, path)
    try:
        first = model.encoder.ready(examples.batch(batches[0]))
        if states.same_as_computed(first, settings.precision) or states.has_room(examples, batches, limit, title):
            yield
            states.write()
        else:
            states.leave()
            yield
    finally:
        states.leave()


def untrained_layers(model: MultitaskModel, tasks: set[str]) -> int:
    """How many layers, from the input on, are those of phase 0, with all that comes before them.

    0 where embeddings or visual prefix were trained, or where a task's own map reads the features first.
    """
    encoder = model.encoder
    places = {id(weight): place for place, layer in enumerate(encoder.layers) for weight in layer.parameters()}
    trained = [places.get(id(weight), 0) for name, weight in encoder.named_parameters() if name in encoder.differing]
    return 0 if tasks & set(model.inputs) else min(trained, default=len(encoder.layers))


class FrozenStates:
    """The states of every batch behind some layers: read from a file if it is there, else noted for it.

    Args:
        layers: how many, from the input on.
        path: the file, one tensor per batch, `[sequences, tokens, hidden]` as the encoder computes it.
    """

    def __init__(self, model: MultitaskModel, layers: int, path: Path) -> None:
        self.model, self.skipped, self.path = model, list(model.encoder.layers)[:layers], path
        self.known = _opened(path)
        self.noted: dict[str, Tensor] = {}
        self.now = threading.local()  # a thread's batch
        encoder, last = model.encoder, self.skipped[-1]
        self.hooks = [encoder.register_forward_pre_hook(self._begin), last.register_forward_hook(self._behind)]

    def same_as_computed(self, batch: Batch, precision: str) -> bool:
        """Whether the file has the states of a batch as this machine computes them; layers are skipped from then on.

        Otherwise the file is not used.
        """
        if self.known is None:
            return False
        known, self.known = self.known, None
        computed = self._read(batch, precision)
        self.known, self.noted = known, {}
        self._skip()
        try:
            if torch.equal(self._read(batch, precision), computed):
                return True
        except SafetensorError:  # of other batches
            pass
        self._compute()
        self.known = None
        return False

    def has_room(self, examples: Examples, batches: Sequence[np.ndarray], limit: float, title: str) -> bool:
        """Whether the states fit beside those that are kept already; says how much they take."""
        text, visual = examples.text_lengths, examples.visual_lengths
        tokens = sum(len(rows) * int(text[rows].max() + visual[rows].max()) for rows in batches)
        size = tokens * self.model.encoder.hidden * torch.float32.itemsize
        taken = sum(one.stat().st_size for one in FOLDER.glob("*.safetensors") if one != self.path)
        fits = size + taken <= limit
        said = f"at most {size / GB:.2f} GB in {FOLDER}" if fits else f"{size / GB:.2f} GB, so they are not kept"
        free = f"{max(limit - taken, 0) / GB:.2f} GB of {LIMIT} are free"
        print(f"{title}: states behind {len(self.skipped)} frozen layers take {said}; {free}", file=sys.stderr)
        return fits

    def write(self) -> None:
        """Write what was noted, whole or not at all."""
        if self.noted:
            FOLDER.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix(f".{os.getpid()}.part")
            save_file(self.noted, draft)
            draft.replace(self.path)

    def leave(self) -> None:
        """Let the encoder be as it was."""
        self._compute()
        for hook in self.hooks:
            hook.remove()

    def _read(self, batch: Batch, precision: str) -> Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            return self.model.encode(batch).hidden

    def _begin(self, encoder: nn.Module, inputs: tuple[Batch]) -> None:
        """Note which batch is read: its first row, with its pictures or (as matching does, too) without."""
        (batch,) = inputs
        self.now.batch = f"{batch.rows[0]} {batch.features.shape[1]}"

    def _behind(self, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
        """Give the known states in place of the last skipped layer's output, or note that."""
        if self.known is not None:
            known: Tensor = self.known.get_tensor(self.now.batch)
            return known
        if isinstance(output, Tensor):  # a few encoders return several things: theirs are not kept
            self.noted[self.now.batch] = output
        return None

    def _skip(self) -> None:
        for layer in self.skipped:
            layer.forward = _unchanged

    def _compute(self) -> None:
        for layer in self.skipped:
            vars(layer).pop("forward", None)


def _unchanged(hidden: Tensor, *_: Any, **__: Any) -> Tensor:
    return hidden


def _opened(path: Path) -> Any:
    """The file's tensors; None where there is none, or a broken one."""
    try:
        return safe_open(path, "pt") if path.exists() else None
    except (SafetensorError, OSError):
        return None


def _limit() -> float:
    """Bytes that may be kept."""
    text = os.environ.get(LIMIT, "0")
    try:
        return float(text) * GB
    except ValueError:
        expected = "a number of gigabytes, such as 2"
        raise ParameterError(f"environment variable {LIMIT}: found '{text}', expected {expected}") from None


def _identity(
    model: MultitaskModel, examples: Examples, batches: Sequence[np.ndarray], settings: ScoreSettings, layers: int
) -> str:
    """A hash of all that the states depend on: weights, texts, pictures, batches, precision and library."""
    behind = {id(weight) for layer in model.encoder.layers[layers:] for weight in layer.parameters()}
    features = {name: entry.get("features") for name, entry in examples.card["tasks"].items()}
    about = [features, settings.precision, layers, torch.__version__, sorted(model.encoder.state_dict())]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    lists = (examples.lists[name] for name in ("input_ids", "lengths"))
    arrays = [part for one in lists for part in (one.values, one.offsets)]
    for array in (examples.pictures.images, *arrays, *batches):
        digest.update(np.ascontiguousarray(array).tobytes())
    for weight in (*model.encoder.parameters(), *model.encoder.buffers()):
        if id(weight) not in behind:
            digest.update(weight.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:32]
