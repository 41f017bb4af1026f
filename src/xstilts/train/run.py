"""A training run as it stands between two updates: as tensors and JSON, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from xstilts.base.errors import XstiltsError
from xstilts.model.checkpoint import kept_weights
from xstilts.model.multitask import MultitaskModel
from xstilts.model.sharding import as_kept, gathered_whole
from xstilts.train.processes import Processes

WEIGHT, OPTIMIZER, BEST, RANDOM = "weight/", "optimizer/", "best/", "random/"  # how the names of tensors begin


class ForeignState(XstiltsError):
    """A state from which this run cannot resume; its text is the reason."""


@dataclass
class Trained:
    """The result of a run: the best weights, their dev scores, the curve, and what it cost."""

    weights: dict[str, Tensor]
    best: dict[str, float] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)
    updates: int = 0
    examples: int = 0
    tokens: int = 0


@dataclass
class Run:
    """Everything that changes during a run.

    The order of the examples, and the tokens that an mlm task masks, follow from the seed and the number of the update
    (`result.updates`).
    """

    model: MultitaskModel
    optimizer: Optimizer
    schedule: LambdaLR
    result: Trained = field(default_factory=lambda: Trained(weights={}))

    def tensors(self, processes: Processes) -> dict[str, Tensor]:
        """Trained weights, the optimizer's state of each, the best weights, every process's random generators."""
        weights, main = self._weights(), processes.is_main
        found = {f"{WEIGHT}{name}": gathered_whole(weight, main) for name, weight in weights.items()}
        for name, weight in weights.items():
            kept = self.optimizer.state.get(weight, {})
            found |= {f"{OPTIMIZER}{kind}/{name}": gathered_whole(value, main) for kind, value in kept.items()}
        found |= {f"{BEST}{name}": weight for name, weight in self.result.weights.items()}
        for name, state in random_states(self._device).items():
            found |= {f"{RANDOM}{index}/{name}": one for index, one in enumerate(processes.gathered(state))}
        return found

    def facts(self) -> dict[str, Any]:
        """The rest, as JSON: the schedule, the curve, the best scores, and the progress so far."""
        result = {one.name: getattr(self.result, one.name) for one in fields(Trained) if one.name != "weights"}
        return {"result": result, "schedule": self.schedule.state_dict()}

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any], processes: Processes) -> None:
        """Set everything to the state that these tensors and facts were taken from.

        Raises:
            ForeignState: they are those of another model; nothing is changed then.
        """
        self._compare(tensors)
        weights = self._weights()
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(as_kept(weight, tensors[f"{WEIGHT}{name}"]))
        for kind, name, value in _optimizer_tensors(tensors):
            self.optimizer.state[weights[name]][kind] = as_kept(weights[name], value)
        self.schedule.load_state_dict(facts["schedule"])
        for group, rate in zip(self.optimizer.param_groups, self.schedule.get_last_lr(), strict=True):
            group["lr"] = rate
        kept = _beginning(tensors, BEST) if processes.is_main or not processes.sharded else {}
        best = {name: weight.clone() for name, weight in kept.items()}
        vars(self.result).update(facts["result"], weights=best)  # in place: the learning rate looks at the curve
        set_random_states(_beginning(tensors, f"{RANDOM}{processes.index}/"), self._device)

    def _compare(self, tensors: dict[str, Tensor]) -> None:
        """Raise `ForeignState` unless every tensor has its place here, and every trained weight is there."""
        own = {name: weight.shape for name, weight in self._weights().items()}
        if {name: weight.shape for name, weight in _beginning(tensors, WEIGHT).items()} != own:
            raise ForeignState("its weights are those of another model")
        for _, name, value in _optimizer_tensors(tensors):
            if name not in own or (value.ndim and value.shape != own[name]):
                raise ForeignState("its optimizer is that of another model")
        best = {name: weight.shape for name, weight in _beginning(tensors, BEST).items()}
        if best and best != {name: weight.shape for name, weight in kept_weights(self.model).items()}:
            raise ForeignState("its best weights are those of another model")

    def _weights(self) -> dict[str, Tensor]:
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def _beginning(tensors: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `start`, by the rest of their names."""
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _optimizer_tensors(tensors: dict[str, Tensor]) -> Iterator[tuple[str, str, Tensor]]:
    """Kind (such as `exp_avg`), weight and value of everything in the optimizer's state."""
    for name, value in _beginning(tensors, OPTIMIZER).items():
        kind, weight = name.split("/", 1)
        yield kind, weight, value


def random_states(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's random generators, uint8 tensors: the processor's and, if it is another, the device's."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["device"] = torch.cuda.get_rng_state(device)
    return states


def set_random_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Give the generators states that `random_states` returned."""
    torch.set_rng_state(states["cpu"])
    if "device" in states:
        torch.cuda.set_rng_state(states["device"], device)
