"""One optimizer step: the gradient of its examples, worked out by several threads, clipped once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from xstilts.errors import XstiltsError
from xstilts.model.batch import Batch
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import Examples
from xstilts.train.processes import Processes

FEWEST = 4  # examples that are worth a thread of their own


class NotFinite(XstiltsError):
    """The loss became NaN or infinite."""


class Updater:
    """Makes optimizer steps.

    Args:
        model: what is trained; its weights that require gradients must not change any more.
        rows: the training rows.
        clip: largest gradient norm.
        pool: threads that share a batch; None: the batch stays whole (an accelerator has its own parallelism).
        parts: into how many parts a batch is split for them.

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
    ) -> None:
        self.accelerator, self.model, self.optimizer, self.rows, self.clip = accelerator, model, optimizer, rows, clip
        self.pool, self.parts = pool, parts
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.processes = Processes.of(accelerator)

    def step(self, number: int, update: Sequence[np.ndarray]) -> float:
        """Update the weights from the batches of one update; return its loss, a mean over its examples.

        Neither the split into batches nor those into processes' shares and threads' parts change what is computed, but
        for rounding.

        Raises:
            NotFinite: at a loss or a gradient that is no number, with the update and the ids of its examples.
        """
        examples = sum(len(indices) for indices in update)
        shares = [self.processes.share(indices, turn) for turn, indices in enumerate(update)]
        loss = sum(self._add_gradient(number, share, examples) for share in shares if len(share))
        loss = self.processes.total(loss)
        self.processes.add_gradients(self.weights)
        norm = float(self.accelerator.clip_grad_norm_(self.weights, self.clip))
        guard("gradient norm", norm, number, [self.rows.ids[row] for indices in update for row in indices])
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def _add_gradient(self, number: int, indices: np.ndarray, examples: int) -> float:
        """Add a batch's part of the gradient to the weights', and return its part of the loss."""
        parts = np.array_split(indices, max(1, min(self.parts, len(indices) // FEWEST)))
        batches = [self.rows.batch(part, number) for part in parts]
        run = self.pool.map if self.pool else map
        total = 0.0
        for batch, (loss, gradient) in zip(batches, run(self._gradient, batches, [examples] * len(parts)), strict=True):
            total += guard(f"loss of {batch.task}", loss, number, batch.ids)
            for weight, piece in zip(self.weights, gradient, strict=True):
                if piece is not None:
                    weight.grad = piece.contiguous() if weight.grad is None else weight.grad.add_(piece)
        return total

    def _gradient(self, batch: Batch, examples: int) -> tuple[float, Sequence[Tensor | None]]:
        """The part of the loss and of the gradient that one batch has; None for weights it does not touch."""
        with self.accelerator.autocast():
            loss = self.model(batch.to(self.accelerator.device)) / examples
        gradient = torch.autograd.grad(loss, self.weights, allow_unused=True)
        return float(loss.detach()), gradient


def guard(what: str, value: float, step: int, ids: Sequence[str]) -> float:
    """Return the value, or stop with the step and the examples' ids when it is no number."""
    if not math.isfinite(value):
        shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
        hint = "lower learning_rate or set precision: fp32"
        raise NotFinite(f"update {step}: the {what} is {value}; batch ids {shown}; {hint}")
    return value
