"""What kind of answer stands where which kind was right: how much of a gap between languages is one of format.

A model that names a thing where the question asks for yes or no has not understood the question, whatever it sees.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.files import open_rows
from xstilts.base.kinds import covers
from xstilts.report.cells.metrics import DIGITS, ENGLISH, NAMES, ZERO_SHOT, read_scores

NUMBERS = "zero one two three four five six seven eight nine ten".split()
COLOURS = "black white gray grey red orange yellow green blue purple pink brown tan beige gold silver".split()
PLACES = "left right top bottom above below front behind middle center".split()
SIZES = "small large big little short tall long".split()
WORDS = {"yes or no": ["yes", "no"], "number": NUMBERS, "colour": COLOURS, "place": PLACES, "size": SIZES}
NAME = "name"  # any other answer: of a thing, mostly
_KIND = {word: kind for kind, words in WORDS.items() for word in words}
Shares = dict[tuple[str, str], float]  # (kind of the right answer, kind of the given one) -> share of the former


def answer_kind(answer: str) -> str:
    """The kind of an English answer: yes or no, a number, colour, place or size, or a name."""
    return "number" if answer.isdecimal() else _KIND.get(answer, NAME)


# By what the answers of a kind of task are told apart; None: they are not.
_TOLD_APART: dict[str, Callable[[str], str] | None] = {
    "vqa": answer_kind,
    "classification": str,  # each label is its own kind
    **dict.fromkeys(("layout", "choice", "matching", "span", "tagging", "retrieval")),
}
TOLD_APART = covers(_TOLD_APART, "xstilts.report.cells.confusion.TOLD_APART", needs=lambda kind: kind.is_scored)


def confusion_rows(scores: Path) -> list[dict[str, Any]]:
    """Rows for `dvc plots` from one cell's folder of scores (scores.json and predictions.arrow).

    Answers of a vqa task are told apart by kind, those of a classification task by label; other tasks have no rows.

    Returns:
        `where` (English, or zero-shot: the unweighted mean over the other languages), `right`, `given`, and `share` of
        the examples with that right answer, 0..1.
    """
    name = TOLD_APART[read_scores(scores / "scores.json")["kind"]]
    if name is None:
        return []
    table = open_rows(scores / "predictions.arrow").select(["language", "gold", "prediction"])
    by_language = {language: _shares(table, language, name) for language in sorted(set(table["language"].to_pylist()))}
    others = [shares for language, shares in by_language.items() if language != ENGLISH]
    parts = {ENGLISH: by_language.get(ENGLISH, {}), ZERO_SHOT: _mean(others)}
    return [
        {"where": NAMES[where], "right": right, "given": given, "share": round(share, DIGITS)}
        for where, shares in parts.items()
        for (right, given), share in sorted(shares.items())
    ]


def _shares(table: pa.Table, language: str, name: Callable[[str], str]) -> Shares:
    rows = table.filter(pc.equal(table["language"], language))
    columns = ([name(text) for text in rows[column].to_pylist()] for column in ("gold", "prediction"))
    pairs = Counter(zip(*columns, strict=True))
    right: Counter[str] = Counter()
    for (gold, _), count in pairs.items():
        right[gold] += count
    return {pair: count / right[pair[0]] for pair, count in pairs.items()}


def _mean(languages: Sequence[Shares]) -> Shares:
    """The mean over the languages that have examples with that right answer; a pair that one lacks is 0 there."""
    means = {}
    for pair in {pair for shares in languages for pair in shares}:
        having = [shares for shares in languages if any(right == pair[0] for right, _ in shares)]
        means[pair] = fmean(shares.get(pair, 0.0) for shares in having)
    return means
