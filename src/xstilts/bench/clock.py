"""What every side is timed with: clocks, and a count of the encoder's positions."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any, Self

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook


def device() -> torch.device:
    """Where every side computes: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def now() -> float:
    """Seconds of a clock that only goes forward, once the GPU, if there is one, has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


class Stopwatch(AbstractContextManager["Stopwatch"]):
    """Time from the start of a block to its end, by the clock on the wall and by what this process's threads used."""

    begun = ended = used_before = used_after = 0.0

    def __enter__(self) -> Self:
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended, self.used_after = now(), time.process_time()

    def restart(self) -> None:
        """Count from here."""
        self.begun = self.ended = now()
        self.used_before = self.used_after = time.process_time()

    @property
    def seconds(self) -> float:
        """Seconds between the two, on the wall."""
        return self.ended - self.begun

    @property
    def processor_seconds(self) -> float:
        """Seconds of processors that this process used between the two, all threads together."""
        return self.used_after - self.used_before


class TrainingClock(Stopwatch):
    """Time from the start of a block, or from `restart`, to the end of the last optimizer step, of any optimizer.

    What comes after the last step (scoring of dev, copying of weights) is thereby not counted. A GPU is not waited for
    between steps: it notes the time itself.

    Attributes:
        updates: optimizer steps so far.
    """

    updates = 0

    def __enter__(self) -> Self:
        self._hook = register_optimizer_step_post_hook(self._mark)
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self._hook.remove()
        if self.updates and torch.cuda.is_available():
            self._last.synchronize()
            self.ended = self.begun + self._first.elapsed_time(self._last) / 1000

    def restart(self) -> None:
        """Count from here."""
        super().restart()
        self.updates, self._first = 0, _moment()

    def _mark(self, *_: object) -> None:
        self.ended, self.used_after, self._last = time.perf_counter(), time.process_time(), _moment()
        self.updates += 1


def _moment() -> Any:
    """The moment at which the GPU, if there is one, has done what it was given so far."""
    if not torch.cuda.is_available():
        return None
    event: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    return event


class Positions(AbstractContextManager["Positions"]):
    """Counts the positions, padding included, that a text encoder is run over.

    Args:
        encoder: a Hugging Face encoder.
        training: which passes count: those of training, or those of scoring.
    """

    def __init__(self, encoder: nn.Module, training: bool) -> None:
        self.encoder, self.training = encoder, training
        self._found: list[int] = []  # appended to by several threads

    def __enter__(self) -> Self:
        self._hook = self.encoder.register_forward_pre_hook(self._count, with_kwargs=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _count(self, module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        given = [*arguments, named.get("input_ids"), named.get("inputs_embeds")]
        read = next(one for one in given if one is not None)
        if module.training == self.training:
            self._found.append(read.shape[0] * read.shape[1])

    @property
    def total(self) -> int:
        """Positions so far."""
        return sum(self._found)
