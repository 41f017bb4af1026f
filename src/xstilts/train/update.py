"""One optimizer step: the gradient of its examples, worked out by several threads, clipped once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples
from xstilts.train.finite import NotFinite as NotFinite
from xstilts.train.finite import Watch
from xstilts.train.finite import guard as guard
from xstilts.train.processes import Processes

FEWEST = 4  # examples that are worth a thread of their own


class Updater:
    """Makes optimizer steps.

    Args:
        model: what is trained; its weights that require gradients must not change any more.
        rows: the training rows.
        clip: largest gradient norm.
        pool: threads that share a batch; None: the batch stays whole (an accelerator has its own parallelism).
        parts: into how many parts a batch is split for them.
        late: see `Watch`; None: on an accelerator.

    Of several processes each works on its share of every batch, and all make the same step.
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
        self.pool, self.parts = pool, parts
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.processes = Processes.of(accelerator)
        self.watch = Watch(accelerator.device.type == "cuda" if late is None else late)
        self.nothing = torch.zeros((), device=accelerator.device) if self.watch.late else 0.0

    def batches(self, number: int, update: Sequence[np.ndarray]) -> list[list[Batch]]:
        """What `step` works on: of every batch of the update that this process has a share of, its parts.

        It reads nothing that training changes, so it can be made ahead.
        """
        return [self._parts(number, share) for share in self._shares(update) if len(share)]

    def _shares(self, update: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self.processes.share(indices, turn) for turn, indices in enumerate(update)]

    def _parts(self, number: int, indices: np.ndarray) -> list[Batch]:
        parts = np.array_split(indices, max(1, min(self.parts, len(indices) // FEWEST)))
        return [self.model.encoder.ready(self.rows.batch(part, number)) for part in parts]

    def step(self, number: int, update: Sequence[np.ndarray], made: list[list[Batch]] | None = None) -> float:
        """Update the weights from the batches of one update; return its loss, a mean over its examples.

        Neither the split into batches nor those into processes' shares and threads' parts change what is computed, but
        for rounding. Late, the loss returned is that of the update before (see `Watch`).

        Args:
            made: what `batches` made of the update, if it did so already.

        Raises:
            NotFinite: at a loss or a gradient that is no number, with the update and the ids of its examples; late, in
                the next step or in `settle`.
        """
        examples, ids = sum(len(indices) for indices in update), self._ids(update)
        work = self.batches(number, update) if made is None else made
        parts_of_loss = [self._add_gradient(number, parts, examples) for parts in work]
        loss = self.processes.total(sum(parts_of_loss, start=self.nothing))
        self._exchange()
        self.watch.see("gradient norm", self._clip(), number, ids)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return self.watch.end(loss, number, ids)

    def settle(self) -> float:
        """Make sure that all updates so far were sound; return the loss of the last one."""
        return self.watch.settle()

    def _exchange(self) -> None:
        """Let every weight have the sum of its gradients in all processes."""
        self.processes.add_gradients(self.weights)

    def _clip(self) -> Tensor:
        """Clip the norm of the gradient; return what it was."""
        norm: Tensor = self.accelerator.clip_grad_norm_(self.weights, self.clip)
        return norm

    def _ids(self, update: Sequence[np.ndarray]) -> list[str]:
        return [self.rows.ids[row] for indices in update for row in indices]

    def _add_gradient(self, number: int, parts: list[Batch], examples: int) -> float | Tensor:
        """Add a batch's part of the gradient to the weights', and return its part of the loss."""
        run = self.pool.map if self.pool else map
        total = self.nothing
        for batch, (loss, gradient) in zip(parts, run(self._gradient, parts, [examples] * len(parts)), strict=True):
            total = total + self.watch.see(f"loss of {batch.task}", loss, number, batch.ids)
            for weight, piece in zip(self.weights, gradient, strict=True):
                if piece is not None:
                    weight.grad = piece.contiguous() if weight.grad is None else weight.grad.add_(piece)
        return total

    def _gradient(self, batch: Batch, examples: int) -> tuple[Tensor, Sequence[Tensor | None]]:
        """The part of the loss and of the gradient that one batch has; None for weights it does not touch."""
        with self.accelerator.autocast():
            loss = self.model(batch.to(self.accelerator.device)) / examples
        gradient = torch.autograd.grad(loss, self.weights, allow_unused=True)
        return loss.detach(), gradient
