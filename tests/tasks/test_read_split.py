"""A split in all its languages: which files it is made of, and what they must agree on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import DataError
from xstilts.tasks import READERS, read_split, split_files
from xstilts.tasks.schema import METRICS, EncodeSection, TaskSpec

FILES = {"train": "train/en.json", "dev": "dev/en.json", "test": "test/{language}.json"}
XGQA = TaskSpec("xgqa", "vqa", EncodeSection(["en", "de"], "accuracy", FILES, features="xgqa"))


def question(text: str, answer: str = "yes") -> dict[str, Any]:
    return {"question": text, "imageId": "n1", "answer": answer}


def test_every_kind_has_a_reader() -> None:
    assert READERS.keys() == METRICS.keys()


def test_languages_follow_each_other(write: Callable[..., Path], tmp_path: Path) -> None:
    write({"1": question("Is it?"), "2": question("Is she?")}, "test/en.json")
    write({"1": question("Ist es?"), "2": question("Ist sie?")}, "test/de.json")
    examples = read_split(XGQA, "test", tmp_path, {"n1"}).examples
    assert [(one.id, one.language) for one in examples] == [
        ("1", "en"),
        ("2", "en"),
        ("1", "de"),
        ("2", "de"),
    ]


def test_a_file_without_language_in_its_name_is_in_the_first(write: Callable[..., Path], tmp_path: Path) -> None:
    write({"1": question("Is it?")}, "train/en.json")
    assert [one.language for one in read_split(XGQA, "train", tmp_path).examples] == ["en"]


def test_a_missing_language_is_an_error(write: Callable[..., Path], tmp_path: Path) -> None:
    write({"1": question("Is it?")}, "test/en.json")
    with pytest.raises(DataError, match=r"test/de\.json: found no such file"):
        read_split(XGQA, "test", tmp_path)


def test_an_unlisted_language_is_an_error(write: Callable[..., Path], tmp_path: Path) -> None:
    for language in ("en", "de", "xx"):
        write({"1": question("?")}, f"test/{language}.json")
    with pytest.raises(DataError, match=r"test/xx\.json: found language 'xx', expected one of en, de; "):
        split_files(XGQA, "test", tmp_path)


def test_languages_with_different_answers_are_an_error(write: Callable[..., Path], tmp_path: Path) -> None:
    write({"1": question("Is it?")}, "test/en.json")
    write({"1": question("Ist es?", "ja")}, "test/de.json")
    with pytest.raises(DataError, match=r"test/de\.json, row 1: found answer 'ja', expected 'yes'"):
        read_split(XGQA, "test", tmp_path)
