"""One optimizer step: the gradient of its examples, worked out by several threads, clipped once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import cached_property

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.train.casts import Casts
from xstilts.train.examples import Examples
from xstilts.train.finite import FiniteCheck
from xstilts.train.processes import Processes

FEWEST = 4  # examples for which another thread pays off


class Updater:
    """Does the optimizer's steps.

    Args:
        model: what is trained; its choice of trained weights must not change any more.
        rows: the training rows.
        clip: largest gradient norm.
        pool: threads that share the work; None: one thread does it (an accelerator has its own parallelism).
        parts: into how many parts a batch is split for them (`TrainSettings.batch_threads`).
        late: see `FiniteCheck`; None: on an accelerator only.

    Of several processes each works on its share of every batch, and all do the same step.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: MultitaskModel,
        optimizer: torch.optim.Optimizer,
        rows: Examples,
        clip: float,
        pool: Executor | None = None,
        parts: int = 1,
        late: bool | None = None,
    ) -> None:
        self.accelerator, self.model, self.optimizer, self.rows, self.clip = accelerator, model, optimizer, rows, clip
        self.run, self.parts = pool.map if pool else map, parts
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.processes = Processes.of(accelerator)
        bf16, on_cpu = accelerator.mixed_precision == "bf16", accelerator.device.type == "cpu"
        self.casts = Casts(model, bf16 and on_cpu and not self.processes.sharded)
        self.leaves = self.casts.copies_of(self.weights)
        self.check = FiniteCheck(accelerator.device.type == "cuda" if late is None else late)
        self.nothing = torch.zeros((), device=accelerator.device) if self.check.late else 0.0

    @cached_property
    def buffers(self) -> list[Tensor]:
        """Where gradients are summed on processors: allocating memory each time costs more than the sum."""
        on_cpu = self.accelerator.device.type == "cpu"
        return [weight.new_empty(weight.shape if on_cpu else 0) for weight in self.weights]

    def batches(self, number: int, update: Sequence[np.ndarray]) -> list[list[Batch]]:
        """What `step` works on: the parts of every batch of the update of which this process has a share.

        It reads nothing that training changes, so it can be prepared in advance.
        """
        return [self._parts(number, share) for share in self._shares(update) if len(share)]

    def _shares(self, update: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self.processes.share(indices, turn) for turn, indices in enumerate(update)]

    def _parts(self, number: int, indices: np.ndarray) -> list[Batch]:
        parts = np.array_split(indices, max(1, min(self.parts, len(indices) // FEWEST)))
        return [self.model.encoder.ready(self.rows.batch(part, number)) for part in parts]

    def step(self, number: int, update: Sequence[np.ndarray], made: list[list[Batch]] | None = None) -> float:
        """Update the weights from the batches of one update; return its loss, a mean over its examples.

        The splits into batches, processes' shares and threads' parts change nothing but rounding. If late, the loss
        returned is that of the update before (see `FiniteCheck`).

        Args:
            made: the result of `batches` for the update, if there is one already.

        Raises:
            NotFinite: a loss or gradient is not finite; with the update and the ids of its examples. If late, it is
                raised in the next step or in `settle`.
        """
        examples, ids = sum(len(indices) for indices in update), self._ids(update)
        work = self.batches(number, update) if made is None else made
        with self.casts.in_place(self.run):
            parts_of_loss = [self._add_gradient(number, parts, examples) for parts in work]
        loss = self.processes.total(sum(parts_of_loss, start=self.nothing))
        self._exchange()
        self.check.see("gradient norm", self._clip(), number, ids)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return self.check.end(loss, number, ids)

    def settle(self) -> float:
        """Make sure that all updates so far were finite; return the loss of the last one."""
        return self.check.settle()

    def _exchange(self) -> None:
        """Give every weight the sum of its gradients in all processes."""
        self.processes.add_gradients(self.weights)

    def _clip(self) -> Tensor:
        """Clip the norm of the gradient; return the norm before that."""
        norm: Tensor = self.accelerator.clip_grad_norm_(self.weights, self.clip)
        return norm

    def _ids(self, update: Sequence[np.ndarray]) -> list[str]:
        return [self.rows.ids[row] for indices in update for row in indices]

    def _add_gradient(self, number: int, parts: list[Batch], examples: int) -> float | Tensor:
        """Add a batch's part of the gradient to the weights' gradients, and return its part of the loss."""
        found = list(self.run(self._gradient, parts, [examples] * len(parts)))
        total = self.nothing
        for batch, (loss, _) in zip(parts, found, strict=True):
            total = total + self.check.see(f"loss of {batch.task}", loss, number, batch.ids)
        list(self.run(add_up, self.weights, self.buffers, *(gradient for _, gradient in found)))
        return total

    def _gradient(self, batch: Batch, examples: int) -> tuple[Tensor, Sequence[Tensor | None]]:
        """One batch's part of the loss and of the gradient; None for weights that it does not touch."""
        with self.accelerator.autocast():
            loss = self.model(batch.to(self.accelerator.device)) / examples
        gradient = torch.autograd.grad(loss, self.leaves, allow_unused=True)
        return loss.detach(), gradient


def add_up(weight: Tensor, buffer: Tensor, *pieces: Tensor | None) -> None:
    """Sum the parts of a weight's gradient in `weight.grad`, in float32 and in their order; None is a part without one.

    Args:
        buffer: memory for the sum, of the weight's shape; empty: new memory.
    """
    for piece in pieces:
        if piece is None:
            continue
        if weight.grad is not None:
            weight.grad.add_(piece)
        elif buffer.shape == weight.shape:
            weight.grad = buffer.copy_(piece)
        else:
            weight.grad = piece.contiguous()
