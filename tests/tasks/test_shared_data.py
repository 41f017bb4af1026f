"""Real files in official formats: every row is read, or the error is the one that the file deserves."""

from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.errors import DataError
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.span import read_span
from xstilts.tasks.vqa import check_parallel, read_vqa

VQA = TaskSpec("xgqa", "vqa", EncodeSection(["en"], "accuracy", {}, features="xgqa"))
SPAN = TaskSpec("squad", "span", EncodeSection(["en"], "f1", {}))
XGQA_LANGUAGES = ("bn", "de", "en", "id", "ko", "pt", "ru", "zh")


@pytest.mark.parametrize(("split", "rows", "images"), [("dev", 1422, 50), ("train_48", 1490, 48)])
def test_xgqa_asks_the_same_questions_in_every_language(split: str, rows: int, images: int, shared_data: Path) -> None:
    folder = shared_data / "xgqa" / "few_shot"
    english = read_vqa(folder / "en" / f"{split}.json", "en", VQA).examples
    assert (len(english), len({one.image for one in english})) == (rows, images)
    assert {one.structural for one in english} == {"query", "verify", "logical", "choose", "compare"}
    languages = sorted(path.name for path in folder.iterdir())
    assert tuple(languages) == XGQA_LANGUAGES
    for language in languages:
        path = folder / language / f"{split}.json"
        check_parallel(folder / "en", english, path, read_vqa(path, language, VQA).examples)


def test_gqa_test_dev_is_read_in_both_layouts(shared_data: Path) -> None:
    whole = read_vqa(shared_data / "gqa_text" / "testdev.json", "en", VQA).examples
    part = read_vqa(shared_data / "gqa_text" / "testdev_balanced_questions.json", "en", VQA).examples
    assert (len(whole), len({one.image for one in whole}), len(part)) == (12578, 398, 1944)
    answers = {one.id: (one.question, one.image, one.answer) for one in whole}
    common = [one for one in part if one.id in answers]
    assert common
    assert all(answers[one.id] == (one.question, one.image, one.answer) for one in common)


def test_xquad_is_read_in_every_language(shared_data: Path) -> None:
    paths = sorted((shared_data / "xtreme" / "xquad").glob("xquad.*.json"))
    assert len(paths) == 12
    for path in paths:
        assert len(read_span(path, path.stem.split(".")[1], SPAN).examples) == 1190


def test_an_unlabelled_file_is_refused(shared_data: Path) -> None:
    folder = shared_data / "xtreme" / "tydiqa" / "tydiqa-goldp-v1.1-dev"
    with pytest.raises(DataError, match=r"tydiqa.goldp.bn.dev.json, row bengali-\S+: found the answer"):
        read_span(folder / "tydiqa.goldp.bn.dev.json", "bn", SPAN)
