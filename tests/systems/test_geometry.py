"""What boxes tell; y points down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.programs.operations import COMPARATIVES
from xstilts.programs.scene import Box
from xstilts.systems.geometry import ALIGNED, ASIDE, Thresholds, exceeds, half_of, is_at, is_large, is_measured, spatial
from xstilts.systems.judging import ADJECTIVES

LIMITS = Thresholds()
SKY, GROUND, FAR = Box(0.4, 0.0, 0.6, 0.2), Box(0.4, 0.7, 0.6, 0.9), Box(0.8, 0.7, 0.9, 0.9)
OPPOSITES = [("to the left of", "to the right of"), ("above", "below"), ("above", "under"), ("on top of", "beneath")]


def _box(x: float, y: float, size: float = 0.1) -> Box:
    return Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)


boxes = st.builds(_box, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.5))


def test_above_is_the_smaller_y() -> None:
    """The published code of Mod-Zero-VQA has it the wrong way round where it verifies a relation."""
    for name in ("above", "on top of"):
        assert spatial(name, SKY, GROUND) == ALIGNED
        assert spatial(name, GROUND, SKY) == 0
    for name in ("below", "under", "beneath", "underneath"):
        assert spatial(name, GROUND, SKY) == ALIGNED
        assert spatial(name, SKY, GROUND) == 0


def test_left_is_the_smaller_x() -> None:
    assert spatial("to the left of", GROUND, FAR) == ALIGNED
    assert spatial("to the right of", GROUND, FAR) == 0


def test_what_stands_in_no_row_or_column_is_aside() -> None:
    assert spatial("above", SKY, FAR) == ASIDE
    assert spatial("to the right of", FAR, SKY) == ASIDE


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
@given(a=boxes, b=boxes)
def test_opposite_relations_mirror_each_other(one: str, other: str, a: Box, b: Box) -> None:
    assert spatial(one, a, b) == spatial(other, b, a)
    assert spatial(one, a, b) * spatial(other, a, b) == 0


@pytest.mark.parametrize(
    ("x", "y", "holds"),
    [
        (0.39, 0.5, {"left"}),
        (0.41, 0.5, {"middle"}),
        (0.61, 0.5, {"right"}),
        (0.5, 0.39, {"top"}),
        (0.5, 0.61, {"bottom"}),
        (0.2, 0.9, {"left", "bottom"}),
    ],
)
def test_sides_are_told_by_thirds(x: float, y: float, holds: set[str]) -> None:
    names = ("left", "right", "top", "bottom", "middle")
    assert {name for name in names if is_at(_box(x, y), name, LIMITS)} == holds


@given(boxes)
def test_an_either_or_question_always_has_a_half(box: Box) -> None:
    x, y = box.centre
    assert half_of(box, "hposition", LIMITS) == ("left" if x < 0.5 else "right")
    assert half_of(box, "vposition", LIMITS) == ("top" if y < 0.5 else "bottom")


def test_large_is_a_side_beyond_three_tenths() -> None:
    assert is_large(Box(0, 0, 0.31, 0.1), LIMITS)
    assert is_large(Box(0, 0, 0.1, 0.31), LIMITS)
    assert not is_large(Box(0, 0, 0.29, 0.29), LIMITS)


def test_comparatives_measure_boxes() -> None:
    tall, wide = Box(0, 0, 0.1, 0.6), Box(0, 0.5, 0.4, 0.7)
    assert exceeds("larger", wide, tall, LIMITS)
    assert exceeds("smaller", tall, wide, LIMITS)
    assert exceeds("taller", tall, wide, LIMITS)
    assert exceeds("shorter", wide, tall, LIMITS)
    assert exceeds("longer", tall, wide, LIMITS)
    assert exceeds("higher", tall, wide, LIMITS)
    assert exceeds("lower", wide, tall, LIMITS)
    assert not exceeds("larger", tall, wide, LIMITS)


def test_every_comparative_is_decided_by_boxes_or_by_an_attribute() -> None:
    assert len(COMPARATIVES) == 12
    assert {name for name in COMPARATIVES if not is_measured(name)} == set(ADJECTIVES)


def test_about_equal_is_neither_larger_nor_smaller() -> None:
    one, other = Box(0, 0, 0.2, 0.2), Box(0.5, 0.5, 0.705, 0.7)
    assert exceeds("larger", one, other, LIMITS) is None
    assert exceeds("smaller", one, other, LIMITS) is None
