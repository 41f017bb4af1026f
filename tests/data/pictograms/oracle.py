"""Answers to English questions, worked out anew from a written scene graph, with none of the world's code."""

from __future__ import annotations

import re
from typing import Any

Graph = dict[str, Any]
Thing = dict[str, Any]
KINDS = {
    "animal": "dog cat horse pig sheep elephant giraffe rabbit snake turtle frog butterfly spider owl penguin snail",
    "food": "apple banana pear lemon pineapple watermelon coconut carrot"
    " potato onion mushroom avocado egg pizza hamburger cake",
    "vehicle": "car bus tractor bicycle motorcycle train airplane helicopter rocket sailboat",
}
PLURALS = {
    "sheep": "sheep",
    "butterflies": "butterfly",
    "potatoes": "potato",
    "buses": "bus",
    "churches": "church",
    "factories": "factory",
}


def answer(question: str, graph: Graph) -> str:
    """The answer to an English question on one scene graph, found by its words and the cards' pixels."""
    things = list(graph["objects"].values())
    for pattern, solve in RULES:
        match = re.fullmatch(pattern, question)
        if match:
            return str(solve(things, *match.groups()))
    raise AssertionError(f"no rule reads: {question}")


def the(things: list[Thing], noun: str) -> Thing:
    """The one thing of that name."""
    [thing] = [thing for thing in things if thing["name"] == noun]
    return thing


def there(things: list[Thing], noun: str) -> bool:
    return any(thing["name"] == noun for thing in things)


def yes(true: bool) -> str:
    return "yes" if true else "no"


def x_of(thing: Thing) -> float:
    return float(thing["x"] + thing["w"] / 2)


def y_of(thing: Thing) -> float:
    return float(thing["y"] + thing["h"] / 2)


def row(thing: Thing) -> bool:
    return y_of(thing) < 112


def column(thing: Thing) -> bool:
    return x_of(thing) < 112


def direct(things: list[Thing], direction: str, noun: str) -> str:
    """The name of what stands next to a thing in the same row or column."""
    thing = the(things, noun)
    same = row if direction in ("left", "right") else column
    before = direction in ("left", "above")
    place = x_of if direction in ("left", "right") else y_of
    line = [other for other in things if other is not thing and same(other) == same(thing)]
    [found] = [other for other in line if (place(other) < place(thing)) == before]
    return str(found["name"])


def compare(things: list[Thing], one: str, other: str, low: str, high: str, place: Any) -> str:
    """Which of two words holds of one thing against another; the two share a row or a column."""
    a, b = the(things, one), the(things, other)
    assert (row if place is x_of else column)(a) == (row if place is x_of else column)(b)
    return low if place(a) < place(b) else high


def colour(things: list[Thing], noun: str) -> str:
    return str(the(things, noun)["attributes"][0])


def count(things: list[Thing], plural: str) -> int:
    noun = PLURALS.get(plural, plural.removesuffix("s"))
    found = [thing for thing in things if thing["name"] == noun]
    assert found
    return len(found)


def only(things: list[Thing], kind: str) -> str:
    [name] = {thing["name"] for thing in things} & set(KINDS[kind].split())
    return str(name)


def on_card(things: list[Thing], wanted: str) -> str:
    [thing] = [thing for thing in things if thing["attributes"][0] == wanted]
    return str(thing["name"])


def larger(things: list[Thing], one: str, other: str) -> str:
    a, b = the(things, one), the(things, other)
    assert a["w"] != b["w"]
    return yes(a["w"] > b["w"])


def choice(found: str, *offered: str) -> str:
    assert found in offered
    return found


N, C = r"([a-z]+)", "(red|blue|green|yellow)"
RULES: list[tuple[str, Any]] = [
    (rf"Is there an? {N} in the picture\?", lambda t, a: yes(there(t, a))),
    (rf"Does the picture show an? {N}\?", lambda t, a: yes(there(t, a))),
    (rf"Can you see an? {N} in the picture\?", lambda t, a: yes(there(t, a))),
    (rf"Is the {N} on a {C} card\?", lambda t, a, c: yes(colour(t, a) == c)),
    (rf"Is the card with the {N} {C}\?", lambda t, a, c: yes(colour(t, a) == c)),
    (
        rf"Are there both an? {N} and an? {N} in the picture\?",
        lambda t, a, b: yes(there(t, a) and there(t, b)),
    ),
    (rf"Does the picture show both an? {N} and an? {N}\?", lambda t, a, b: yes(there(t, a) and there(t, b))),
    (rf"Is there an? {N} or an? {N} in the picture\?", lambda t, a, b: yes(there(t, a) or there(t, b))),
    (rf"Does the picture show either an? {N} or an? {N}\?", lambda t, a, b: yes(there(t, a) != there(t, b))),
    (rf"Is the card with the {N} larger than the card with the {N}\?", larger),
    (rf"Is the {N} on a larger card than the {N}\?", larger),
    (
        rf"Are the {N} and the {N} on cards of the same colour\?",
        lambda t, a, b: yes(colour(t, a) == colour(t, b)),
    ),
    (
        rf"Do the card with the {N} and the card with the {N} have the same colour\?",
        lambda t, a, b: yes(colour(t, a) == colour(t, b)),
    ),
    (rf"Is the {N} on the left or on the right\?", lambda t, a: "left" if column(the(t, a)) else "right"),
    (
        rf"On which side of the picture is the {N}, left or right\?",
        lambda t, a: "left" if column(the(t, a)) else "right",
    ),
    (rf"Is the {N} at the top or at the bottom\?", lambda t, a: "top" if row(the(t, a)) else "bottom"),
    (
        rf"In which half of the picture is the {N}, top or bottom\?",
        lambda t, a: "top" if row(the(t, a)) else "bottom",
    ),
    (
        rf"Is the {N} to the left or to the right of the {N}\?",
        lambda t, a, b: compare(t, a, b, "left", "right", x_of),
    ),
    (
        rf"On which side of the {N} is the {N}, left or right\?",
        lambda t, b, a: compare(t, a, b, "left", "right", x_of),
    ),
    (rf"Is the {N} above or below the {N}\?", lambda t, a, b: compare(t, a, b, "above", "below", y_of)),
    (rf"Is the card with the {N} {C} or {C}\?", lambda t, a, c, d: choice(colour(t, a), c, d)),
    (rf"Is the {N} on a {C} or on a {C} card\?", lambda t, a, c, d: choice(colour(t, a), c, d)),
    (
        rf"Is the card with the {N} small or large\?",
        lambda t, a: {64: "small", 92: "large"}[the(t, a)["w"]],
    ),
    (
        rf"Is the {N} on a small or on a large card\?",
        lambda t, a: {64: "small", 92: "large"}[the(t, a)["w"]],
    ),
    (rf"What is directly to the (left|right) of the {N}\?", direct),
    (rf"Which thing is directly (left|right) of the {N}\?", direct),
    (rf"(?:What|Which thing) is directly (above|below) the {N}\?", direct),
    (rf"What colour is the card with the {N}\?", colour),
    (rf"What is the colour of the card behind the {N}\?", colour),
    (rf"How many {N} (?:are there in the picture|does the picture show)\?", count),
    (rf"Which {N} is in the picture\?", only),
    (rf"What kind of {N} does the picture show\?", only),
    (rf"(?:What|Which thing) is on the {C} card\?", on_card),
]
