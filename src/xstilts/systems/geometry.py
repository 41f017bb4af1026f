"""What boxes alone tell: sides of the picture, spatial relations, sizes. y points down: above is the smaller y.

The thresholds are those of Mod-Zero-VQA (Cao & Jiang, Findings of ACL 2023; github.com/abril4416/Mod-Zero-VQA, commit
70316b3, notebooks GQA_Verify and GQA_Choose), of centres and sides as fractions of the picture; there, of the picture
padded to a square. Its `heur_rules` take `above` to mean the *larger* y in GQA_Verify and GQA_Logical, and the smaller
in GQA_Choose. Boxes there have y pointing down as here, so the former is an error that is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xstilts.programs.scene import Box


@dataclass(frozen=True)
class Thresholds:
    """Where boxes begin to be something.

    Attributes:
        low: a centre before it is left or at the top (`filter_position`).
        high: a centre behind it is right or at the bottom (`filter_position`).
        half: where an either-or question parts the picture (`pos_aware_pred`).
        large: a longer side beyond it is large, long or tall (`size_aware_pred`, `ans_coord_rela`).
        clearly: how many times as large, or by what part of the picture higher, is worth saying; ours.
    """

    low: float = 0.4
    high: float = 0.6
    half: float = 0.5
    large: float = 0.3
    clearly: float = 1.1


HORIZONTAL, VERTICAL = 0, 1
# Which axis, and whether the subject's coordinate is the smaller one.
_DIRECTIONS: Mapping[str, tuple[int, bool]] = {
    "to the left of": (HORIZONTAL, True),
    "to the right of": (HORIZONTAL, False),
    **dict.fromkeys(("above", "over", "on top of", "hanging above"), (VERTICAL, True)),
    **dict.fromkeys(("below", "under", "beneath", "underneath"), (VERTICAL, False)),
}
# Attributes that boxes tell where nothing else does: by category, what is large and what is not.
EXTENTS: Mapping[str, tuple[str, str]] = {
    "size": ("large", "small"),
    "length": ("long", "short"),
    "height": ("tall", "short"),
}
_MEASURES: Mapping[str, tuple[Callable[[Box], float], bool]] = {
    "bigger": (lambda box: box.width * box.height, True),
    "larger": (lambda box: box.width * box.height, True),
    "smaller": (lambda box: box.width * box.height, False),
    "taller": (lambda box: box.height, True),
    "shorter": (lambda box: box.height, False),
    "longer": (lambda box: max(box.width, box.height), True),
    "higher": (lambda box: 1 - box.centre[VERTICAL], True),
    "lower": (lambda box: 1 - box.centre[VERTICAL], False),
}
ALIGNED, ASIDE = 1.0, 0.5


def is_at(box: Box, position: str, limits: Thresholds) -> bool:
    """Whether a box is `left`, `right`, at the `top` or `bottom`, or in the `middle` both ways, by thirds."""
    x, y = box.centre
    return {
        "left": x < limits.low,
        "right": x > limits.high,
        "top": y < limits.low,
        "bottom": y > limits.high,
        "middle": limits.low <= x <= limits.high and limits.low <= y <= limits.high,
    }[position]


def half_of(box: Box, axis: str, limits: Thresholds) -> str:
    """`left` or `right` for the axis `hposition`, `top` or `bottom` for `vposition`, by halves."""
    x, y = box.centre
    if axis == "hposition":
        return "left" if x < limits.half else "right"
    return "top" if y < limits.half else "bottom"


def is_spatial(relation: str) -> bool:
    """Whether boxes decide the relation."""
    return relation in _DIRECTIONS


def spatial(relation: str, subject: Box, other: Box) -> float:
    """How well `subject` stands in a spatial relation to `other`.

    Returns:
        0 on the wrong side; `ASIDE` on the right one; `ALIGNED` if the boxes also overlap along the other axis, as do
        neighbours in one row or one column.
    """
    axis, smaller = _DIRECTIONS[relation]
    mine, its = subject.centre[axis], other.centre[axis]
    if mine == its or (mine < its) != smaller:
        return 0.0
    return ALIGNED if _overlap(subject, other, 1 - axis) else ASIDE


def _overlap(one: Box, other: Box, axis: int) -> bool:
    if axis == HORIZONTAL:
        return one.x1 < other.x2 and other.x1 < one.x2
    return one.y1 < other.y2 and other.y1 < one.y2


def distance(one: Box, other: Box) -> float:
    """Between the centres, squared, in fractions of the picture."""
    return sum((a - b) ** 2 for a, b in zip(one.centre, other.centre, strict=True))


def is_measured(comparative: str) -> bool:
    """Whether boxes decide which of two objects is bigger, taller, higher and so on."""
    return comparative in _MEASURES


def exceeds(comparative: str, one: Box, other: Box, limits: Thresholds) -> bool | None:
    """Whether `one` is bigger (taller, lower, ...) than `other`; None where the two are about equal."""
    measure, more = _MEASURES[comparative]
    mine, its = measure(one), measure(other)
    if max(mine, its) < limits.clearly * min(mine, its):
        return None
    return (mine > its) == more


def is_large(box: Box, limits: Thresholds) -> bool:
    """Whether the longer side goes beyond `limits.large`."""
    return max(box.width, box.height) > limits.large
