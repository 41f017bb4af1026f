"""How a system answers: the keys of a recipe's section `system`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from xstilts.base.parameters import Range


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
    name: Annotated[float, Range(0, 1)] = 0.2
    attribute: Annotated[float, Range(0, 1)] = 0.5
    relation: Annotated[float, Range(0, 1)] = 0.5
    definite: bool = False
    templates: Annotated[int, Range(1, 1000)] = 4
    concepts: Annotated[int, Range(1, 1000)] = 6
    layouts: Annotated[int, Range(1, 1e5)] = 100
    fallback: Literal["none", "usual"] = "none"
