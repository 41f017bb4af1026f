"""When training begins and ends, and how many positions the encoder was run over: the same for every side."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any, Self

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from xstilts.bench.gemm import synchronise


class Stopwatch(AbstractContextManager["Stopwatch"]):
    """Time from `start` to the end of the last optimizer step, whoever's optimizer it is.

    What comes after the last step (scoring of dev, copying of weights) is thereby not counted.
    """

    def __enter__(self) -> Self:
        self.begun = self.ended = time.perf_counter()
        self.updates = 0
        self._hook = register_optimizer_step_post_hook(self._mark)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def start(self) -> None:
        """Begin to count here."""
        synchronise(_device())
        self.begun = time.perf_counter()

    def _mark(self, *_: object) -> None:
        synchronise(_device())
        self.ended = time.perf_counter()
        self.updates += 1

    @property
    def seconds(self) -> float:
        """Seconds from start to the last optimizer step."""
        return self.ended - self.begun


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


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
