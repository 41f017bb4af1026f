"""Rows of Parquet files in the format `rows`: nested columns, lists of columns, names of classes, languages."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json
from xstilts.data.expected import Expected
from xstilts.data.hub import Hub, hub_of, write_hub

# As `datasets` 5 (List) and earlier versions (Sequence) write them.
FOOTERS = {
    "list": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "List"},
    "sequence": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "Sequence"},
}


def parquet(rows: list[dict[str, Any]], features: dict[str, Any] | None = None) -> bytes:
    table = pa.Table.from_pylist(rows)
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def written(
    hub: Any, content: bytes, columns: dict[str, Any], labels: list[str] | None = None, names_labels: bool = True
) -> list[dict[str, Any]]:
    """What becomes of one Parquet file of a test split."""
    hub.files = {"data/test.parquet": content}
    section = Hub(hub.REPO, hub.commit, {"test": "test"}, columns, labels=labels or [])
    files = hub_of(section, Expected(["en"], {"test": "test.jsonl"}), "here", names_labels)
    write_hub(files, Path("out"), "", "").write()
    return [json.loads(line) for line in Path("out/test.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()


def test_a_choice_is_the_place_of_its_name(hub: Any) -> None:
    row = {
        "id": "7",
        "question": "Where?",
        "choices": {"label": ["A", "B"], "text": ["here", "there"]},
        "answerKey": "B",
    }
    columns = {"id": "id", "text": "question", "choices": "choices.text", "label": "answerKey"}
    assert written(hub, parquet([row]), columns, ["A", "B"]) == [
        {"id": "7", "text": "Where?", "choices": ["here", "there"], "label": 1}
    ]


@pytest.mark.parametrize("label", [1, "1"])
def test_choices_may_be_columns_of_their_own(hub: Any, label: Any) -> None:
    row = {"context": "It rains.", "answer0": "a", "answer1": "b", "label": label}
    columns = {"text": "context", "choices": ["answer0", "answer1"], "label": "label"}
    assert written(hub, parquet([row]), columns) == [
        {"id": "test-0", "text": "It rains.", "choices": ["a", "b"], "label": 1}
    ]


@pytest.mark.parametrize("label", ["", "third"])
def test_a_choice_without_a_number_is_an_error(hub: Any, label: str) -> None:
    row = {"context": "It rains.", "answer0": "a", "answer1": "b", "label": label}
    with pytest.raises(DataError, match=rf"data/test\.parquet, row 0: found label '{label}', expected the number"):
        written(hub, parquet([row]), {"text": "context", "choices": ["answer0", "answer1"], "label": "label"})


def test_answers_of_a_span_keep_their_places(hub: Any) -> None:
    answers = {"text": ["Pau", "Pau"], "answer_start": [3, 9]}
    row = {"id": "5", "context": "In Pau or Pau", "question": "Where?", "answers": answers}
    columns = {key: key for key in row}
    assert written(hub, parquet([row]), columns) == [row]


@pytest.mark.parametrize("footer", sorted(FOOTERS))
def test_numbers_of_tags_become_their_names(hub: Any, footer: str) -> None:
    rows = [{"tokens": ["Pau", "is"], "ner_tags": [1, 0]}]
    content = parquet(rows, {"ner_tags": FOOTERS[footer]})
    columns = {"words": "tokens", "tags": "ner_tags"}
    assert written(hub, content, columns) == [{"id": "test-0", "words": ["Pau", "is"], "tags": ["B-PER", "O"]}]


def test_a_label_that_is_a_number_itself_stays_one(hub: Any) -> None:
    """Of a kind that lists no labels: a score is no place in a list, whatever the footer names."""
    content = parquet([{"text": "Pau", "score": 4}], {"score": {"names": ["low", "high"], "_type": "ClassLabel"}})
    columns = {"text": "text", "label": "score"}
    assert written(hub, content, columns, names_labels=False) == [{"id": "test-0", "text": "Pau", "label": 4}]


def test_numbers_without_a_name_are_an_error(hub: Any) -> None:
    rows = [{"tokens": ["Pau"], "ner_tags": [0]}, {"tokens": ["Pau"], "ner_tags": [2]}]
    with pytest.raises(DataError, match=r"row 1: found tags 2, expected one of the 2 numbers that have a name"):
        written(hub, parquet(rows), {"words": "tokens", "tags": "ner_tags"}, ["O", "B-PER"])


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ({"q": None}, "q", "row 0: found no value in 'q', expected one in every row"),
        ({"q": {"a": "b"}}, "q.c", r"row 0: found no value in 'q\.c'"),
        ({"q": {"bytes": b"PNG", "path": "1.png"}}, "q", "row 0: found text that holds more than text and numbers"),
    ],
)
def test_values_that_are_not_there_or_no_text_are_errors(hub: Any, row: Any, column: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        written(hub, parquet([row, {"q": row["q"]}]), {"text": column})


LANGUAGES = Expected(["en", "de"], {"dev": "dev.jsonl", "test": "test.{language}.jsonl"})


def test_languages_are_configurations_or_splits(hub: Any) -> None:
    texts = {"dev": "english dev", "en": "english", "de": "deutsch"}
    rows = {key: parquet([{"q": text}]) for key, text in texts.items()}
    hub.files = {
        "q.en/test/0000.parquet": rows["en"],
        "q.de/test/0000.parquet": rows["de"],
        "q.en/dev-0.parquet": rows["dev"],
    }
    section = Hub(hub.REPO, hub.commit, {"dev": "dev", "test": "test"}, {"text": "q"}, "q.{language}")
    write_hub(hub_of(section, LANGUAGES, "here"), Path("out"), "", "").write()
    hub.files = {"x/eng/a.parquet": rows["en"], "x/deu/a.parquet": rows["de"], "x/dev.parquet": rows["dev"]}
    splits = {"dev": "x/dev.parquet", "test": "x/{language3}/*.parquet"}
    (Path("out2")).mkdir()
    write_hub(hub_of(Hub(hub.REPO, hub.commit, splits, {"text": "q"}), LANGUAGES, "here"), Path("out2"), "", "").write()
    for out in ("out", "out2"):
        names = {"dev.jsonl": "dev", "test.en.jsonl": "en", "test.de.jsonl": "de"}
        assert {name: json.loads(Path(out, name).read_text())["text"] for name in names} == {
            name: texts[key] for name, key in names.items()
        }
        assert set(read_json(Path(out) / "manifest.json")["files"]) == set(names)


def test_languages_that_the_hub_does_not_keep_apart_are_refused() -> None:
    section = Hub("owner/set", "0" * 40, {"dev": "dev", "test": "test"}, {"text": "q"})
    with pytest.raises(ParameterError, match=r"'test\.\{language\}\.jsonl' of test, must both have \{language\}"):
        hub_of(section, LANGUAGES, "here")


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ([{"config_name": "b"}], None),
        ([{"config_name": "a"}, {"config_name": "b", "default": True}], None),
        (
            [{"config_name": "a"}, {"config_name": "b"}],
            r"found 2 configurations \(a, b\), expected a choice among them",
        ),
    ],
)
def test_a_configuration_has_to_be_named_unless_one_is_meant(hub: Any, configs: Any, message: str | None) -> None:
    for one in configs:
        one["data_files"] = [{"split": "test", "path": [f"{one['config_name']}/*.parquet"]}]
    hub.files = {
        "b/x.parquet": parquet([{"q": "of b"}]),
        "README.md": f"---\n{json.dumps({'configs': configs})}\n---\n".encode(),
    }
    files = hub_of(
        Hub(hub.REPO, hub.commit, {"test": "test"}, {"text": "q"}), Expected(["en"], {"test": "x.jsonl"}), "here"
    )
    if message:
        with pytest.raises(DataError, match=message):
            write_hub(files, Path("out"), "", "")
    else:
        write_hub(files, Path("out"), "", "")
        assert json.loads(Path("out/x.jsonl").read_text(encoding="utf-8"))["text"] == "of b"


def test_what_was_made_is_read_without_any_connection(
    parameter_files: Any, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xstilts.tasks import read_split
    from xstilts.tasks.schema import load_task

    rows = [{"text": "A dog.", "second": "A cat.", "label": label} for label in (0, 2, 1)]
    expected = Expected(["en"], {"dev": "dev.jsonl"})
    hub.files = {"dev.parquet": parquet(rows)}
    labels = ["entailment", "neutral", "contradiction"]
    columns = {key: key for key in rows[0]}
    section = Hub(hub.REPO, hub.commit, {"dev": "dev"}, columns, labels=labels)
    write_hub(hub_of(section, expected, "here"), Path("out"), "", "").write()

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    parameter_files.edit("stages/tasks/mnli.yaml", lambda content: content["encode"]["files"].update(expected.files))
    reading = read_split(load_task("mnli"), "dev", Path("out"))
    assert [(one.label, one.second) for one in reading.examples] == [(labels[row["label"]], "A cat.") for row in rows]
