"""What the schema of a task file refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from xstilts.base.errors import ParameterError
from xstilts.encode.members import load_mixture
from xstilts.tasks.schema import load_task, named_files, split_languages

ROOT = Path(__file__).parents[2]


GQA: dict[str, Any] = {
    "languages": ["en"],
    "metric": "accuracy",
    "features": "gqa",
    "files": {"train": "train.json", "dev": "dev.json"},
}


XGQA = {
    **GQA,
    "languages": ["en", "de"],
    "files": {"train": "train.json", "dev": "dev.json", "test": "{language}.json"},
}
TEXT = {**GQA, "features": None}


def files(**changed: Any) -> dict[str, Any]:
    """The section with other files."""
    return {**GQA, "files": {**GQA["files"], **changed}}


def load(tmp_path: Path, kind: str, section: dict[str, Any]) -> None:
    """Load a task `sample` of this kind from a folder of parameter files."""
    (tmp_path / "stages" / "tasks").mkdir(parents=True)
    defaults = {"encode": {"max_length": 64, "seed": 0, "sampling": {"cap": 5}}}
    (tmp_path / "stages" / "defaults.yaml").write_text(yaml.safe_dump(defaults), encoding="utf-8")
    content = yaml.safe_dump({"kind": kind, "encode": section})
    (tmp_path / "stages" / "tasks" / "sample.yaml").write_text(content, encoding="utf-8")
    load_mixture("sample") if kind == "mixture" else load_task("sample")


@pytest.mark.parametrize(
    ("kind", "section", "complaint"),
    [
        ("vqaa", GQA, "unknown kind 'vqaa'. Did you mean 'vqa'"),
        ("vqa", {**GQA, "langauges": ["en"]}, "unknown key 'langauges'. Did you mean 'languages'"),
        ("vqa", {**GQA, "sampling": {"cap": 3}}, "unknown key 'sampling'"),
        ("vqa", {"metric": "accuracy"}, "missing languages, files"),
        ("vqa", {**GQA, "languages": []}, "languages is empty"),
        ("vqa", {**GQA, "languages": ["en", "xx"]}, "unknown language 'xx'"),
        ("vqa", {**GQA, "languages": [False]}, "languages is"),
        ("vqa", {**GQA, "languages": ["en", "en"]}, "'en' is listed twice"),
        ("vqa", {**GQA, "languages": ["en", "de"]}, "2 languages, but no path in files has {language}"),
        (
            "vqa",
            {**GQA, "files": {"train": "a", "dev": "b", "tset": "c"}},
            "unknown split 'tset' in files. Did you mean 'test'",
        ),
        ("vqa", {**GQA, "files": {"train": "a"}}, "files has no dev"),
        (
            "vqa",
            {**GQA, "metric": "acuracy"},
            "unknown metric 'acuracy' of a vqa task. Did you mean 'accuracy'",
        ),
        ("matching", {**GQA, "features": None}, "missing features, the image features of a matching task"),
        ("vqa", {**GQA, "labels": ["yes", "no"]}, "labels belongs to a classification or tagging task"),
        ("vqa", {**GQA, "format": "gqaa"}, "unknown format 'gqaa' of a vqa task. Did you mean 'gqa'"),
        ("vqa", files(dev="lxmrt:dev.json"), "files.dev: unknown format 'lxmrt' of a vqa task. Did you mean 'lxmert'"),
        ("vqa", files(train=[]), "files.train is empty"),
        ("vqa", files(train=3), "files is"),
        ("vqa", files(train=["vqav2:q.json", "a.json"]), "format 'vqav2' is read from 2 files"),
        ("vqa", files(train="train-{langauge}.json"), "unknown placeholder {langauge}. Did you mean '{language}'"),
        ("vqa", files(train="train_{shots}.json"), "files.train has {shots}, but shots is 0"),
        ("vqa", {**GQA, "shots": -1}, "shots is -1, expected 0 to 100,000"),
        ("vqa", {**GQA, "train_languages": ["de"]}, "train_languages has another language 'de'"),
        ("vqa", {**XGQA, "train_languages": ["de", "de"]}, "train_languages: language 'de' is listed twice"),
        ("vqa", {**XGQA, "train_languages": ["de"]}, "'train.json' is in 'en', which is not among the train_languages"),
        ("vqa", {**GQA, "overlap": "drop"}, "overlap is 'drop', expected one of error, skip"),
        ("vqa", {**GQA, "stride": 8}, "stride belongs to a span task"),
        ("matching", {**GQA, "negatives": 0}, "negatives is 0, expected 1 to 100"),
        ("vqa", {**GQA, "max_length": 4}, "max_length is 4"),
        ("vqa", {**GQA, "max_length": "64"}, "max_length is '64', expected int"),
        ("vqa", {**GQA, "min_count": 0}, "min_count is 0"),
        ("classification", GQA, "labels is []"),
        ("classification", {**GQA, "labels": ["a", "a"]}, "two or more distinct labels"),
        ("span", {**GQA, "metric": "f1"}, "a span task has no images"),
        ("tagging", {**GQA, "metric": "f1"}, "a tagging task has no images"),
        ("tagging", {**TEXT, "metric": "f1", "labels": ["O"]}, "two or more distinct labels"),
        ("mlm", GQA, "a mlm task has no images"),
        ("retrieval", {**GQA, "files": {"test": "rows:{language}.json"}}, "a retrieval task has no images"),
        ("retrieval", TEXT, "files has train, dev, but a retrieval task has only test"),
        ("retrieval", {**TEXT, "files": {"test": "bucc:a.zh"}}, "format 'bucc' is read from 3 files"),
        ("span", {**TEXT, "metric": "f1", "stride": 64}, "stride is 64, expected less than max_length, 64"),
        ("span", {**TEXT, "metric": "f1", "stride": -1}, "stride is -1, expected 0 to 8,192"),
        ("span", {**GQA, "metric": "f1", "on_truncation": "drop"}, "expected one of error, skip"),
        ("mixture", {}, "missing members"),
        ("mixture", {"members": ["gqa"]}, "unknown member 'gqa'"),
        ("mixture", {"members": ["sample", "sample"]}, "'sample' is listed twice"),
        ("mixture", {"members": [], "max_length": 3}, "unknown key 'max_length'"),
        (
            "mixture",
            {"members": [], "sampling": {"rule": "random"}},
            "expected one of proportional, temperature",
        ),
        ("mixture", {"members": [], "sampling": {"temperature": 0}}, "temperature is 0, expected above 0 to infinity"),
        ("mixture", {"members": [], "sampling": {"T": 2}}, "unknown key 'T'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    kind: str, section: dict[str, Any], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError) as error:
        load(tmp_path, kind, section)
    assert complaint in str(error.value)
    assert str(error.value).startswith("stages/tasks/sample.yaml")
    assert "\n" not in str(error.value)


def test_values_that_go_together_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load(tmp_path, "vqa", {**XGQA, "languages": ["en", "de", "pt"], "train_languages": ["pt", "en"]})
    section = load_task("sample").encode
    assert split_languages(section, "train") == ["pt", "en"]
    assert split_languages(section, "dev") == ["en"]
    assert split_languages(section, "test") == ["en", "de", "pt"]


def test_one_file_may_hold_all_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = dict.fromkeys(("train", "dev", "test"), "pairs.jsonl")
    load(tmp_path, "vqa", {**GQA, "languages": ["en", "ha"], "format": "havqa", "files": pairs})
    assert named_files(load_task("sample").encode, "vqa", "test") == [("havqa", "pairs.jsonl")]


def test_a_tagging_task_may_leave_its_tags_to_the_training_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    load(tmp_path, "tagging", {**TEXT, "metric": "f1"})
    assert load_task("sample").encode.labels == []


def test_a_task_is_not_a_mixture_and_a_mixture_not_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(ParameterError, match=r"all is a mixture; run stages/mixture\.py all"):
        load_task("all")
    with pytest.raises(ParameterError, match=r"gqa is not a mixture; run stages/tokenized\.py gqa"):
        load_mixture("gqa")


def test_the_stage_and_the_file_must_agree_on_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert load_mixture("text", ["mnli", "squad"]).members == ("squad", "mnli")
    with pytest.raises(ParameterError, match="members are squad, mnli, but the stage was given gqa"):
        load_mixture("text", ["gqa"])
