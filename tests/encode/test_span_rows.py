"""Rows of questions: one each, or one per window; every answer is found in the right one."""

from __future__ import annotations

from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.encode.kinds.span import CUT_OFF
from xstilts.tasks.examples import SpanExample

CONTEXT = "the cat sleeps on a red card where the dog says no and the Katze rests beside what is a dog 鴨小屋 yes"
ROOM = {"max_length": 24, "stride": 4}


def about(answer: str, identifier: str = "s", question: str = "where is it?") -> SpanExample:
    start = CONTEXT.index(answer) if answer else -1
    return SpanExample(identifier, "en", question, CONTEXT, start, answer, (answer,) if answer else ())


def said(row: dict[str, Any]) -> str:
    """The characters of the context under the row's span, by its offsets."""
    offsets = row["offsets"]
    return row["context"][offsets[2 * row["start"]] : offsets[2 * row["end"] + 1]].strip()


@pytest.mark.parametrize("answer", ["cat", "red card", "says no", "Katze", "鴨小屋", "yes"])
def test_the_windows_that_hold_the_answer_say_it_and_the_others_say_nothing(answer: str, encoded: Any) -> None:
    rows, columns = encoded("span", [about(answer)], split="dev", **ROOM)
    assert len(rows) > 2
    assert [row["window"] for row in rows] == list(range(len(rows)))
    holding = [row for row in rows if row["end"] > 0]
    assert 1 <= len(holding) < len(rows)
    assert all(said(row) == answer for row in holding)
    assert all((row["start"], row["end"]) == (0, 0) for row in rows if row not in holding)
    assert all(len(row["input_ids"]) <= 24 and row["answers"] == [answer] for row in rows)
    assert columns.truncated == 0


def test_windows_show_the_whole_context_and_always_the_question(encoded: Any) -> None:
    rows, _ = encoded("span", [about("cat")], split="dev", **ROOM)
    (whole,), _ = encoded("span", [about("cat")], split="dev", max_length=200)
    places = {tuple(pair) for row in rows for pair in zip(*[iter(row["offsets"])] * 2, strict=True)}
    assert places == {tuple(pair) for pair in zip(*[iter(whole["offsets"])] * 2, strict=True)}
    head = whole["offsets"].index(next(one for one in whole["offsets"] if one >= 0)) // 2
    assert all(row["input_ids"][:head] == whole["input_ids"][:head] for row in rows)
    assert whole["offsets"][-2:] == [-1, -1]


def test_a_context_that_fits_is_one_row_with_or_without_windows(encoded: Any) -> None:
    with_stride, _ = encoded("span", [about("cat")], split="dev", max_length=200, stride=16)
    without, _ = encoded("span", [about("cat")], split="dev", max_length=200)
    assert with_stride == without
    assert len(without) == 1


def test_training_rows_have_no_text_to_cut_answers_out_of(encoded: Any) -> None:
    (train,), _ = encoded("span", [about("cat")], max_length=200)
    (dev,), _ = encoded("span", [about("cat")], split="dev", max_length=200)
    assert (train["context"], train["offsets"]) == ("", [])
    assert {**dev, "context": "", "offsets": []} == train


@pytest.mark.parametrize("section", [ROOM, {"max_length": 200}])
def test_a_question_without_an_answer_points_at_the_first_token(section: Any, encoded: Any) -> None:
    rows, columns = encoded("span", [about("")], split="dev", **section)
    assert {(row["start"], row["end"], row["answer"], tuple(row["answers"])) for row in rows} == {(0, 0, "", ())}
    assert not columns.skipped


def test_an_answer_longer_than_a_window_is_skipped_in_training_and_kept_for_scoring(encoded: Any) -> None:
    long = about(CONTEXT[:70])
    with pytest.raises(DataError, match=r"row s: found an answer that no window of 24 tokens holds"):
        encoded("span", [long], **ROOM)
    rows, columns = encoded("span", [long, about("cat")], on_truncation="skip", **ROOM)
    assert {row["answer"] for row in rows} == {"cat"}
    assert columns.skipped == {CUT_OFF: 1}
    rows, columns = encoded("span", [long], split="test", **ROOM)
    assert {(row["start"], row["end"]) for row in rows} == {(0, 0)}
    assert not columns.skipped


def test_a_question_that_leaves_no_room_for_windows_is_an_error(encoded: Any) -> None:
    wordy = about("cat", question="where is the cat on the red card beside the dog where is it?")
    with pytest.raises(DataError, match=r"row s: found a question of \d+ tokens, expected at most 15"):
        encoded("span", [wordy], **ROOM)


def test_questions_about_one_context_do_not_mix(encoded: Any) -> None:
    examples = [about("cat", "a"), about("dog", "b"), about("yes", "c")]
    together, _ = encoded("span", examples, split="dev", **ROOM)
    alone = [row for one in examples for row in encoded("span", [one], split="dev", **ROOM)[0]]
    assert together == alone
