"""How a system answers: the keys of a recipe's section `system`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import Range


@dataclass(frozen=True)
class SystemSettings:
    """Attributes:
    kind: which system it is: `modules` run layouts; `canonical` puts questions in English for the answer head of plain,
        see `xstilts.systems.canonical`; `entailment` makes statements of layouts and answers and lets the intermediate
        task of the route judge them, see `xstilts.systems.entailment`.
    statements: of `entailment`, how statements are worded, by the layout's pattern, where they are worded otherwise
        than by `xstilts.programs.statements.statement`.
    name, attribute, relation: from what score on something holds, see `xstilts.systems.senses.Settings`.
    definite: whether a step on `the dog` fails where there are two.
    templates, concepts, layouts: how many of them are looked at, see `xstilts.score.beams.BeamSettings`.
    answer: `first`: of the likeliest layout that runs; `likeliest`: the one whose layouts have the most together, see
        `xstilts.systems.posterior`.
    names: what a language calls things: `english`, the encoder's embeddings of English names; `pictures`: learned from
        unlabelled questions of the language with their pictures, see `xstilts.systems.naming`.
    fallback: the answer where no layout runs: `none`, which counts as wrong, or `usual`, the most frequent answer to
        English training questions of that form.
    """

    kind: Literal["modules", "canonical", "entailment"] = "modules"
    name: Annotated[float, Range(0, 1)] = 0.2
    attribute: Annotated[float, Range(0, 1)] = 0.5
    relation: Annotated[float, Range(0, 1)] = 0.5
    definite: bool = False
    templates: Annotated[int, Range(1, 1000)] = 4
    concepts: Annotated[int, Range(1, 1000)] = 6
    layouts: Annotated[int, Range(1, 1e5)] = 100
    answer: Literal["first", "likeliest"] = "first"
    names: Literal["english", "pictures"] = "english"
    fallback: Literal["none", "usual"] = "none"
    statements: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names without the probabilities that they are learned by."""
        if self.names == "pictures" and self.answer == "first":
            raise ParameterError("names is pictures, which are learned with answer: likeliest; found answer: first")
