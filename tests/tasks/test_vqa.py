"""GQA's, xGQA's, LXMERT's and HaVQA's questions: what is read, and one clear error for everything that is wrong."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.vqa import check_parallel, plain_answer

Read = Callable[..., Any]
Write = Callable[..., Path]
GQA: dict[str, dict[str, Any]] = {
    "201640614": {
        "semantic": [{"operation": "select", "dependencies": [], "argument": "dress (12)"}],
        "entailed": ["201640613"],
        "equivalent": ["201640614"],
        "question": "Who is wearing the dress?",
        "imageId": "n235859",
        "isBalanced": True,
        "groups": {"global": "person", "local": "14-dress_wearing,s"},
        "answer": "women",
        "semanticStr": "select: dress (12)->relate: person,wearing,s (7) [0]->query: name [1]",
        "annotations": {"answer": {"0": "7"}, "question": {}, "fullAnswer": {"1": "7", "5": "12"}},
        "types": {"detailed": "relS", "semantic": "rel", "structural": "query"},
        "fullAnswer": "The women are wearing a dress.",
    },
    "201307251": {
        "question": "Is it overcast?",
        "imageId": "n161313",
        "answer": "no",
        "types": {"detailed": "weather", "semantic": "global", "structural": "verify"},
    },
}
IMAGES = {"n235859", "n161313"}


def test_official_questions_are_read(write: Write, read: Read) -> None:
    reading = read("vqa", "gqa", write(GQA), images=IMAGES)
    first = VqaExample("201640614", "en", "Who is wearing the dress?", "n235859", "women", "query", "rel")
    assert reading.examples[0] == first
    assert [one.id for one in reading.examples] == ["201640614", "201307251"]
    assert not reading.skipped


LXMERT = {"img_id": "n161313", "label": {"no": 0.3, "yes": 1.0}, "question_id": "201307251", "sent": "Is it overcast?"}


def test_the_list_layout_is_read_with_its_scores_the_best_first(write: Write, read: Read) -> None:
    example = read("vqa", "lxmert", write(json.dumps([LXMERT])), images=IMAGES).examples[0]
    assert (example.id, example.question, example.image) == ("201307251", "Is it overcast?", "n161313")
    assert (example.answer, list(example.scores.items())) == ("yes", [("yes", 1.0), ("no", 0.3)])


def test_a_single_right_answer_needs_no_scores(write: Write, read: Read) -> None:
    examples = read("vqa", "lxmert", write(json.dumps([{**LXMERT, "label": {"no": 1.0}}])), images=IMAGES).examples
    assert examples == [VqaExample("201307251", "en", "Is it overcast?", "n161313", "no")]


HAVQA = {
    "qa_id": "0",
    "image_id": "2335177",
    "question_en": "What color is the man's shirt?",
    "question_ha": "Menene launin rigar mutumin?",
    "answer_en": "White.",
    "answer_ha": "Fari.",
    "split": "train",
}


def test_havqa_asks_in_two_languages_and_answers_in_one(write: Write, read: Read) -> None:
    path = write([HAVQA, {**HAVQA, "qa_id": "1", "split": "test"}], "pairs.jsonl")
    english, hausa = (read("vqa", "havqa", path, language=one, split="train").examples for one in ("en", "ha"))
    assert english == [VqaExample("0", "en", HAVQA["question_en"], "2335177", "white")]
    assert hausa == [VqaExample("0", "ha", HAVQA["question_ha"], "2335177", "white")]
    check_parallel(path, english, path, hausa)


@pytest.mark.parametrize(
    ("answer", "plain"), [("White.", "white"), (" On the Hill. ", "on the hill"), ("2.5", "2.5"), (".", ".")]
)
def test_havqa_s_answers_lose_capitals_and_full_stop(answer: str, plain: str) -> None:
    assert plain_answer(answer) == plain


def test_rows_may_have_the_answers_of_several_people(write: Write, read: Read) -> None:
    row = {"id": 1, "question": "How many?", "image": "7", "answers": ["2"] * 3 + ["Two"] + ["3"] * 6}
    (example,) = read("vqa", "rows", write([row], "r.jsonl"), images={"7"}).examples
    assert (example.answer, example.scores) == ("3", {"3": 1.0, "2": 0.9, "two": 0.3})


def test_rows_may_have_scores_and_types(write: Write, read: Read) -> None:
    row = {"id": 1, "question": "What?", "image": "n1.jpg", "answer": "cat"}
    types = {"structural": "query", "semantic": "obj", "scores": {"cat": 0.6, "dog": 0.9}}
    plain, full = read("vqa", "rows", write([row, {**row, "id": 2, **types}], "r.jsonl"), images={"n1"}).examples
    assert plain == VqaExample("1", "en", "What?", "n1", "cat")
    assert full == VqaExample("2", "en", "What?", "n1", "dog", "query", "obj", {"dog": 0.9, "cat": 0.6})


def changed(identifier: str, **fields: Any) -> dict[str, Any]:
    """The fixture with one question's fields changed; None takes the field away."""
    content = copy.deepcopy(GQA)
    content[identifier] = {k: v for k, v in {**content[identifier], **fields}.items() if v is not None}
    return content


TWICE = json.dumps(GQA["201307251"])
BAD = {
    "empty file": ("", None, "an empty file"),
    "no questions": ("{}", None, "no questions"),
    "broken JSON": ('{"1": {"question": "Is\n', "line 1", "broken JSON"),
    "a question that is not an object": ({"7": "Is it?"}, "7", "a str"),
    "no answer": (changed("201307251", answer=None), "201307251", "no answer"),
    "blank answer": (changed("201307251", answer=" "), "201307251", "an empty answer"),
    "number as answer": (changed("201307251", answer=2), "201307251", "answer 2"),
    "blank question": (changed("201640614", question=""), "201640614", "an empty question"),
    "unknown image": (changed("201307251", imageId="n9"), "201307251", "image 'n9'"),
    "no image": (changed("201307251", imageId=None), "201307251", "no imageId"),
    "another language": (changed("201307251", language="de"), "201307251", "language 'de'"),
    "an id twice": (f'{{"7": {TWICE}, "7": {TWICE}}}', "7", "id '7' again"),
    "a list": ("[1]", None, "questions in a list"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_error_that_names_the_row(case: str, write: Write, read: Read) -> None:
    content, row, found = BAD[case]
    path = write(content)
    place = re.escape(str(path) if row is None else f"{path}, row {row}")
    with pytest.raises(DataError, match=f"^{place}: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        read("vqa", "gqa", path, images=IMAGES)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([{**LXMERT, "label": {}}], "row 1: found no answer"),
        ([{**LXMERT, "label": {"no": 2}}], "row 1: found the answer 'no' with score 2"),
        ([{**LXMERT, "label": {" ": 1}}], "row 1: found the answer ' ' with score 1"),
        ([LXMERT, LXMERT], "row 2: found id '201307251' again (first in row 1)"),
        ({}, "found no list of questions"),
        (["x"], "row 1: found a str"),
    ],
)
def test_a_bad_list_is_one_error_that_names_the_row(rows: Any, complaint: str, write: Write, read: Read) -> None:
    with pytest.raises(DataError, match=re.escape(complaint)):
        read("vqa", "lxmert", write(json.dumps(rows)), images=IMAGES)


def test_a_missing_file_and_a_binary_file_are_errors(tmp_path: Path, read: Read) -> None:
    with pytest.raises(DataError, match=r"gone\.json: found no such file"):
        read("vqa", "gqa", tmp_path / "gone.json")
    (tmp_path / "photo.json").write_bytes(b'{"\xff\xfe')
    with pytest.raises(DataError, match=r"photo\.json: found a byte that is not UTF-8"):
        read("vqa", "gqa", tmp_path / "photo.json")


def test_images_are_checked_only_when_they_are_known(write: Write, read: Read) -> None:
    path = write(GQA)
    assert len(read("vqa", "gqa", path, images=None).examples) == 2
    with pytest.raises(DataError, match="one of the 0 images"):
        read("vqa", "gqa", path, images=set())


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ([("1", "n1", "yes")], "row 2: found no such question"),
        ([("1", "n1", "yes"), ("2", "n1", "no"), ("3", "n1", "no")], "row 3: found a question"),
        ([("1", "n1", "yes"), ("2", "n2", "no")], "row 2: found image 'n2', expected 'n1'"),
        ([("1", "n1", "yes"), ("2", "n1", "nein")], "row 2: found answer 'nein', expected 'no'"),
    ],
)
def test_languages_must_ask_the_same_questions(other: list[tuple[str, str, str]], complaint: str) -> None:
    english = [VqaExample("1", "en", "a?", "n1", "yes"), VqaExample("2", "en", "b?", "n1", "no")]
    german = [VqaExample(identifier, "de", "?", image, answer) for identifier, image, answer in other]
    check_parallel(Path("en.json"), english, Path("de.json"), list(reversed(english)))
    with pytest.raises(DataError, match=re.escape(f"de.json, {complaint}")):
        check_parallel(Path("en.json"), english, Path("de.json"), german)
