"""How a system answers: the keys of a recipe's section `system`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xstilts.base.errors import ParameterError


@dataclass(frozen=True)
class SystemSettings:
    """Attributes:
    kind: which system it is.
    name, attribute, relation: from what score on something holds, see `xstilts.systems.senses.Settings`.
    definite: whether a step on `the dog` fails where there are two.
    templates, concepts, layouts: how many of them are looked at, see `xstilts.score.beams.BeamSettings`.
    fallback: the answer where no layout runs: `none`, which counts as wrong, or `usual`, the most frequent answer to
        English training questions of that form.
    """

    kind: Literal["modules"] = "modules"
    name: float = 0.2
    attribute: float = 0.5
    relation: float = 0.5
    definite: bool = False
    templates: int = 4
    concepts: int = 6
    layouts: int = 100
    fallback: Literal["none", "usual"] = "none"

    def __post_init__(self) -> None:
        """Refuse what could find nothing."""
        for key in ("templates", "concepts", "layouts"):
            if getattr(self, key) < 1:
                raise ParameterError(f"{key} is {getattr(self, key)}, expected at least 1")
        for key in ("name", "attribute", "relation"):
            if not 0 <= getattr(self, key) <= 1:
                raise ParameterError(f"{key} is {getattr(self, key)}, expected 0 to 1")
