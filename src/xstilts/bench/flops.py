"""Floating-point operations that a model needs for the tokens it is given, no padding counted.

A multiplication and an addition are two operations, and only matrix products are counted (Kaplan et al. 2020, Scaling
Laws for Neural Language Models, section 2.1; Narayanan et al. 2021, Efficient Large-Scale Language Model Training,
appendix, with the attention's products). A gradient costs a product once more for the weights and once more for the
inputs, unless those need none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cost:
    """The sizes that matter.

    Attributes:
        layers, hidden, inner: of the encoder; `inner` is the size between the two maps of a layer.
        frozen: layers, from the input on, that are not trained.
        inputs_trained: whether what is in front of the layers is trained too.
        head: multiply-adds of the head for one example.
        region: multiply-adds of the maps that make tokens of one region.
    """

    layers: int
    hidden: int
    inner: int
    frozen: int = 0
    inputs_trained: bool = True
    head: int = 0
    region: int = 0

    def products(self, lengths: np.ndarray) -> float:
        """Operations of one layer over sequences of these lengths, forward."""
        maps = 2 * (4 * self.hidden**2 + 2 * self.hidden * self.inner)
        return float((lengths * maps + 4 * lengths.astype(float) ** 2 * self.hidden).sum())

    def scoring(self, lengths: np.ndarray, regions: int = 0) -> float:
        """Operations to answer examples.

        Args:
            lengths: int64 `[examples]`, real tokens of each.
            regions: of all of them.
        """
        return self.layers * self.products(lengths) + 2.0 * (self.head * len(lengths) + self.region * regions)

    def training(self, lengths: np.ndarray, regions: int = 0) -> float:
        """Operations to learn from examples once; the arguments are those of `scoring`."""
        gradients = 2 * (self.layers - self.frozen) * self.products(lengths)
        if not self.inputs_trained and self.frozen < self.layers:
            # No gradient is wanted for what the first trained layer reads: queries, keys and values are made of it.
            gradients -= 2.0 * 3 * self.hidden**2 * int(lengths.sum())
        gradients += 2.0 * 2 * self.head * len(lengths)
        gradients += 2.0 * self.region * regions if self.inputs_trained else 0.0  # the features want no gradient
        return self.scoring(lengths, regions) + gradients
