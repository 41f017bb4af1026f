"""Several processes that train one model: each takes its share of every update's examples, and gradients are summed.

The processes are those that `accelerate launch` starts. Each has a copy of the model, the same in all; they exchange
gradients, dev scores and decisions, and only the main one (number 0) writes. With one process, nothing here has any
effect. With FSDP a process has a part of every layer instead (see `xstilts.model.sharding`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import parse_flag_from_env
from torch import Tensor, distributed

from xstilts.base.machine import processors


@functools.cache
def _hosts() -> distributed.ProcessGroup | None:
    """The process group for decisions made on processors, so that none waits for a device; None: the default one."""
    return None if distributed.get_backend() == "gloo" else distributed.new_group(backend="gloo")


@dataclass(frozen=True)
class Processes:
    """The processes of a run, and which of them this one is.

    Attributes:
        count: how many there are.
        index: the number of this one, from 0.
        device: where this one computes.
        sharded: whether the encoder's layers are spread over them (FSDP), as the launcher was asked.
    """

    count: int = 1
    index: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    sharded: bool = False

    @classmethod
    def here(cls) -> Processes:
        """Those that were launched; without an accelerator (or with ACCELERATE_USE_CPU) they compute on processors."""
        on_cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
        return cls.of(PartialState(cpu=on_cpu))

    @classmethod
    def of(cls, state: Accelerator | PartialState) -> Processes:
        """Those that accelerate knows of."""
        sharded = state.num_processes > 1 and parse_flag_from_env("ACCELERATE_USE_FSDP")
        return cls(state.num_processes, state.process_index, state.device, sharded)

    @property
    def is_main(self) -> bool:
        """Whether this one writes and prints."""
        return self.index == 0

    @property
    def threads(self) -> int:
        """How many threads this one may use, if all processes run on one machine: its part of the processors."""
        return max(1, processors() // self.count)

    def share(self, rows: np.ndarray, turn: int = 0) -> np.ndarray:
        """This process's part of some rows; where parts cannot be equal, each process has a larger one in turn."""
        return np.array_split(rows, self.count)[(self.index + turn) % self.count]

    def same_start(self, weights: Iterable[Tensor]) -> None:
        """Give every weight the main process's values: other processors may have rounded differently in making them."""
        for weight in weights if self.count > 1 else ():
            distributed.broadcast(weight.detach(), src=0)

    def add_gradients(self, weights: Iterable[Tensor]) -> None:
        """Give every weight the sum of its gradients in all processes; one that no process used keeps none."""
        if self.count == 1:
            return
        weights = list(weights)
        touched = torch.tensor([weight.grad is not None for weight in weights], dtype=torch.int32)
        distributed.all_reduce(touched, group=_hosts())
        for weight, count in zip(weights, touched.tolist(), strict=True):
            if count:
                weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
                distributed.all_reduce(weight.grad)

    @overload
    def total(self, value: float) -> float: ...

    @overload
    def total(self, value: float | Tensor) -> float | Tensor: ...

    def total(self, value: float | Tensor) -> float | Tensor:
        """The sum of a number over all processes: a float, or a scalar that stays on its device."""
        if self.count == 1:
            return value
        if isinstance(value, Tensor):
            summed = value.clone()
            distributed.all_reduce(summed)
            return summed
        number = torch.tensor(value, dtype=torch.float64)
        distributed.all_reduce(number, group=_hosts())
        return float(number)

    def any(self, true: bool) -> bool:
        """Whether it is true in any process, so that all decide the same."""
        return self.total(float(true)) > 0

    def gathered(self, tensor: Tensor) -> list[Tensor]:
        """Every process's tensor, in the order of processes; shape and dtype are the same in all."""
        if self.count == 1:
            return [tensor]
        placed = tensor.to(self.device)
        found = [torch.empty_like(placed) for _ in range(self.count)]
        distributed.all_gather(found, placed)
        return [one.to(tensor.device) for one in found]

    def dealt(self, items: Sequence[Tensor], whole: int) -> list[Tensor]:
        """Put together what processes made in turn: item i of `whole` was made by process i modulo `count`.

        Args:
            items: flat float32 tensors of this process, in order; their lengths may differ.
            whole: how many items there are in all processes.
        """
        if self.count == 1:
            return list(items)
        rounds = -(-whole // self.count)
        sizes = torch.zeros(rounds, dtype=torch.int64)
        sizes[: len(items)] = torch.tensor([len(item) for item in items], dtype=torch.int64)
        all_sizes = [one.tolist() for one in self.gathered(sizes)]
        flat = torch.zeros(max(sum(one) for one in all_sizes))
        flat[: int(sizes.sum())] = torch.cat([*items, torch.zeros(0)])
        pieces = [torch.split(one[: sum(s)], s) for one, s in zip(self.gathered(flat), all_sizes, strict=True)]
        return [pieces[i % self.count][i // self.count] for i in range(whole)]

    def wait(self) -> None:
        """Wait until every process is here."""
        self.total(0.0)


ALONE = Processes()
