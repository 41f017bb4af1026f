"""A run stops at a loss or a gradient norm that is no number; an accelerator is not waited for to know it."""

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
    """Return the value, or stop with the step and the examples' ids when it is no number."""
    if not math.isfinite(value):
        shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
        hint = "lower learning_rate or set precision: fp32"
        raise NotFinite(f"update {step}: the {what} is {value}; batch ids {shown}; {hint}")
    return value


@dataclass(frozen=True)
class Underway:
    """Numbers of one update on their way from the device.

    Attributes:
        step: the update.
        seen: what each number is, and the ids of its examples; the update's loss comes last.
        values: float32 `[numbers]` on the processor; right once the device has reached `ready`.
        ready: None: they are there.
    """

    step: int
    seen: list[tuple[str, Sequence[str]]]
    values: Tensor
    ready: torch.Event | None

    def read(self) -> float:
        """The update's loss; `NotFinite` at the first number that is none."""
        if self.ready is not None:
            self.ready.synchronize()
        values: list[float] = self.values.tolist()
        for (what, ids), value in zip(self.seen, values, strict=True):
            guard(what, value, self.step, ids)
        return values[-1]


class Watch:
    """Looks at every loss and gradient norm of a run.

    Args:
        late: the numbers of an update are read when those of the next one have been sent for, so that the device always
            has work; else at once.
    """

    def __init__(self, late: bool) -> None:
        self.late = late
        self._seen: list[tuple[str, Sequence[str], Tensor]] = []
        self._underway: Underway | None = None
        self._loss = math.nan

    def see(self, what: str, value: Tensor, step: int, ids: Sequence[str]) -> float | Tensor:
        """Note a number of update `step`, a scalar; return it as a float, or late, as it is on the device.

        Raises:
            NotFinite: it is none; late, that is found by `end` or `settle`.
        """
        if not self.late:
            return guard(what, float(value), step, ids)
        self._seen.append((what, ids, value.detach()))
        return value.detach()

    def end(self, loss: float | Tensor, step: int, ids: Sequence[str]) -> float:
        """End an update with its loss; return the latest loss that is known: its own, or late, that of one before.

        Raises:
            NotFinite: late, the update before had a number that is none.
        """
        if not isinstance(loss, Tensor):
            self._loss = loss
            return loss
        found = [*self._seen, ("loss", ids, loss)]
        values = torch.stack([value.float() for _, _, value in found]).to("cpu", non_blocking=True)
        ready = torch.accelerator.current_stream().record_event() if loss.is_cuda else None
        before, self._underway = self._underway, Underway(step, [one[:2] for one in found], values, ready)
        self._seen = []
        if before is not None:
            self._loss = before.read()
        return self.settle() if math.isnan(self._loss) else self._loss  # of the first update none is known yet

    def settle(self) -> float:
        """Read what is under way, so that whatever comes next is known to be sound; return the latest loss.

        Raises:
            NotFinite: see `end`.
        """
        if self._underway is not None:
            underway, self._underway = self._underway, None
            self._loss = underway.read()
        return self._loss
