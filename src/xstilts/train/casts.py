"""Weights of linear maps in bf16, made once per update instead of for every batch and in every thread.

Autocast makes them again in each thread and batch (those that are not trained at every use), and turns every gradient
back to float32 there. Here threads share one copy, and gradients become float32 where they are summed. The numbers are
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from xstilts.model.multitask import MultitaskModel


class Casts:
    """bf16 copies of the weights and biases of the linear maps in an encoder's layers.

    Args:
        model: neither may its choice of trained weights change any more, nor where weights are in memory.
        wanted: whether copies are made: with bf16 autocast on processors.
    """

    def __init__(self, model: MultitaskModel, wanted: bool) -> None:
        maps = [part for layer in model.encoder.layers for part in layer.modules() if type(part) is nn.Linear]
        self.places = [
            (part, name, weight)
            for part in (maps if wanted else ())
            for name, weight in part.named_parameters(recurse=False)
        ]
        self.copies = [nn.Parameter(weight.to(torch.bfloat16), weight.requires_grad) for _, _, weight in self.places]
        self._of = {weight: copy for (_, _, weight), copy in zip(self.places, self.copies, strict=True)}
        self._changing = [(copy.data, weight.data) for weight, copy in self._of.items() if weight.requires_grad]

    def copies_of(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """The copies of some weights; the weight itself where there is no copy."""
        return [self._of.get(weight, weight) for weight in weights]  # type: ignore[call-overload]

    @contextmanager
    def in_place(self, run: Callable[..., Iterable[Any]] = map) -> Iterator[None]:
        """Give the model the copies, brought up to date, while the block runs; `run`: a pool's `map`, or `map`."""
        list(run(lambda pair: pair[0].copy_(pair[1]), self._changing))
        for (part, name, _), copy in zip(self.places, self.copies, strict=True):
            setattr(part, name, copy)
        try:
            yield
        finally:
            for part, name, weight in self.places:
                setattr(part, name, weight)
