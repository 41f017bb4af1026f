"""Answers cut out of contexts: windows, characters and "no answer", by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.score.predictions import windows_of
from xstilts.score.spans import Spans, span_scores, span_table

CONTEXT = "Der Hund, der rote, schläft."
WORDS = [(0, 3), (4, 8), (8, 9), (10, 13), (14, 18), (18, 19), (20, 27), (27, 28)]  # and signs, as characters


def window(name: str, number: int, words: slice, answers: list[str], language: str = "de") -> dict[str, Any]:
    """A row `<s> question </s></s> words </s>` of some words of the context."""
    places = [*[(-1, -1)] * 4, *WORDS[words], (-1, -1)]
    offsets = [character for place in places for character in place]
    row = {"id": name, "window": number, "language": language, "context": CONTEXT, "offsets": offsets}
    return {**row, "answer": "".join(answers[:1]), "answers": answers}


def spans(*each: tuple[int, int, float]) -> Spans:
    start, end, margin = zip(*each, strict=True)
    return Spans(np.array(start), np.array(end), np.array(margin, np.float32))


# Two questions in two windows each; the rows are in no order. Word n of a window is its token 4 + n.
ROWS = [
    window("b", 1, slice(4, 8), ["rote"]),
    window("a", 0, slice(0, 5), ["Hund"]),
    window("a", 1, slice(3, 8), ["Hund"]),
    window("b", 0, slice(0, 5), ["rote"]),
]


def test_windows_are_those_of_one_example() -> None:
    """Ids are the same in every language, so language and id together name an example."""
    rows = [*ROWS, window("a", 0, slice(0, 8), ["Hund"], "en")]
    assert [group.tolist() for group in windows_of(pa.Table.from_pylist(rows))] == [[3, 0], [1, 2], [4]]


def test_the_window_with_the_greatest_margin_answers() -> None:
    found = span_table(pa.Table.from_pylist(ROWS), spans((4, 4, 5.0), (5, 5, 2.0), (4, 5, 1.0), (4, 5, 4.0)))
    assert found["id"].to_pylist() == ["b", "a"]
    assert found["prediction"].to_pylist() == ["rote", "Hund"]
    assert found["margin"].to_pylist() == [5.0, 2.0]
    assert found["golds"].to_pylist() == [["rote"], ["Hund"]]
    other = span_table(pa.Table.from_pylist(ROWS), spans((4, 4, 5.0), (5, 5, 2.0), (4, 5, 2.5), (4, 6, 6.0)))
    assert other["prediction"].to_pylist() == ["Der Hund,", "der rote"]  # with the signs and blanks between


NEGATIVE = spans((4, 4, -5.0), (5, 5, -2.0), (4, 5, -1.0), (4, 5, -4.0))


def test_without_unanswerable_questions_every_question_is_answered() -> None:
    """SQuAD v1: "" is never right, so the best span is given even if no answer scores higher."""
    assert span_table(pa.Table.from_pylist(ROWS), NEGATIVE)["prediction"].to_pylist() == ["Der Hund", "der rote"]


def test_with_unanswerable_questions_silence_is_an_answer() -> None:
    """SQuAD v2: "" where no margin is positive, whether that is right or not."""
    rows = [ROWS[0], {**ROWS[1], "answers": [], "answer": ""}, {**ROWS[2], "answers": [], "answer": ""}, ROWS[3]]
    table = pa.Table.from_pylist(rows)
    assert span_table(table, NEGATIVE)["prediction"].to_pylist() == ["", ""]
    some = spans((4, 4, 0.5), (5, 5, -2.0), (4, 5, 0.0), (4, 5, -4.0))
    found = span_table(table, some)
    assert found["prediction"].to_pylist() == ["rote", ""]
    assert span_scores(found, "f1", "squad").scores == {"f1": {"de": 1.0}, "exact_match": {"de": 1.0}}


def test_a_window_without_context() -> None:
    nothing = spans((0, 0, -np.inf), (0, 0, -np.inf), (0, 0, -np.inf), (0, 0, -np.inf))
    assert span_table(pa.Table.from_pylist(ROWS), nothing)["prediction"].to_pylist() == ["", ""]


def predictions(*rows: tuple[str, str, list[str]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(("language", "prediction", "golds"), row, strict=True)) for row in rows])


def test_f1_and_exact_match_by_language() -> None:
    """Of several gold answers the nearest counts; half of the tokens right in one place gives an F1 of 2/3."""
    table = predictions(
        ("en", "the red dog", ["red dog", "a cat"]), ("en", "red dog", ["dog"]), ("de", "rot", ["blau"])
    )
    found = span_scores(table, "f1", "squad")
    assert found.scores == {
        "f1": {"de": 0.0, "en": pytest.approx((1 + 2 / 3) / 2, abs=1e-6)},
        "exact_match": {"de": 0.0, "en": 0.5},
    }
    assert found.rows == {"de": 1, "en": 2}
    assert list(span_scores(table, "exact_match", "squad").scores) == ["exact_match", "f1"]


def test_normalisation_knows_the_language() -> None:
    """MLQA's rules leave out German articles and part Chinese into characters; SQuAD's do neither."""
    table = predictions(("de", "der Hund", ["Hund"]), ("zh", "红狗", ["狗"]))
    assert span_scores(table, "f1", "mlqa").scores["f1"] == {"de": 1.0, "zh": pytest.approx(2 / 3, abs=1e-6)}
    assert span_scores(table, "f1", "squad").scores["f1"] == {"de": pytest.approx(2 / 3, abs=1e-6), "zh": 0.0}
