"""Steps of a model whose layers are spread over processes, for encoders too large to train on one device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from xstilts.base.errors import ParameterError
from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.model.sharding import full_of, shard_layers, split_sharded
from xstilts.train.processes import Processes
from xstilts.train.settings import TrainSettings
from xstilts.train.update import Updater


def shard_and_move(model: MultitaskModel, settings: TrainSettings, processes: Processes) -> MultitaskModel:
    """Move the model to where this process computes; if it was launched with FSDP, only its part of every layer.

    Raises:
        ParameterError: a setting that sharded layers do not support.
    """
    if processes.sharded:
        refuse(settings)
        shard_layers(model.encoder, processes.device, processes.count)
        if model.inputs:
            model.encoder.text.register_forward_pre_hook(_start_gradients_at_the_input, with_kwargs=True)
    return model.to(processes.device)


def refuse(settings: TrainSettings) -> None:
    """Raise `ParameterError` where the settings ask for something that sharded layers cannot do."""
    todo = "launch without FSDP (accelerate launch --multi_gpu)"
    if settings.tune == "lora":
        raise ParameterError(f"tune: lora trains so little that sharding saves next to nothing; {todo}")
    if settings.compile:
        raise ParameterError(f"compile: true is not supported for sharded layers; set it to false, or {todo}")


def _start_gradients_at_the_input(_: Any, arguments: Any, named: dict[str, Any]) -> None:
    """Let the gradient of every batch pass back through all layers, as it does below a trained feature map."""
    embedded = named["inputs_embeds"]
    if torch.is_grad_enabled() and not embedded.requires_grad:
        embedded.requires_grad_(True)


class ShardedUpdater(Updater):
    """An `Updater` for such a model; all processes go through the layers equally often.

    Layers add up their gradients over processes in the backward pass of every batch; whatever is whole in each process
    does so once per update.
    """

    @cached_property
    def split(self) -> tuple[list[Tensor], list[Tensor]]:
        """Trained weights that are whole in each process, and those of which it has a part."""
        return split_sharded(self.weights)

    @cached_property
    def stand_in(self) -> Batch:
        """What goes through the layers in place of an empty share."""
        return self.model.encoder.ready(self.rows.batch(np.array([0])))

    def batches(self, number: int, update: Sequence[np.ndarray]) -> list[list[Batch]]:
        """As `Updater.batches`; no parts where this process has no share of a batch."""
        return [self._parts(number, share) if len(share) else [] for share in self._shares(update)]

    def _add_gradient(self, number: int, parts: list[Batch], examples: int) -> float | Tensor:
        if not parts:
            self._run_along()
            return self.nothing
        (batch,) = parts  # a batch is not split here: sharded layers are for one thread
        with self.accelerator.autocast():
            loss = self.model(batch.to(self.accelerator.device)) / examples
        torch.autograd.backward(loss)
        return self.check.see(f"loss of {batch.task}", loss.detach(), number, batch.ids)

    def _run_along(self) -> None:
        """Go through the layers once, forwards and backwards, without adding to the gradient."""
        whole, _ = self.split
        kept = [weight.grad for weight in whole]
        with self.accelerator.autocast():
            hidden = self.model.encode(self.stand_in.to(self.accelerator.device)).hidden
        if hidden.requires_grad:
            torch.autograd.backward(0.0 * hidden.float().sum())
        for weight, gradient in zip(whole, kept, strict=True):
            weight.grad = gradient  # a head that no example needed has none, rather than zeros

    def _exchange(self) -> None:
        self.processes.add_gradients(self.split[0])

    def _clip(self) -> Tensor:
        """Clip the norm of all gradients, those of sharded weights over all their parts; return it."""
        whole, parts = ([w.grad for w in weights if w.grad is not None] for weights in self.split)
        norms = [get_total_norm(whole), *([full_of(get_total_norm(parts))] if parts else [])]
        norm: Tensor = torch.linalg.vector_norm(torch.stack(norms))
        for weights in self.split:
            clip_grads_with_norm_(weights, self.clip, norm)
        return norm
