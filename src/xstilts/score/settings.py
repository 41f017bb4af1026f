"""How a target is scored: the keys of a task file's `score` section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ScoreSettings:
    """Attributes:
    token_budget: padded tokens in a batch, at most.
    batch_size: examples in a batch, at most.
    top: how many answers with their probabilities are kept for every question.
    precision: bf16 autocast or fp32.
    """

    token_budget: int = 4096
    batch_size: int = 128
    top: int = 5
    precision: Literal["bf16", "fp32"] = "bf16"
