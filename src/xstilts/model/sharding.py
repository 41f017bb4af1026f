"""An encoder whose layers are spread over the processes of a run: fully sharded training (`fully_shard` of torch).

Every process keeps its part of each layer's weights, of their gradients and of the optimizer's state. A layer is
gathered when it is due and freed after it. Word embeddings, visual prefix, feature maps and heads are whole in every
process: they are small, where a vocabulary is trimmed, and most are not trained.

Source: Zhao et al. 2023, PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from xstilts.model.encoder import MultimodalEncoder


def shard_layers(encoder: MultimodalEncoder, device: torch.device, processes: int) -> None:
    """Spread every layer over all processes, and move the parts to the device; all processes call this.

    From then on every process must call the encoder equally often, forwards and backwards. Gradients are those of the
    sum of all processes' losses, and only `Tensor.backward` makes them (`torch.autograd.grad` bypasses that).
    """
    mesh = init_device_mesh(device.type, (processes,))
    spread = {weight for layer in encoder.layers for weight in layer.parameters()}
    for layer in encoder.layers:
        fully_shard(layer, mesh=mesh, reshard_after_forward=True)
    # Around the layers, so that one is gathered while the one before it computes.
    fully_shard(encoder.text, mesh=mesh, ignored_params={w for w in encoder.text.parameters() if w not in spread})
    for part in encoder.modules():
        if isinstance(part, FSDPModule):
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)  # gloo has no other


def is_sharded(weight: Tensor) -> bool:
    """Whether this process has a part of it only."""
    return isinstance(weight, DTensor)


def split_sharded(weights: Iterable[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The weights that are whole here, and those that are sharded; no kernel takes both at once."""
    weights = list(weights)
    return [one for one in weights if not is_sharded(one)], [one for one in weights if is_sharded(one)]


def gathered_whole(tensor: Tensor, keep: bool = True) -> Tensor:
    """The whole of a tensor, detached; a sharded one, for which all processes must call this, on the processor.

    Args:
        keep: whether this process wants it; if not, it gets an empty one instead of a sharded one.
    """
    if not isinstance(tensor, DTensor):
        return tensor.detach()
    full = full_of(tensor.detach())
    return full.cpu() if keep else full.new_empty(0, device="cpu")


def full_of(tensor: Tensor) -> Tensor:
    """A sharded tensor, or a number about all of its parts, as a plain tensor; all processes must call this."""
    full: Tensor = tensor.full_tensor()  # type: ignore[attr-defined]
    return full


def as_kept(weight: Tensor, values: Tensor) -> Tensor:
    """A copy of whole values on the weight's device; for a sharded one, this process's part (a number is not split)."""
    if not isinstance(weight, DTensor) or not values.ndim:
        return values.to(weight.device, copy=True)
    return distribute_tensor(values.to(weight.device), weight.device_mesh, weight.placements)
