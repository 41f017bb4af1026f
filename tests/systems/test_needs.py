"""What perception must deliver for a question."""

from __future__ import annotations

import pytest

from xstilts.programs.layout import Layout, fill
from xstilts.systems.needs import ATTRIBUTES, BOXES, KINDS, NAMES, PICTURE, RELATIONS, cannot_run, needs


@pytest.mark.parametrize(
    ("skeleton", "values", "expected"),
    [
        ("select[]>exist[0]", ["dog"], [{NAMES}, set()]),
        ("select[]>query[0]", ["scene", "weather"], [set(), {PICTURE}]),
        ("select[]>query[0]", ["dog", "color"], [{NAMES}, {ATTRIBUTES}]),
        ("select[]>query[0]", ["dog", "size"], [{NAMES}, {BOXES}]),
        ("select[]>query position[0]", ["dog", "hposition"], [{NAMES}, {BOXES}]),
        ("select[]>relate any subject[0]>query name[1]", ["dog", "above"], [{NAMES}, {BOXES}, {NAMES}]),
        ("select[]>relate subject[0]>exist[1]", ["dog", "man", "holding"], [{NAMES}, {NAMES, RELATIONS}, set()]),
        ("select[]>choose subject[0]", ["bus", "man", "above", "below"], [{NAMES}, {NAMES, BOXES}]),
        ("select[]>choose subject[0]", ["bus", "man", "in front of", "behind"], [{NAMES}, {NAMES, RELATIONS}]),
        ("select[]>select[]>choose more[0,1]", ["man", "girl", "older"], [{NAMES}, {NAMES}, {ATTRIBUTES}]),
        ("select[]>select[]>choose more[0,1]", ["man", "girl", "bigger"], [{NAMES}, {NAMES}, {BOXES}]),
        ("select[]>all same[0]", ["animal", "type"], [{NAMES}, {NAMES}]),
    ],
)
def test_each_step_says_what_it_needs(skeleton: str, values: list[str], expected: list[set[str]]) -> None:
    assert list(needs(fill(skeleton, values))) == expected


def test_what_cannot_be_run_has_its_share_of_the_questions() -> None:
    layouts = [
        fill("select[]>exist[0]", ["dog"]),
        fill("select[]>query[0]", ["dog", "color"]),
        fill("select[]>filter[0]>query[1]", ["dog", "color", "red", "pose"]),
        fill("select[]>query[0]", ["scene", "weather"]),
    ]
    share, operations = cannot_run(layouts, {NAMES, BOXES})
    assert share == 0.75
    assert operations == {"query": 0.75, "filter color": 0.25}
    assert cannot_run(layouts, KINDS) == (0, {})


@pytest.mark.parametrize(
    ("offers", "share", "count"),
    [
        ({NAMES, BOXES}, 0.811, 87),  # a detector
        ({NAMES, BOXES, ATTRIBUTES, PICTURE}, 0.342, 3),  # with an image-text model on crops and on the whole
        ({NAMES, BOXES, ATTRIBUTES, RELATIONS}, 0.020, 7),  # a scene graph without its picture's place and weather
        (set(KINDS), 0, 0),
    ],
)
def test_shares_of_real_questions(real_layouts: dict[str, Layout], offers: set[str], share: float, count: int) -> None:
    found, operations = cannot_run(list(real_layouts.values()), offers)
    assert found == pytest.approx(share, abs=0.001)
    assert len(operations) == count
