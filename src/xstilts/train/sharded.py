"""Steps of a model whose layers are spread over processes, for encoders that one device has no room to train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from xstilts.errors import ParameterError
from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.model.sharding import apart, full_of, shard_layers
from xstilts.train.processes import Processes
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater


def place(model: MultitaskModel, settings: TrainSettings, processes: Processes) -> MultitaskModel:
    """Put the model where this process computes; if it was launched so, only its part of every layer.

    Raises:
        ParameterError: a setting that cannot be had with sharded layers.
    """
    if processes.sharded:
        refuse(settings)
        shard_layers(model.encoder, processes.device, processes.count)
    return model.to(processes.device)


def refuse(settings: TrainSettings) -> None:
    """Raise `ParameterError` where the settings ask for what sharded layers cannot do."""
    todo = "launch without FSDP (accelerate launch --multi_gpu)"
    if settings.tune == "lora":
        raise ParameterError(f"tune: lora trains so little that sharding saves next to nothing; {todo}")
    if settings.compile:
        raise ParameterError(f"compile: true is not there for sharded layers; set it to false, or {todo}")


class ShardedUpdater(Updater):
    """An `Updater` for such a model; all processes go through the layers equally often.

    Layers add up their gradients over processes on the way back, every batch; whatever is whole in each process does so
    once an update.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.own, self.spread = apart(self.weights)
        # Goes through the layers in the place of a share that is empty.
        self.stand_in = self.model.encoder.ready(self.rows.batch(np.array([0])))

    def batches(self, number: int, update: Sequence[np.ndarray]) -> list[list[Batch]]:
        """As `Updater.batches`; no parts where this process has no share of a batch."""
        return [self._parts(number, share) if len(share) else [] for share in self._shares(update)]

    def _add_gradient(self, number: int, parts: list[Batch], examples: int) -> float | Tensor:
        if not parts:
            self._go_along()
            return self.nothing
        (batch,) = parts
        with self.accelerator.autocast():
            loss = self.model(batch.to(self.accelerator.device)) / examples
        torch.autograd.backward(loss)
        return self.watch.see(f"loss of {batch.task}", loss.detach(), number, batch.ids)

    def _go_along(self) -> None:
        """Go through the layers once, there and back, without a gradient of one's own."""
        kept = [weight.grad for weight in self.own]
        with self.accelerator.autocast():
            hidden = self.model.encode(self.stand_in.to(self.accelerator.device)).hidden
        if hidden.requires_grad:
            torch.autograd.backward(0.0 * hidden.float().sum())
        for weight, gradient in zip(self.own, kept, strict=True):
            weight.grad = gradient  # a head that nobody needed has none, rather than zeros

    def _exchange(self) -> None:
        self.processes.add_gradients(self.own)

    def _clip(self) -> Tensor:
        """Clip the norm of all gradients, those of sharded weights over all their parts; return it."""
        own, spread = ([w.grad for w in weights if w.grad is not None] for weights in (self.own, self.spread))
        norms = [get_total_norm(own), *([full_of(get_total_norm(spread))] if spread else [])]
        norm: Tensor = torch.linalg.vector_norm(torch.stack(norms))
        for weights in (self.own, self.spread):
            clip_grads_with_norm_(weights, self.clip, norm)
        return norm
