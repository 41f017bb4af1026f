"""Whether English claims are true of written scene graphs, by their words and the cards' pixels."""

from __future__ import annotations

import re
from typing import Any

Graph = dict[str, Any]
Thing = dict[str, Any]
IRREGULAR = {"sheep": "sheep", "butterflies": "butterfly", "potatoes": "potato", "buses": "bus"}
IRREGULAR |= {"churches": "church", "factories": "factory"}
N, C = r"([a-z]+)", "(red|blue|green|yellow)"
A = rf"an? {N}"


def things(graph: Graph) -> list[Thing]:
    return list(graph["objects"].values())


def the(graph: Graph, noun: str) -> Thing:
    """The one thing of that name."""
    [thing] = [thing for thing in things(graph) if thing["name"] == noun]
    return thing


def count(graph: Graph, noun: str) -> int:
    return sum(thing["name"] == noun for thing in things(graph))


def singular(plural: str) -> str:
    return IRREGULAR.get(plural, plural.removesuffix("s"))


def middle(thing: Thing) -> tuple[float, float]:
    return thing["x"] + thing["w"] / 2, thing["y"] + thing["h"] / 2


def left(graph: Graph, noun: str) -> bool:
    return middle(the(graph, noun))[0] < 112


def top(graph: Graph, noun: str) -> bool:
    return middle(the(graph, noun))[1] < 112


def before(graph: Graph, one: str, other: str, axis: int) -> bool:
    """Whether one stands before the other on an axis; on the other axis they are about level."""
    a, b = middle(the(graph, one)), middle(the(graph, other))
    assert abs(a[1 - axis] - b[1 - axis]) < 56
    assert abs(a[axis] - b[axis]) > 56
    return a[axis] < b[axis]


def colour(graph: Graph, noun: str) -> str:
    return str(the(graph, noun)["attributes"][0])


def width(graph: Graph, noun: str) -> int:
    return int(the(graph, noun)["w"])


def wider(graph: Graph, one: str, other: str) -> bool:
    assert width(graph, one) != width(graph, other)
    return width(graph, one) > width(graph, other)


def card(graph: Graph, noun: str, wanted: str) -> bool:
    return any((thing["name"], thing["attributes"][0]) == (noun, wanted) for thing in things(graph))


ONE: list[tuple[str, Any]] = [
    (rf"There is {A} in the picture\.", lambda g, a: count(g, a) > 0),
    (rf"There is no {N} in the picture\.", lambda g, a: count(g, a) == 0),
    (rf"The {N} is on a {C} card\.", lambda g, a, c: colour(g, a) == c),
    (rf"The card with the {N} is small\.", lambda g, a: width(g, a) == 64),
    (rf"The card with the {N} is large\.", lambda g, a: width(g, a) == 92),
    (rf"The {N} is on the left\.", left),
    (rf"The {N} is on the right\.", lambda g, a: not left(g, a)),
    (rf"The {N} is at the top\.", top),
    (rf"The {N} is at the bottom\.", lambda g, a: not top(g, a)),
    (rf"The {N} is to the left of the {N}\.", lambda g, a, b: before(g, a, b, 0)),
    (rf"The {N} is to the right of the {N}\.", lambda g, a, b: before(g, b, a, 0)),
    (rf"The {N} is above the {N}\.", lambda g, a, b: before(g, a, b, 1)),
    (rf"The {N} is below the {N}\.", lambda g, a, b: before(g, b, a, 1)),
    (
        rf"The card with the {N} and the card with the {N} have the same colour\.",
        lambda g, a, b: colour(g, a) == colour(g, b),
    ),
    (
        rf"The card with the {N} and the card with the {N} have different colours\.",
        lambda g, a, b: colour(g, a) != colour(g, b),
    ),
    (rf"The card with the {N} is larger than the card with the {N}\.", wider),
    (rf"The card with the {N} is smaller than the card with the {N}\.", lambda g, a, b: wider(g, b, a)),
    (rf"The number of {N} in the picture is (\d)\.", lambda g, a, n: count(g, singular(a)) == int(n)),
]
TWO: list[tuple[str, Any]] = [
    (rf"The left picture shows {A}\.", lambda x, y, a: count(x, a) > 0),
    (rf"The right picture shows {A}\.", lambda x, y, a: count(y, a) > 0),
    (rf"Both pictures show {A}\.", lambda x, y, a: min(count(x, a), count(y, a)) > 0),
    (rf"Only one of the two pictures shows {A}\.", lambda x, y, a: (count(x, a) > 0) + (count(y, a) > 0) == 1),
    (rf"Neither of the two pictures shows {A}\.", lambda x, y, a: count(x, a) + count(y, a) == 0),
    (rf"In the left picture there is {A} on a {C} card\.", lambda x, y, a, c: card(x, a, c)),
    (rf"In the right picture there is {A} on a {C} card\.", lambda x, y, a, c: card(y, a, c)),
    (
        r"There are more cards in the left picture than in the right one\.",
        lambda x, y: len(things(x)) > len(things(y)),
    ),
    (
        r"There are more cards in the right picture than in the left one\.",
        lambda x, y: len(things(x)) < len(things(y)),
    ),
    (r"There are equally many cards in the two pictures\.", lambda x, y: len(things(x)) == len(things(y))),
    (
        rf"The number of {N} in the two pictures is (\d)\.",
        lambda x, y, a, n: count(x, singular(a)) + count(y, singular(a)) == int(n),
    ),
]
UNDECIDED = re.compile(r"\b(next picture|Tomorrow|The back of|newer than|cost the same)\b")


def true_of(sentence: str, graph: Graph) -> bool:
    """Whether a claim about one picture is true of it."""
    return _judge(ONE, sentence, graph)


def true_of_pair(sentence: str, left_graph: Graph, right_graph: Graph) -> bool:
    """Whether a claim about two pictures is true of them."""
    return _judge(TWO, sentence, left_graph, right_graph)


def _judge(rules: list[tuple[str, Any]], sentence: str, *graphs: Graph) -> bool:
    for pattern, solve in rules:
        match = re.fullmatch(pattern, sentence)
        if match:
            return bool(solve(*graphs, *match.groups()))
    raise AssertionError(f"no rule reads: {sentence}")
