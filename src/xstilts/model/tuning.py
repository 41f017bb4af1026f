"""What training changes in an encoder: its layers (`full`), low-rank adapters beside them (`lora`), nothing (`head`).

Adapters are those of Hu et al. 2022, LoRA: Low-Rank Adaptation of Large Language Models, as peft has them: beside every
linear map of a layer that is trained, attention and feed-forward alike, two matrices whose product is added to the
map's own, which stays as it is. They exist during a run and in its state on disk; in a checkpoint they are merged into
their matrices, so it is like any other.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from xstilts.base.errors import ParameterError
from xstilts.model.encoder import MultimodalEncoder

Tune = Literal["full", "lora", "head"]
SCALE = 2  # alpha over rank: what the product is multiplied by
ADAPTER = "lora_"  # in the names of adapters' weights


def add_adapters(encoder: MultimodalEncoder, frozen_layers: int, rank: int) -> None:
    """Put an adapter beside every linear map of the layers above the frozen ones; at first it adds 0.

    The half of it that is not 0 is drawn from torch's generator: several processes must draw the same.

    Raises:
        ParameterError: no layer is left.
    """
    from peft import LoraConfig, inject_adapter_in_model  # takes long to import, and few runs need it

    adapted = {part for layer in encoder.layers[frozen_layers:] for part in layer.modules()}
    linear = [name for name, part in encoder.text.named_modules() if part in adapted and isinstance(part, nn.Linear)]
    if not linear:
        found = f"frozen_layers is {frozen_layers}, and the encoder has {len(encoder.layers)} layers"
        raise ParameterError(f"tune: lora adapts the layers that are not frozen, but {found}; lower frozen_layers")
    config = LoraConfig(r=rank, lora_alpha=SCALE * rank, target_modules=linear, lora_dropout=0.0)
    inject_adapter_in_model(config, encoder.text)


def choose_trained(encoder: MultimodalEncoder, tune: Tune, inputs: bool, frozen_layers: int) -> None:
    """Choose what training may change; see `MultimodalEncoder.choose_trained`.

    With `lora`, only the adapters in the layers; with `head`, nothing.
    """
    encoder.choose_trained(inputs, frozen_layers)
    if tune == "head":
        encoder.requires_grad_(False)
    if tune == "lora":
        for layer in encoder.layers:
            for name, weight in layer.named_parameters():
                weight.requires_grad_(ADAPTER in name)


def has_adapters(encoder: MultimodalEncoder) -> bool:
    """Whether there are adapters that were not merged."""
    return any(ADAPTER in name for name, _ in encoder.named_parameters())


@torch.no_grad()
def merge_adapters(encoder: MultimodalEncoder) -> None:
    """Add every adapter's product to its linear map and take the adapter away; the maps count as changed then."""
    from peft.tuners.lora import Linear

    adapted = [(name, part) for name, part in encoder.named_modules() if isinstance(part, Linear)]
    for name, part in adapted:
        part.merge()
        encoder.set_submodule(name, part.get_base_layer())
        encoder.differing.add(f"{name}.weight")
