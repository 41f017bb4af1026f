"""GQA's and xGQA's question files: what is read, and one clear error for everything that is wrong."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import DataError
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.vqa import check_parallel, read_vqa

TASK = TaskSpec("sample", "vqa", EncodeSection(["en"], "accuracy", {}, features="gqa"))
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


def test_official_questions_are_read(write: Callable[..., Path]) -> None:
    reading = read_vqa(write(GQA), "en", TASK, IMAGES)
    first = VqaExample("201640614", "en", "Who is wearing the dress?", "n235859", "women", "query", "rel")
    assert reading.examples[0] == first
    assert [one.id for one in reading.examples] == ["201640614", "201307251"]
    assert not reading.skipped


def test_the_list_layout_is_read(write: Callable[..., Path]) -> None:
    rows = [
        {
            "img_id": "n161313",
            "label": {"no": 1.0, "yes": 0.3},
            "question_id": "201307251",
            "sent": "Is it overcast?",
        }
    ]
    examples = read_vqa(write(json.dumps(rows)), "en", TASK, IMAGES).examples
    assert examples == [VqaExample("201307251", "en", "Is it overcast?", "n161313", "no")]


def changed(identifier: str, **fields: Any) -> dict[str, Any]:
    """The fixture with one question's fields changed; None takes the field away."""
    content = copy.deepcopy(GQA)
    content[identifier] = {k: v for k, v in {**content[identifier], **fields}.items() if v is not None}
    return content


BAD = {
    "empty file": ("", None, "an empty file"),
    "no questions": ("{}", None, "no questions"),
    "broken JSON": ('{"1": {"question": "Is\n', "line 1", "broken JSON"),
    "a question that is no object": ({"7": "Is it?"}, "7", "a str"),
    "no answer": (changed("201307251", answer=None), "201307251", "no answer"),
    "blank answer": (changed("201307251", answer=" "), "201307251", "an empty answer"),
    "number as answer": (changed("201307251", answer=2), "201307251", "answer 2"),
    "blank question": (changed("201640614", question=""), "201640614", "an empty question"),
    "unknown image": (changed("201307251", imageId="n9"), "201307251", "image 'n9'"),
    "no image": (changed("201307251", imageId=None), "201307251", "no imageId"),
    "another language": (changed("201307251", language="de"), "201307251", "language 'de'"),
    "an id twice": ('{"7": {"question": "a"}, "7": {"question": "b"}}', "7", "id '7' again"),
    "a list row without answer": (
        '[{"img_id": "n161313", "label": {}, "question_id": "7", "sent": "a"}]',
        "1",
        "no answer",
    ),
    "a list id twice": (
        json.dumps([{"img_id": "n161313", "label": {"no": 1}, "question_id": "7", "sent": "a"}] * 2),
        "2",
        "id '7' again (first in row 1)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_error_that_names_the_row(case: str, write: Callable[..., Path]) -> None:
    content, row, found = BAD[case]
    path = write(content)
    place = re.escape(str(path) if row is None else f"{path}, row {row}")
    with pytest.raises(DataError, match=f"^{place}: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        read_vqa(path, "en", TASK, IMAGES)


def test_a_missing_file_and_a_binary_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.json: found no such file"):
        read_vqa(tmp_path / "gone.json", "en", TASK, IMAGES)
    (tmp_path / "photo.json").write_bytes(b'{"\xff\xfe')
    with pytest.raises(DataError, match=r"photo\.json: found a byte that is not UTF-8"):
        read_vqa(tmp_path / "photo.json", "en", TASK, IMAGES)


def test_images_are_checked_only_when_they_are_known(write: Callable[..., Path]) -> None:
    path = write(GQA)
    assert len(read_vqa(path, "en", TASK, None).examples) == 2
    with pytest.raises(DataError, match="one of the 0 images"):
        read_vqa(path, "en", TASK, set())


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
