"""A run stops at a loss or gradient norm that is not finite; finding out does not make it wait for an accelerator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from xstilts.base.errors import XstiltsError


class NotFinite(XstiltsError):
    """The loss became NaN or infinite."""


def guard(what: str, value: float, step: int, ids: Sequence[str]) -> float:
    """Return the value if it is finite, else stop with the update and the examples' ids."""
    if not math.isfinite(value):
        shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
        hint = "lower learning_rate or set precision: fp32"
        raise NotFinite(f"update {step}: the {what} is {value}; batch ids {shown}; {hint}")
    return value


@dataclass(frozen=True)
class Pending:
    """Numbers of one update that are being copied from the device.

    Attributes:
        step: the update.
        seen: what each number is, and the ids of its examples; the update's loss comes last.
        values: float32 `[numbers]` on the processor; valid once the device has reached `ready`.
        ready: None: they are valid already.
    """

    step: int
    seen: list[tuple[str, Sequence[str]]]
    values: Tensor
    ready: torch.Event | None

    def read(self) -> float:
        """The update's loss; `NotFinite` at the first number that is not finite."""
        if self.ready is not None:
            self.ready.synchronize()
        values: list[float] = self.values.tolist()
        for (what, ids), value in zip(self.seen, values, strict=True):
            guard(what, value, self.step, ids)
        return values[-1]


class FiniteCheck:
    """Checks every loss and gradient norm of a run.

    Args:
        late: read the numbers of an update once the copying of the next update's has begun, so that the device always
            has work; else at once.
    """

    def __init__(self, late: bool) -> None:
        self.late = late
        self._seen: list[tuple[str, Sequence[str], Tensor]] = []
        self._pending: Pending | None = None
        self._loss = math.nan

    def see(self, what: str, value: Tensor, step: int, ids: Sequence[str]) -> float | Tensor:
        """Note a number of update `step`, a scalar; return it as a float or, if late, as a tensor on its device.

        Raises:
            NotFinite: it is not finite; if late, `end` or `settle` raises it.
        """
        if not self.late:
            return guard(what, float(value), step, ids)
        self._seen.append((what, ids, value.detach()))
        return value.detach()

    def end(self, loss: float | Tensor, step: int, ids: Sequence[str]) -> float:
        """End an update with its loss; return the latest known loss: its own or, if late, an earlier update's.

        Raises:
            NotFinite: if late, a number of the update before is not finite.
        """
        if not isinstance(loss, Tensor):
            self._loss = loss
            return loss
        found = [*self._seen, ("loss", ids, loss)]
        values = torch.stack([value.float() for _, _, value in found]).to("cpu", non_blocking=True)
        ready = torch.accelerator.current_stream().record_event() if loss.is_cuda else None
        before, self._pending = self._pending, Pending(step, [one[:2] for one in found], values, ready)
        self._seen = []
        if before is not None:
            self._loss = before.read()
        return self.settle() if math.isnan(self._loss) else self._loss  # the first update has none before it

    def settle(self) -> float:
        """Read what is still pending, so that every update so far is known to be finite; return the latest loss.

        Raises:
            NotFinite: see `end`.
        """
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._loss = pending.read()
        return self._loss
