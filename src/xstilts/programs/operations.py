"""The operations of GQA's functional programs, each with its arity and types: one table.

GQA (Hudson & Manning, CVPR 2019) writes a step as `operation` and `argument`: `filter color` with `red`, `relate` with
`person,wearing,s`. A *form* is a pattern of both. What a pattern leaves open are its *slots*, each with a type; what it
fixes is all that distinguishes the modules. So the 109 operations of the real files are 29 forms and their categories
(89 operations in xGQA's dev set), and a parser has one class per form and not one per operation.

Counted in 4,382 of GQA's test-dev questions, those of xGQA among them. What does not occur there and is in the table
all the same: three categories and eight comparatives that public lists of the operations in GQA's training questions
have, and `choose object`, the counterpart of `choose subject`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

OBJECTS, TRUTH, ANSWER = "objects", "truth", "answer"  # what a step takes or gives
SCENE, THIS = "scene", "this"  # objects in programs: the whole picture, and what it shows most of

CATEGORIES = (
    *"""activity age cleanliness color company depth fatness flavor gender hardness height length location material
    opaqness orientation pattern place pose race realism room shape size sport sportActivity state texture thickness
    tone type weather weight width""".split(),
    "face expression",
    *("brightness", "event", "liquid"),  # in training questions
)
AXES = ("hposition", "vposition")
POSITIONS = ("left", "right", "top", "bottom", "middle")
COMPARATIVES = (
    *"bigger larger smaller taller shorter longer higher lower older younger healthier".split(),
    "less healthy",
)
OPEN = ("object", "attribute", "relation")
CLOSED: Mapping[str, tuple[str, ...]] = {
    "category": CATEGORIES,
    "axis": AXES,
    "position": POSITIONS,
    "comparative": COMPARATIVES,
}
ANY_CATEGORY = ""  # of `filter: wet`, where GQA names no category
_SLOT = re.compile(r" ?\{(\w+)(\??)\}")
# Behind an argument: the ids of the objects meant, `-` for none, and a space where a second branch begins.
_TAIL = r"(?P<tail>(?: \((?:-|\d+(?:,\d+)*)\))? ?)"
_OPEN_VALUE = r"(?!_[,|])[^,|() ](?:[^,|()]*[^,|() ])?"


@dataclass(frozen=True)
class Form:
    """A pattern of steps.

    Attributes:
        name: what a skeleton calls it.
        operation: template of GQA's `operation`; `{category?}` may be left out.
        argument: template of GQA's `argument`.
        takes: what its inputs must be; as many as its arity.
        gives: `OBJECTS`, `TRUTH` or `ANSWER`.
        structural: GQA's structural type of a question that it ends, or "" where it ends none.
        world: whether only the embedded world has it, and the real files do not.
    """

    name: str
    operation: str
    argument: str
    takes: tuple[str, ...]
    gives: str
    structural: str = ""
    world: bool = False

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The types of its slots, those of the operation first."""
        return tuple(kind for kind, _ in _SLOT.findall(f"{self.operation}\n{self.argument}"))

    def allows(self, slot: int, value: str) -> bool:
        """Whether a slot may have this value: a closed type lists its values, an open one takes any phrase."""
        kind = self.slots[slot]
        if kind in CLOSED:
            return value in CLOSED[kind] or (value == ANY_CATEGORY and "{category?}" in self.operation)
        return re.fullmatch(_OPEN_VALUE, value) is not None

    def write(self, values: tuple[str, ...]) -> tuple[str, str]:
        """Return GQA's operation and argument, without a tail."""
        operation = len(_SLOT.findall(self.operation))
        return _filled(self.operation, values[:operation]), _filled(self.argument, values[operation:])

    def read(self, operation: str, argument: str) -> tuple[tuple[str, ...], str] | None:
        """Return the slots' values and the argument's tail, or None if this is no step of the form."""
        one, other = self._patterns[0].fullmatch(operation), self._patterns[1].fullmatch(argument)
        if one is None or other is None:
            return None
        values = [*one.groups(default=ANY_CATEGORY), *other.groups()[:-1]]
        return tuple(values), other["tail"]

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return re.compile(_pattern(self.operation)), re.compile(_pattern(self.argument) + _TAIL)


def _filled(template: str, values: tuple[str, ...]) -> str:
    rest = iter(values)

    def fill(match: re.Match[str]) -> str:
        value = next(rest)
        return (" " if match[0].startswith(" ") and value else "") + value

    return _SLOT.sub(fill, template)


def _pattern(template: str) -> str:
    """The regular expression of a template, one group per slot."""
    pattern, end = "", 0
    for match in _SLOT.finditer(template):
        kind, optional, space = match[1], match[2], " " if match[0].startswith(" ") else ""
        value = "|".join(map(re.escape, CLOSED[kind])) if kind in CLOSED else _OPEN_VALUE
        pattern += re.escape(template[end : match.start()]) + f"(?:{space}({value})){optional}"
        end = match.end()
    return pattern + re.escape(template[end:])


_ONE, _TWO = (OBJECTS,), (OBJECTS, OBJECTS)
FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("select", "select", "{object}", (), OBJECTS),
        # `s`: what is looked for is the relation's subject; `o`: its object; `_` for its name: anything.
        Form("relate subject", "relate", "{object},{relation},s", _ONE, OBJECTS),
        Form("relate object", "relate", "{object},{relation},o", _ONE, OBJECTS),
        Form("relate any subject", "relate", "_,{relation},s", _ONE, OBJECTS),
        Form("relate any object", "relate", "_,{relation},o", _ONE, OBJECTS),
        Form("relate same", "relate", "{object},same {category},_", _ONE, OBJECTS),
        Form("filter", "filter {category?}", "{attribute}", _ONE, OBJECTS),
        Form("filter not", "filter {category?}", "not({attribute})", _ONE, OBJECTS),
        Form("filter position", "filter {axis}", "{position}", _ONE, OBJECTS),
        Form("exist", "exist", "?", _ONE, TRUTH, "verify"),
        Form("verify", "verify {category?}", "{attribute}", _ONE, TRUTH, "verify"),
        Form("verify position", "verify {axis}", "{position}", _ONE, TRUTH, "verify"),
        Form("verify subject", "verify rel", "{object},{relation},s", _ONE, TRUTH, "verify"),
        Form("verify object", "verify rel", "{object},{relation},o", _ONE, TRUTH, "verify"),
        Form("and", "and", "", (TRUTH, TRUTH), TRUTH, "logical"),
        Form("or", "or", "", (TRUTH, TRUTH), TRUTH, "logical"),
        Form("same", "same {category}", "", _TWO, TRUTH, "compare"),
        Form("different", "different {category}", "", _TWO, TRUTH, "compare"),
        Form("all same", "same", "{category}", _ONE, TRUTH, "compare"),
        Form("all different", "different", "{category}", _ONE, TRUTH, "compare"),
        Form("common", "common", "", _TWO, ANSWER, "compare"),
        Form("choose more", "choose {comparative}", "", _TWO, ANSWER, "compare"),
        Form("compare", "compare", "{comparative}", _TWO, TRUTH, "compare", world=True),
        Form("choose", "choose {category?}", "{attribute}|{attribute}", _ONE, ANSWER, "choose"),
        Form("choose position", "choose {axis}", "{position}|{position}", _ONE, ANSWER, "choose"),
        Form("choose name", "choose name", "{object}|{object}", _ONE, ANSWER, "choose"),
        Form("choose subject", "choose rel", "{object},{relation}|{relation},s", _ONE, ANSWER, "choose"),
        Form("choose object", "choose rel", "{object},{relation}|{relation},o", _ONE, ANSWER, "choose"),
        Form("choose between", "choose rel", "{relation}|{relation}", _TWO, ANSWER, "choose", world=True),
        Form("query name", "query", "name", _ONE, ANSWER, "query"),
        Form("query", "query", "{category}", _ONE, ANSWER, "query"),
        Form("query position", "query", "{axis}", _ONE, ANSWER, "query"),
        Form("count", "count", "?", _ONE, ANSWER, "query", world=True),
    )
}
