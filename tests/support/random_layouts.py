"""Random layouts and scenes for properties that hold of all of them."""

from __future__ import annotations

from hypothesis import strategies as st

from xstilts.programs.layout import Layout, Step
from xstilts.programs.operations import CLOSED, FORMS, OBJECTS, TRUTH
from xstilts.programs.scene import Box, Relation, Scene, Thing

NOUNS = ("dog", "cat", "t-shirt", "traffic light", "scene", "this", "animal")
ATTRIBUTES = ("red", "blue", "large", "small", "wet", "short sleeved", "looking down", "young")
RELATIONS = ("to the left of", "above", "wearing", "bigger than", "in front of")
VALUES = {"object": NOUNS, "attribute": ATTRIBUTES, "relation": RELATIONS, **CLOSED}


def _of(gives: str, last: bool) -> list[str]:
    return [form.name for form in FORMS.values() if form.gives == gives and bool(form.structural) == last]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Layouts of any shape that the types allow, up to three steps deep on each branch."""
    steps: list[Step] = []

    def grow(form: str, depth: int) -> int:
        takes = FORMS[form].takes
        inputs = tuple(grow(draw(st.sampled_from(_choices(kind, depth))), depth - 1) for kind in takes)
        values = tuple(draw(st.sampled_from(VALUES[kind])) for kind in FORMS[form].slots)
        steps.append(Step(form, values, inputs))
        return len(steps) - 1

    grow(draw(st.sampled_from([form.name for form in FORMS.values() if form.structural])), 3)
    return Layout(tuple(steps))


def _choices(kind: str, depth: int) -> list[str]:
    if kind == TRUTH:
        return [name for name in _of(TRUTH, last=True) if FORMS[name].takes[0] == OBJECTS or depth > 1]
    return ["select"] if depth <= 0 else _of(OBJECTS, last=False)


# Few scores and few boxes, so that equal ones are common.
_scores = st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0))
_edges = st.sampled_from((0.0, 0.3, 0.6))


def _scored(words: tuple[str, ...]) -> st.SearchStrategy[dict[str, float]]:
    return st.dictionaries(st.sampled_from(words), _scores, max_size=3)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Scenes of up to five objects, with relations or with none looked for."""
    count = draw(st.integers(0, 5))
    things = []
    for number in range(count):
        x, y = draw(_edges), draw(_edges)
        box = Box(x, y, x + draw(st.sampled_from((0.2, 0.4))), y + 0.3)
        things.append(Thing(str(number), draw(_scored(NOUNS)), draw(_scored(ATTRIBUTES)), box, draw(_scores)))
    ids = st.sampled_from([thing.id for thing in things] or [""])
    edges = st.builds(Relation, ids, st.sampled_from(RELATIONS), ids, _scores)
    relations = draw(st.none() | st.lists(edges, max_size=4).map(tuple)) if things else None
    return Scene("picture", tuple(things), relations, draw(_scored(ATTRIBUTES)))
