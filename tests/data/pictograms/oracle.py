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


def same_colour(things: list[Thing], one: str, other: str) -> str:
    return yes(colour(things, one) == colour(things, other))


def side(things: list[Thing], noun: str) -> str:
    return "left" if column(the(things, noun)) else "right"


def half(things: list[Thing], noun: str) -> str:
    return "top" if row(the(things, noun)) else "bottom"


def beside(things: list[Thing], one: str, other: str) -> str:
    return compare(things, one, other, "left", "right", x_of)


def stacked(things: list[Thing], one: str, other: str) -> str:
    return compare(things, one, other, "above", "below", y_of)


def size(things: list[Thing], noun: str) -> str:
    return {64: "small", 92: "large"}[the(things, noun)["w"]]


N, C = r"([a-z]+)", "(red|blue|green|yellow)"
A = rf"an? {N}"
RULES: list[tuple[str, Any]] = [
    (rf"(?:Is there|Can you see) {A} in the picture\?", lambda t, a: yes(there(t, a))),
    (rf"Does (?:the picture show|this image contain) {A}\?", lambda t, a: yes(there(t, a))),
    (rf"Is {A} visible here\?", lambda t, a: yes(there(t, a))),
    (rf"Do you see {A} anywhere\?", lambda t, a: yes(there(t, a))),
    (rf"Is any {N} shown in this image\?", lambda t, a: yes(there(t, a))),
    (rf"Is the {N} on a {C} card\?", lambda t, a, c: yes(colour(t, a) == c)),
    (rf"Is the card (?:with|of) the {N} {C}(?: in colour)?\?", lambda t, a, c: yes(colour(t, a) == c)),
    (rf"Does the {N} have a {C} card\?", lambda t, a, c: yes(colour(t, a) == c)),
    (rf"Is {C} the colour of the card with the {N}\?", lambda t, c, a: yes(colour(t, a) == c)),
    (rf"Are there both {A} and {A} in the picture\?", lambda t, a, b: yes(there(t, a) and there(t, b))),
    (rf"Does the picture show both {A} and {A}\?", lambda t, a, b: yes(there(t, a) and there(t, b))),
    (rf"Can you see {A} and also {A}\?", lambda t, a, b: yes(there(t, a) and there(t, b))),
    (rf"Does this image contain {A} as well as {A}\?", lambda t, a, b: yes(there(t, a) and there(t, b))),
    (rf"Are {A} and {A} both visible here\?", lambda t, a, b: yes(there(t, a) and there(t, b))),
    (rf"Is there {A} or {A} in the picture\?", lambda t, a, b: yes(there(t, a) or there(t, b))),
    (rf"Can you see {A} or {A} anywhere\?", lambda t, a, b: yes(there(t, a) or there(t, b))),
    (rf"Does this image contain {A} or {A}\?", lambda t, a, b: yes(there(t, a) or there(t, b))),
    (rf"Does the picture show either {A} or {A}\?", lambda t, a, b: yes(there(t, a) != there(t, b))),
    (rf"Is either {A} or {A} visible here\?", lambda t, a, b: yes(there(t, a) != there(t, b))),
    (rf"Is the card with the {N} larger than the card with the {N}\?", larger),
    (rf"Is the {N} on a larger card than the {N}\?", larger),
    (rf"Does the {N} have a bigger card than the {N}\?", larger),
    (rf"Is the card of the {N} bigger than that of the {N}\?", larger),
    (rf"Are the {N} and the {N} on cards of the same colour\?", same_colour),
    (rf"Do the card with the {N} and the card with the {N} have the same colour\?", same_colour),
    (rf"Is the card of the {N} the same colour as that of the {N}\?", same_colour),
    (rf"Do the {N} and the {N} share a card colour\?", same_colour),
    (rf"(?:Is|Where is) the {N},? on the left or on the right\?", side),
    (rf"On which side of the picture is the {N}, left or right\?", side),
    (rf"Is the {N} in the left or in the right half of the image\?", side),
    (rf"Can you see the {N} on the right or on the left side\?", side),
    (rf"(?:Is|Where is) the {N},? at the top or at the bottom\?", half),
    (rf"In which half of the picture is the {N}, top or bottom\?", half),
    (rf"Is the {N} in the top or in the bottom part of the image\?", half),
    (rf"Can you see the {N} at the bottom or at the top\?", half),
    (rf"Is the {N} to the left or to the right of the {N}\?", beside),
    (rf"Where is the {N}, left or right of the {N}\?", beside),
    (rf"On which side of the {N} is the {N}, left or right\?", lambda t, b, a: beside(t, a, b)),
    (rf"(?:Is|Where is) the {N},? above or below the {N}\?", stacked),
    (rf"Can you see the {N} below or above the {N}\?", stacked),
    (rf"Is the card with the {N} {C} or {C}\?", lambda t, a, c, d: choice(colour(t, a), c, d)),
    (rf"Is the {N} on a {C} or on a {C} card\?", lambda t, a, c, d: choice(colour(t, a), c, d)),
    (rf"Which colour is the card of the {N}, {C} or {C}\?", lambda t, a, c, d: choice(colour(t, a), c, d)),
    (rf"Does the {N} have a {C} or a {C} card\?", lambda t, a, c, d: choice(colour(t, a), c, d)),
    (rf"Is the card with the {N} small or large\?", size),
    (rf"Is the {N} on a small or on a large card\?", size),
    (rf"Which size is the card of the {N}, small or large\?", size),
    (rf"Does the {N} have a large or a small card\?", size),
    (rf"What is directly to the (left|right) of the {N}\?", direct),
    (rf"Which thing is directly (left|right) of the {N}\?", direct),
    (rf"What do you see just to the (left|right) of the {N}\?", direct),
    (rf"What stands (left|right) of the {N}\?", direct),
    (rf"(?:What|Which thing) is directly (above|below) the {N}\?", direct),
    (rf"What (?:do you see just|is placed) (above|below) the {N}\?", direct),
    (rf"What colour is the card with the {N}\?", colour),
    (rf"What is the colour of the card behind the {N}\?", colour),
    (rf"Which colour does the card of the {N} have\?", colour),
    (rf"On which colour do you see the {N}\?", colour),
    (rf"How many {N} (?:are there in the picture|does the picture show|can you see)\?", count),
    (rf"What is the number of {N} in this image\?", count),
    (rf"Which {N} is in the picture\?", only),
    (rf"What kind of {N} does the picture show\?", only),
    (rf"What {N} can you see\?", only),
    (rf"(?:What|Which thing) is on the {C} card\?", on_card),
    (rf"What does the {C} card show\?", on_card),
    (rf"What can you see on the {C} card\?", on_card),
]
