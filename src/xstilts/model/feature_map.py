"""Features of another size than the visual prefix reads (of detector boxes, say): a linear map for each such task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.base.errors import ParameterError
from xstilts.model.batch import Batch
from xstilts.model.visual_prefix import Prefix

SAMPLE = 4096  # regions from which mean and deviation are computed


def make_maps(cards: Mapping[str, Mapping[str, Any]], prefix: Prefix) -> nn.ModuleDict:
    """A map for every task whose card says that its features are of another size than the prefix's."""
    sizes = {task: (card.get("features") or {}).get("dim") for task, card in cards.items()}
    own = prefix.mean.numel()
    return nn.ModuleDict({task: make_map(dim, prefix) for task, dim in sizes.items() if dim not in (None, own)})


@torch.no_grad()
def make_map(dim: int, prefix: Prefix) -> nn.Linear:
    """A linear map from standardised features `[..., dim]` to what the prefix expects.

    It starts orthogonal (Saxe et al. 2014), so that it keeps angles as far as the sizes allow, and scaled: what the
    prefix makes of its output, which it standardises, has mean 0 and unit scale.
    """
    made = nn.Linear(dim, prefix.mean.numel())
    nn.init.orthogonal_(made.weight, gain=max(1.0, made.out_features / dim) ** 0.5)
    made.weight.mul_(prefix.std[:, None])
    made.bias.copy_(prefix.mean)
    return made


@torch.no_grad()
def start_map(made: nn.Module, vectors: np.ndarray) -> None:
    """Let a fresh map standardise the features that it will read, given a set of them, `[regions, dim]`.

    Mean and standard deviation are those of at most `SAMPLE` regions, evenly spread.
    """
    sample = torch.from_numpy(vectors[:: -(-len(vectors) // SAMPLE)].astype(np.float32))
    mean, std = sample.mean(0), sample.std(0, correction=0)
    std = std.clamp(min=max(0.1 * std.mean().item(), 1e-6))  # a feature that hardly varies here may vary elsewhere
    assert isinstance(made, nn.Linear)
    made.weight.div_(std)
    made.bias.sub_(made.weight @ mean)


def apply_map(maps: nn.ModuleDict, batch: Batch) -> Batch:
    """The batch with features as the visual prefix reads them; unchanged if its task has no map."""
    if batch.task not in maps or not batch.features.shape[1]:
        return batch
    made = maps[batch.task]
    assert isinstance(made, nn.Linear)
    found, expected = batch.features.shape[-1], made.in_features
    if found != expected:
        todo = "make the features again"
        raise ParameterError(f"{batch.task}: found features of {found} numbers, expected {expected}; {todo}")
    with torch.autocast(batch.features.device.type, enabled=False):
        features: Tensor = F.linear(batch.features, made.weight, made.bias)
    return replace(batch, features=features)
