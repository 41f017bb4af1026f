"""What a layout parser chooses from: templates, and concepts for what these leave open.

A *template* is a skeleton in which some slots are filled. Of a frequent skeleton it fills the slots that take only a
few values, as those are words of the question's form and not of its content: `to the left of` and `above` make two
templates, and `which animal` and `which food` as well. An attribute is filled only if it never varies. What is left
open is filled with *concepts*, the objects, attributes, relations and so on of the training programs.

Both stand in one list of labels, as a cache's card has it: first the templates, written
`select[]>exist[0] | {object}`, then the concepts, written `{object} dog`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from xstilts.programs.layout import SEPARATOR, Layout, fill, slot_types

FEW, OFTEN = 4, 20  # a slot with at most FEW values, and OFTEN programs for each, is filled
FEW_OF = {"attribute": 1}  # where another number holds: they are content even if there are only four colours
OUTSIDE, UNUSED = -1, -2
Column = tuple[str, int]  # type, and how many open slots of that type come before


@dataclass(frozen=True)
class Template:
    """A skeleton whose slots are filled with a value or left open, which is None."""

    skeleton: str
    values: tuple[str | None, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """The template that `str()` wrote."""
        skeleton, *values = text.split(SEPARATOR)
        return cls(skeleton, tuple(None if _is_open(value) else value for value in values))

    def __str__(self) -> str:
        pairs = zip(self.values, slot_types(self.skeleton), strict=True)
        return SEPARATOR.join([self.skeleton, *(f"{{{kind}}}" if value is None else value for value, kind in pairs)])

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Of each open slot, in order."""
        seen: Counter[str] = Counter()
        found = []
        for value, kind in zip(self.values, slot_types(self.skeleton), strict=True):
            if value is None:
                found.append((kind, seen[kind]))
                seen[kind] += 1
        return tuple(found)

    def fill(self, values: Sequence[str]) -> Layout:
        """The layout with these values in the open slots; `LayoutError` where one does not fit."""
        rest = iter(values)
        return fill(self.skeleton, [next(rest) if value is None else value for value in self.values])

    def open_values(self, layout: Layout) -> tuple[str, ...]:
        """What a layout of the template has in the open slots."""
        slots = zip(self.values, layout.slots, strict=True)
        return tuple(slot.value for value, slot in slots if value is None)


def _is_open(value: str) -> bool:
    return value.startswith("{")


@dataclass(frozen=True)
class Vocabulary:
    """Templates and concepts by their index in a list of labels."""

    labels: tuple[str, ...]

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """The first labels."""
        return tuple(Template.parse(label) for label in self.labels if not _is_open(label))

    @cached_property
    def concepts(self) -> Mapping[str, Mapping[str, int]]:
        """By type, the concepts' values with their index in the labels."""
        found: dict[str, dict[str, int]] = {}
        for index, label in enumerate(self.labels):
            if _is_open(label):
                kind, _, value = label[1:].partition("} ")
                found.setdefault(kind, {})[value] = index
        return found

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every open slot that some template has, by type and number: a parser has one query for each."""
        return tuple(sorted({column for template in self.templates for column in template.columns}))

    @cached_property
    def _index(self) -> Mapping[Template, int]:
        return {template: index for index, template in enumerate(self.templates)}

    @cached_property
    def _open(self) -> Mapping[str, tuple[bool, ...]]:
        """Which slots of a skeleton are open; all its templates agree."""
        return {one.skeleton: tuple(value is None for value in one.values) for one in self.templates}

    def encode(self, layout: Layout) -> tuple[int, list[int]]:
        """Return the template's index, and of each of `columns` the concept's index in the labels.

        `OUTSIDE` stands for a template or concept that the labels do not have, and `UNUSED` in the columns that the
        layout's template does not have.
        """
        is_open = self._open.get(layout.skeleton)
        if is_open is None:
            return OUTSIDE, [OUTSIDE] * len(self.columns)
        template = _template(layout, is_open)
        filled = dict(zip(template.columns, template.open_values(layout), strict=True))
        values = [self._concept(column[0], filled[column]) if column in filled else UNUSED for column in self.columns]
        return self._index.get(template, OUTSIDE), values

    def _concept(self, kind: str, value: str) -> int:
        return self.concepts[kind].get(value, OUTSIDE)

    @property
    def parts(self) -> tuple[int, ...]:
        """How many templates there are, and how many concepts in each column."""
        return len(self.templates), *(len(self.concepts[kind]) for kind, _ in self.columns)

    def places(self, labels: Sequence[int]) -> list[int]:
        """From indices of the labels, one per column, to places among the concepts of the column's type."""
        return [index if index < 0 else self._places[index] for index in labels]

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {index: place for some in self.concepts.values() for place, index in enumerate(some.values())}


def collect_labels(layouts: Sequence[Layout], min_count: int = 1) -> list[str]:
    """Return the labels of training programs: templates and then concepts, each the most frequent first.

    Args:
        min_count: a template that is seen less often is left out.
    """
    filled = _filled_slots(layouts)
    templates = Counter(
        _template(one, [number not in filled[one.skeleton] for number in range(len(one.slots))]) for one in layouts
    )
    kept = {template for template, count in templates.items() if count >= min_count}
    concepts: Counter[str] = Counter()
    for template, layout in _matched(kept, layouts):
        kinds = (kind for kind, _ in template.columns)
        concepts.update(f"{{{kind}}} {value}" for kind, value in zip(kinds, template.open_values(layout), strict=True))
    named = {str(template): templates[template] for template in kept}
    return [*_frequent_first(named), *_frequent_first(concepts)]


def _filled_slots(layouts: Iterable[Layout]) -> dict[str, set[int]]:
    """By skeleton, the slots that its templates fill."""
    seen: dict[str, list[Counter[str]]] = {}
    for layout in layouts:
        counts = seen.setdefault(layout.skeleton, [Counter() for _ in layout.slots])
        for values, slot in zip(counts, layout.slots, strict=True):
            values[slot.value] += 1
    return {
        skeleton: {
            number
            for number, (values, kind) in enumerate(zip(counts, slot_types(skeleton), strict=True))
            if len(values) <= FEW_OF.get(kind, FEW) and values.total() >= OFTEN * len(values)
        }
        for skeleton, counts in seen.items()
    }


def _template(layout: Layout, is_open: Sequence[bool]) -> Template:
    pairs = zip(layout.slots, is_open, strict=True)
    return Template(layout.skeleton, tuple(None if left else slot.value for slot, left in pairs))


def _matched(kept: set[Template], layouts: Iterable[Layout]) -> Iterator[tuple[Template, Layout]]:
    is_open = {one.skeleton: [value is None for value in one.values] for one in kept}
    for layout in layouts:
        if layout.skeleton in is_open and (template := _template(layout, is_open[layout.skeleton])) in kept:
            yield template, layout


def _frequent_first(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda text: (-counts[text], text))
