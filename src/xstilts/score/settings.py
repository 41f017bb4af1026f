"""How a target is scored: the keys of a task file's `score` section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xstilts.base.errors import ParameterError


@dataclass(frozen=True)
class ScoreSettings:
    """Attributes:
    token_budget: padded tokens in a batch, at most.
    batch_size: examples in a batch, at most.
    top: how many answers with their probabilities are kept for every question.
    precision: bf16 autocast or fp32.
    centre: `none`; `language`: a language's states are moved to where English ones are, see `xstilts.score.centring`.
        The score without it then stands beside, as `uncentred`.
    candidates: of image-text retrieval with a matching model, how many images a caption is compared with, its own
        included; 0: all images of the language's test split.
    """

    token_budget: int = 4096
    batch_size: int = 128
    top: int = 5
    precision: Literal["bf16", "fp32"] = "bf16"
    centre: Literal["none", "language"] = "none"
    candidates: int = 0

    def __post_init__(self) -> None:
        """Refuse what would score nothing."""
        for name in ("token_budget", "batch_size", "top"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} is {getattr(self, name)}, expected at least 1")
        if self.candidates < 0 or self.candidates == 1:
            raise ParameterError(f"candidates is {self.candidates}, expected 0 (all) or at least 2")
