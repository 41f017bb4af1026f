"""A small parser of combinatory categorial grammar: whether words with these categories make a sentence."""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple


class Atom(NamedTuple):
    """`S[dcl]`, `NP`: a name and a feature, "" for none."""

    name: str
    feature: str


class Functor(NamedTuple):
    """`S\\NP`: what it yields, the slash, what it takes."""

    result: Category
    slash: str
    argument: Category


Category = Atom | Functor
PUNCTUATION = (Atom(",", ""), Atom(".", ""))
CONJUNCTION = Atom("conj", "")


def read(text: str) -> Category:
    """Read a category; slashes without brackets lean to the left."""
    tokens = re.findall(r"[()/\\]|[^()/\\]+", text)
    category = _read(tokens)
    assert not tokens, text
    return category


def _read(tokens: list[str]) -> Category:
    found = _part(tokens)
    while tokens and tokens[0] in "/\\":
        slash = tokens.pop(0)
        found = Functor(found, slash, _part(tokens))
    return found


def _part(tokens: list[str]) -> Category:
    token = tokens.pop(0)
    if token == "(":
        inner = _read(tokens)
        assert tokens.pop(0) == ")"
        return inner
    name, _, feature = token.partition("[")
    return Atom(name, feature.rstrip("]"))


def unify(wanted: Category, found: Category) -> dict[str, str] | None:
    """Features to fill in where `wanted` says none, or None if the two do not fit."""
    if isinstance(wanted, Atom) and isinstance(found, Atom):
        if wanted.name != found.name or (wanted.feature and found.feature and wanted.feature != found.feature):
            return None
        return {wanted.name: found.feature} if found.feature and not wanted.feature else {}
    if isinstance(wanted, Functor) and isinstance(found, Functor) and wanted.slash == found.slash:
        one, other = unify(wanted.result, found.result), unify(wanted.argument, found.argument)
        return None if one is None or other is None else {**other, **one}
    return None


def fill(category: Category, features: dict[str, str]) -> Category:
    """The category with features on the sentences that have none: a modifier of `S[dcl]` yields `S[dcl]`."""
    if isinstance(category, Functor):
        return Functor(fill(category.result, features), category.slash, fill(category.argument, features))
    feature = category.feature or (features.get("S", "") if category.name == "S" else "")
    return Atom(category.name, feature)


def combine(one: Category, other: Category) -> set[Category]:
    """What two neighbours make: application, composition, crossed composition, coordination, punctuation."""
    found: set[Category] = set()
    if isinstance(one, Functor) and one.slash == "/":
        found |= _apply(one, other)
        if isinstance(other, Functor) and other.slash == "/":
            found |= {Functor(result, "/", other.argument) for result in _apply(one, other.result)}
    if isinstance(other, Functor) and other.slash == "\\":
        found |= _apply(other, one)
        if isinstance(one, Functor) and one.slash == "/":
            found |= {Functor(result, "/", one.argument) for result in _apply(other, one.result)}
    if one == CONJUNCTION:
        found.add(Functor(other, "\\", other))
    if other in PUNCTUATION:
        found.add(one)
    return found


def _apply(functor: Functor, argument: Category) -> set[Category]:
    features = unify(functor.argument, argument)
    return set() if features is None else {fill(functor.result, features)}


def parses(categories: list[str]) -> set[str]:
    """The features of the sentences (`S[...]`) that the categories make, all together."""
    chart: dict[tuple[int, int], set[Category]] = {}
    for width in range(1, len(categories) + 1):
        for start in range(len(categories) - width + 1):
            end = start + width
            cell = {read(categories[start])} if width == 1 else set()
            for cut in range(start + 1, end):
                for one, other in product(chart[start, cut], chart[cut, end]):
                    cell |= combine(one, other)
            nouns = {Atom("NP", "") for one in cell if one == Atom("N", "")}  # a bare plural is a noun phrase
            chart[start, end] = cell | nouns
    return {one.feature for one in chart[0, len(categories)] if isinstance(one, Atom) and one.name == "S"}
