"""How a target is scored: the keys of a task file's `score` section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import Range


@dataclass(frozen=True)
class ScoreSettings:
    """Attributes:
    token_budget: padded tokens in a batch, at most.
    batch_size: examples in a batch, at most.
    top: how many answers with their probabilities are kept for every question.
    precision: bf16 autocast or fp32.
    centre: `none`; `language`: a language's states are moved to where English ones are, see `xstilts.score.centring`.
        The score without it then stands beside, as `uncentred`.
    prior: `none`; `english`: answers of a language are made as frequent as the model's English answers are, see
        `xstilts.score.prior`. The score without it then stands beside, as `unmatched`.
    soup: how many seeds, from 0 on, have their checkpoints averaged, see `xstilts.score.soup`; 0: the cell's own seed
        alone is scored.
    candidates: of image-text retrieval with a matching model, how many images a caption is compared with, its own
        included; 0: all images of the language's test split.
    """

    token_budget: Annotated[int, Range(1, 1e6)] = 4096
    batch_size: Annotated[int, Range(1, 1e5)] = 128
    top: Annotated[int, Range(1, 1000)] = 5
    precision: Literal["bf16", "fp32"] = "bf16"
    candidates: Annotated[int, Range(0, 1e6)] = 0
    centre: Literal["none", "language"] = "none"
    prior: Literal["none", "english"] = "none"
    soup: Annotated[int, Range(0, 100)] = 0

    def __post_init__(self) -> None:
        """Refuse a retrieval among one image, and a soup of one checkpoint."""
        if self.candidates == 1:
            raise ParameterError("candidates is 1, expected 0 (all) or at least 2")
        if self.soup == 1:
            raise ParameterError("soup is 1, expected 0 (the cell's own seed) or at least 2")
