"""The states of the generators of random numbers that training draws from, as tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def random_states(device: torch.device) -> dict[str, Tensor]:
    """The generators' states, uint8 tensors: the processor's and, if it is another, the device's."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["device"] = torch.cuda.get_rng_state(device)
    return states


def set_random_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Give the generators states that `random_states` returned."""
    torch.set_rng_state(states["cpu"])
    if "device" in states:
        torch.cuda.set_rng_state(states["device"], device)
