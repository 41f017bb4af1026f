"""What words mean to modules: which names are of a kind, and which attributes are of a category.

`select: animal` must find dogs, and `query: color` must not answer `wooden`. Both are read from the English programs
of training questions and their answers, so that no ontology has to be brought along: `filter color: red` says that red
is a colour, and the answer `dog` to `select: animal>query: name` that dogs are animals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xstilts.programs.layout import Layout, Step
from xstilts.programs.operations import ANY_CATEGORY, SCENE, THIS

ANYTHING = frozenset({THIS, "object", "thing"})  # names in GQA's programs that every object answers to
_ATTRIBUTE_FORMS = ("filter", "filter not", "verify", "choose")
_NAMED_FORMS = ("select", "relate subject", "relate object", "relate same")


@dataclass(frozen=True)
class Lexicon:
    """The words' kinds and categories.

    Attributes:
        kinds: names by the kind that they are of: `{"animal": {"dog", "cat"}}`.
        categories: attributes by category: `{"color": {"red", "blue"}}`; one may be of several.
    """

    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    categories: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def names(self, noun: str) -> frozenset[str]:
        """Return all names that the noun covers, itself among them."""
        return self.kinds.get(noun, frozenset()) | {noun}

    def to_json(self) -> dict[str, Any]:
        """Return what a JSON file keeps, everything sorted."""
        return {part: {key: sorted(table[key]) for key in sorted(table)} for part, table in vars(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Mapping[str, Iterable[str]]]) -> Lexicon:
        """The inverse of `to_json`."""
        return cls(*({key: frozenset(content[part][key]) for key in content[part]} for part in ("kinds", "categories")))


def collect(questions: Iterable[tuple[Layout, str]]) -> Lexicon:
    """Return the lexicon of English training questions, given as layouts with their answers."""
    kinds: dict[str, set[str]] = {}
    categories: dict[str, set[str]] = {}
    for layout, answer in questions:
        for step in layout.steps:
            if step.form in _ATTRIBUTE_FORMS and step.values[0] != ANY_CATEGORY:
                categories.setdefault(step.values[0], set()).update(step.values[1:])
        last = layout.steps[-1]
        if last.form == "query":
            categories.setdefault(last.values[0], set()).add(answer)
        elif last.form == "query name":
            asked = _noun(layout, layout.steps[last.inputs[0]])
            if asked is not None and asked not in {answer, SCENE}:
                kinds.setdefault(asked, set()).add(answer)
    return Lexicon(*({key: frozenset(some) for key, some in table.items()} for table in (kinds, categories)))


def _noun(layout: Layout, step: Step) -> str | None:
    """The name under which a step's objects were looked for; None if under none."""
    while step.form not in _NAMED_FORMS:
        if not step.form.startswith("filter"):
            return None
        step = layout.steps[step.inputs[0]]
    return step.values[0]
