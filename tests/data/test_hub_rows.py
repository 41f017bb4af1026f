"""Rows of Parquet files in the format `rows`: nested columns, lists of columns, names of classes, languages."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from hub_server import classes, parquet, readme
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json
from xstilts.data.expected import Expected
from xstilts.data.hub import hub_of, write_hub
from xstilts.data.hub_files import open_repository
from xstilts.data.manifest import Manifest, summary

TAGS = {"feature": classes("O", "B-PER")}
FOOTERS = {"list": {**TAGS, "_type": "List"}, "sequence": {**TAGS, "_type": "Sequence"}}  # of version 5, and earlier


def manifest_of(section: dict[str, Any], expected: Expected, names_labels: bool = True, out: str = "out") -> Manifest:
    """What is written of a section `hub`, into the folder `out`."""
    shutil.rmtree(out, ignore_errors=True)
    Path(out).mkdir()
    manifest = Manifest(Path(out), "", "")
    write_hub(hub_of(section, expected, "here", names_labels), Path(out), manifest)
    manifest.write()
    return manifest


def lines_of(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def written(
    hub: Any,
    content: bytes,
    columns: dict[str, Any],
    labels: list[str] | None = None,
    names_labels: bool = True,
    **more: Any,
) -> list[dict[str, Any]]:
    """What becomes of one Parquet file of a test split."""
    hub.files = {"data/test.parquet": content}
    hub.commits[hub.REPO] = hashlib.sha1(content).hexdigest()  # a commit never changes
    section = {"repo": hub.REPO, "revision": hub.commit, "splits": {"test": "test"}, "columns": columns, **more}
    manifest_of({**section, "labels": labels or []}, Expected(["en"], {"test": "test.jsonl"}), names_labels)
    return lines_of("out/test-en.jsonl")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


@pytest.mark.parametrize("label", ["fourth", "third"])
def test_a_choice_without_a_number_is_an_error(hub: Any, label: str) -> None:
    row = {"context": "It rains.", "answer0": "a", "answer1": "b", "label": label}
    with pytest.raises(DataError, match=rf"data/test\.parquet, row 1: found label '{label}', expected the number"):
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
    content = parquet([{"text": "Pau", "score": 4}], {"score": classes("low", "high")})
    columns = {"text": "text", "label": "score"}
    assert written(hub, content, columns, names_labels=False) == [{"id": "test-0", "text": "Pau", "label": 4}]


def test_numbers_without_a_name_are_an_error(hub: Any) -> None:
    rows = [{"tokens": ["Pau"], "ner_tags": [0]}, {"tokens": ["Pau"], "ner_tags": [2]}]
    with pytest.raises(DataError, match=r"row 2: found tags 2, expected one of the 2 numbers that have a name"):
        written(hub, parquet(rows), {"words": "tokens", "tags": "ner_tags"}, ["O", "B-PER"])


LANGUAGES = Expected(["en", "de"], {"dev": "dev.jsonl", "test": "test.{language}.jsonl"})


def test_languages_are_configurations_or_splits_or_values_of_a_column(hub: Any) -> None:
    texts = {"dev": "english dev", "en": "english", "de": "deutsch"}
    rows = {key: parquet([{"q": text}]) for key, text in texts.items()}
    configs = [
        {"config_name": "q.English", "data_files": [{"split": "test", "path": "e/*"}, {"split": "dev", "path": "d/*"}]},
        {"config_name": "q.German", "data_files": [{"split": "test", "path": "g/*"}]},
    ]
    mixed = parquet([{"q": text, "lang": f"{code}-x"} for code, text in (("eng", "english"), ("deu", "deutsch"))])
    hub.files = {
        "README.md": readme({"configs": configs}),
        "e/0.parquet": rows["en"],
        "g/0.parquet": rows["de"],
        "d/0.parquet": rows["dev"],
        "m.parquet": mixed,
        "x/eng/a.parquet": rows["en"],
        "x/deu/a.parquet": rows["de"],
        "x/dev.parquet": rows["dev"],
    }
    base = {"repo": hub.REPO, "revision": hub.commit, "columns": {"text": "q"}}
    column = {"split": "m.parquet", "where": {"lang": "{language3}-*"}}
    sections = {
        "a": {"config": "q.{language_name}", "splits": {"dev": "dev", "test": "test"}},
        "b": {"splits": {"dev": "x/dev.parquet", "test": "x/{language3}/*.parquet"}},
        "c": {"splits": {"dev": "x/dev.parquet", "test": column}},
    }
    for out, section in sections.items():
        manifest_of({**base, **section}, LANGUAGES, out=out)
        found = {
            name: lines_of(f"{out}/{name}")[0]["text"] for name in ("dev-en.jsonl", "test-en.jsonl", "test-de.jsonl")
        }
        assert found == {"dev-en.jsonl": texts["dev"], "test-en.jsonl": texts["en"], "test-de.jsonl": texts["de"]}
        splits = {"dev": {"en": "dev-en.jsonl"}, "test": {"en": "test-en.jsonl", "de": "test-de.jsonl"}}
        assert read_json(Path(out) / "manifest.json")["splits"] == splits


def test_the_code_of_a_language_may_be_another_on_the_hub(hub: Any) -> None:
    hub.files = {"eng.parquet": parquet([{"q": "english"}]), "ger.parquet": parquet([{"q": "deutsch"}])}
    section = {"repo": hub.REPO, "revision": hub.commit, "columns": {"text": "q"}, "codes": {"de": "ger", "en": "eng"}}
    manifest_of({**section, "splits": {"test": "{language}.parquet"}}, Expected(["en", "de"], {"test": "t"}))
    assert [lines_of(f"out/test-{one}.jsonl")[0]["text"] for one in ("en", "de")] == ["english", "deutsch"]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            "test",
            r"splits\.test: nothing says where 'en' is among en, de; put \{language\} into config, split or where",
        ),
        ([{"split": "a", "languages": ["en"]}], r"splits\.test: no entry is for 'de'"),
        ({"split": "{language}", "rows": [1]}, r"rows is \[1\], expected a number, or the first and the last \+ 1"),
        (
            {"split": "{language}", "pictures": {"image": "p"}},
            r"pictures: image has no id; name the column .* columns\.im",
        ),
        ({"split": "{language}", "column": {}}, r"unknown key 'column'\. Did you mean 'columns'"),
        (3, r"splits\.test is 3, expected a split of the hub, or an entry"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(test: Any, message: str) -> None:
    section = {
        "repo": "owner/set",
        "revision": "0" * 40,
        "columns": {"text": "q"},
        "splits": {"dev": "d", "test": test},
    }
    with pytest.raises(ParameterError, match=message):
        hub_of(section, LANGUAGES, "here")


def test_every_split_may_come_from_repositories_of_its_own(hub: Any) -> None:
    """Zero-shot targets train elsewhere, and anli_plus is three sets."""
    there = {"test.parquet": parquet([{"b": "tested"}])}
    two = hub.add("other/two", {"data/train.parquet": parquet([{"b": "of two"}])})
    hub.files = {"data/train.parquet": parquet([{"a": "of one"}, {"a": "of one again"}]), **there}
    one = {"repo": hub.REPO, "revision": hub.commit}
    sources = [
        {**one, "split": "train", "columns": {"text": "a"}},
        {"repo": "other/two", "revision": two, "split": "train", "columns": {"text": "b"}},
    ]
    section = {**one, "columns": {"text": "b"}, "splits": {"train": sources, "test": "test.parquet"}}
    manifest_of(section, Expected(["en"], {"train": "a", "test": "b"}))
    texts = [(row["id"], row["text"]) for row in lines_of("out/train-en.jsonl")]
    assert texts == [("train-0", "of one"), ("train-1", "of one again"), ("train-2", "of two")]
    assert lines_of("out/test-en.jsonl") == [{"id": "test-0", "text": "tested"}]
    source = read_json(Path("out/manifest.json"))["source"]
    assert f"hf://datasets/other/two@{two}" in source
    assert f"hf://datasets/owner/set@{hub.commit}" in source


@pytest.mark.parametrize(("lost", "moved"), [("", 0), ("\n", 2), (" \t", 2)])
def test_answers_are_moved_by_the_white_space_that_their_context_has_lost(hub: Any, lost: str, moved: int) -> None:
    starts = [3 + len(lost), 10 + len(lost)]
    row = {
        "context": "In Pau, or Pau",
        "question": "Where?",
        "answers": {"text": ["Pau", " Pau"], "answer_start": starts},
    }
    (found,) = written(hub, parquet([row]), {key: key for key in row}, stripped=True)
    assert found["answers"] == {"text": ["Pau", " Pau"], "answer_start": [3, 10]}
    files = read_json(Path("out/manifest.json"))["files"]["test-en.jsonl"]
    assert sum(files.get("changed", {}).values()) == moved
    assert ("2 answer starts moved by the white space" in summary(Path("out"))) == bool(moved)


def test_answers_that_no_white_space_explains_are_left_for_the_reader_to_refuse(hub: Any) -> None:
    answers = {"text": ["Pau", "Pau"], "answer_start": [4, 11]}  # one off by one, one by none
    row = {"context": "In Pau, or Pau", "question": "Where?", "answers": answers}
    assert written(hub, parquet([row]), {key: key for key in row}, stripped=True)[0]["answers"] == answers


def test_a_text_may_be_made_of_columns_and_values_read_as_others(hub: Any) -> None:
    row = {"premise": " It rains. ", "question": "cause", "c1": "a", "c2": "b", "label": 0}
    columns = {"text": "{premise} {question}", "choices": ["c1", "c2"], "label": "label"}
    values = {"question": {"cause": "What was the cause?", "effect": "What happened?"}}
    assert written(hub, parquet([row]), columns, values=values)[0]["text"] == "It rains. What was the cause?"
    with pytest.raises(DataError, match=r"row 2: found question 'why', expected one of cause, effect"):
        written(hub, parquet([row, {**row, "question": "why"}]), columns, values=values)


def test_one_row_may_be_several(hub: Any) -> None:
    row = {"caption": ["a cat", "a cat sits"], "img": 7, "c0": "x", "c1": "y"}
    found = written(hub, parquet([row]), {"text": "each", "image": "img"}, each="caption")
    assert found == [
        {"id": "test-0#1", "text": "a cat", "image": "7"},
        {"id": "test-0#2", "text": "a cat sits", "image": "7"},
    ]
    assert [one["text"] for one in written(hub, parquet([row]), {"text": "each"}, each=["c0", "c1"])] == ["x", "y"]
    lines = parquet([{"text": "one\n\n two"}])
    assert [one["text"] for one in written(hub, lines, {"text": "each"}, each="text")] == ["one", "two"]
    with pytest.raises(DataError, match=r"row 1: found img 7, expected a list or a text"):
        written(hub, parquet([row]), {"text": "each"}, each="img")


def test_what_does_not_belong_to_a_text_is_taken_out(hub: Any) -> None:
    """Flickr30k Entities JP numbers the phrases of its captions."""
    found = written(hub, parquet([{"q": "1犬が2走る"}]), {"text": "q"}, without={"q": "[0-9]+"})
    assert [one["text"] for one in found] == ["犬が走る"]


def test_the_ending_of_a_picture_s_name_is_no_part_of_its_id(hub: Any) -> None:
    assert written(hub, parquet([{"q": "a", "f": "x/12.jpg"}]), {"text": "q", "image": "f"})[0]["image"] == "12"


def test_pairs_of_sentences_become_queries_and_candidates(hub: Any) -> None:
    """As Tatoeba has them, a pair per row, and as BUCC has them, two lists and the numbers of those that match."""
    one = {"repo": hub.REPO, "revision": hub.commit}
    hub.files = {
        "t.parquet": parquet([{"s": "eins", "t": "one"}, {"s": "zwei", "t": "two"}]),
        "b.parquet": parquet([{"s": ["eins", "zwei", "drei"], "t": ["two", "one"], "gold": [[1, 2], [2, 1]]}]),
    }
    query, candidate = {"side": "query"}, {"side": "candidate"}
    tatoeba = [
        {"split": "t.parquet", "columns": {"id": "q-{row}", "text": "t", "gold": ["c-{row}"]}, "constants": query},
        {"split": "t.parquet", "columns": {"id": "c-{row}", "text": "s"}, "constants": candidate},
    ]
    match = {"matches": "gold", "constants": query}
    bucc = [
        {
            "split": "b.parquet",
            "each": "s",
            "columns": {"id": "q-{item}", "text": "each", "gold": "c-{match}"},
            **match,
        },
        {"split": "b.parquet", "each": "t", "columns": {"id": "c-{item}", "text": "each"}, "constants": candidate},
    ]
    expected = {
        "t": [("q-1", "one", ["c-1"]), ("q-2", "two", ["c-2"]), ("c-1", "eins", None), ("c-2", "zwei", None)],
        "b": [("q-1", "eins", ["c-2"]), ("q-2", "zwei", ["c-1"]), ("q-3", "drei", []), ("c-1", "two", None)],
    }
    for out, entries in (("t", tatoeba), ("b", bucc)):
        manifest_of({**one, "splits": {"test": entries}}, Expected(["en"], {"test": "x"}), out=out)
        found = [(row["id"], row["text"], row.get("gold")) for row in lines_of(f"{out}/test-en.jsonl")]
        assert found[:4] == expected[out]


def test_only_rows_with_a_value_and_only_so_many_are_read(hub: Any) -> None:
    rows = [{"q": f"q{number}", "part": "Val" if number % 2 else "train"} for number in range(10)]
    assert [one["text"] for one in written(hub, parquet(rows), {"text": "q"}, where={"part": "val"}, rows=2)] == [
        "q1",
        "q3",
    ]
    assert [one["text"] for one in written(hub, parquet(rows), {"text": "q"}, rows=[7, 9])] == ["q7", "q8"]


def test_shards_beyond_the_rows_that_are_wanted_are_not_downloaded(hub: Any) -> None:
    hub.files = {f"train-0000{n}-of-00003.parquet": parquet([{"q": f"{n}{m}"} for m in range(3)]) for n in range(3)}
    entry = {"split": "train", "rows": 4}
    section = {"repo": hub.REPO, "revision": hub.commit, "columns": {"text": "q"}, "splits": {"train": entry}}
    manifest_of(section, Expected(["en"], {"train": "a"}))
    assert [row["text"] for row in lines_of("out/train-en.jsonl")] == ["00", "01", "02", "10"]
    assert not [one for one in hub.requests if "resolve" in one and "train-00002" in one]


def test_labels_are_numbers_digits_truth_or_names(hub: Any) -> None:
    for labels, found in (
        ([0, 1], "no yes"),
        (["0", "1"], "no yes"),
        ([False, True], "no yes"),
        (["yes", "no"], "yes no"),
    ):
        rows = [{"q": "q", "label": one} for one in labels]
        assert [
            one["label"] for one in written(hub, parquet(rows), {"text": "q", "label": "label"}, ["no", "yes"])
        ] == (found.split())


def test_ten_answers_are_kept_and_whole_numbers_become_texts(hub: Any) -> None:
    row = {"q": "how many", "i": 12, "answers": [{"answer": "2", "id": 1}, {"answer": "two", "id": 2}], "a": 2}
    columns = {"question": "q", "image": "i", "answers": "answers.answer", "answer": "a"}
    assert written(hub, parquet([row]), columns) == [
        {"id": "test-0", "question": "how many", "image": "12", "answers": ["2", "two"], "answer": "2"}
    ]


def test_rows_without_a_value_are_left_out_and_counted(hub: Any) -> None:
    texts = ["good", None, "  ", "good"]
    rows = [{"q": one, "c": ["a", "b"], "label": label} for one, label in zip(texts, (0, 0, 1, None), strict=True)]
    found = written(hub, parquet(rows), {"text": "q", "choices": "c", "label": "label"})
    assert [one["id"] for one in found] == ["test-0"]
    skipped = read_json(Path("out/manifest.json"))["files"]["test-en.jsonl"]["skipped"]
    assert skipped == {"no text": 2, "no gold label": 1}
    with pytest.raises(DataError, match=r"found no row of test in 'en' \(1 left out: no text\), expected at least one"):
        written(hub, parquet([rows[2]]), {"text": "q"})


def test_json_lines_and_csv_are_read_too(hub: Any) -> None:
    rows = [{"q": "eins", "label": "yes"}, {"q": "zwei", "label": "no"}]
    hub.files = {
        "d.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "t.csv": b"q,label\neins,yes\nzwei,no\n",
    }
    section = {"repo": hub.REPO, "revision": hub.commit, "columns": {"text": "q", "label": "label"}}
    manifest_of({**section, "splits": {"dev": "d.jsonl", "test": "t.csv"}}, Expected(["en"], {"dev": "a", "test": "b"}))
    for split in ("dev", "test"):
        found = [(row["text"], row["label"]) for row in lines_of(f"out/{split}-en.jsonl")]
        assert found == [("eins", "yes"), ("zwei", "no")]
    hub.files["e.jsonl"] = hub.files["d.jsonl"] + b'{"q": "dr'
    open_repository.cache_clear()
    with pytest.raises(DataError, match=r"e\.jsonl: found a broken file"):
        manifest_of({**section, "splits": {"dev": "e.jsonl"}}, Expected(["en"], {"dev": "a"}), out="again")


def test_a_wrong_column_is_known_before_the_download_where_the_card_names_them(hub: Any) -> None:
    features = [{"name": "q", "dtype": "string"}]
    info = {"features": features, "splits": [{"name": "test", "num_bytes": 1, "num_examples": 1}]}
    hub.files = {"README.md": readme({"dataset_info": info}), "data/test.parquet": parquet([{"q": "a"}])}
    section = {"repo": hub.REPO, "revision": hub.commit, "columns": {"text": "text"}, "splits": {"test": "test"}}
    with pytest.raises(DataError, match=r"found columns q, expected a column 'text'"):
        manifest_of(section, Expected(["en"], {"test": "a"}))
    assert not [one for one in hub.requests if "test.parquet" in one]


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ([{"config_name": "b"}], None),
        ([{"config_name": "a"}, {"config_name": "b", "default": True}], None),
        ([{"config_name": "a"}, {"config_name": "b"}], r"Config name is missing\."),
    ],
)
def test_a_configuration_has_to_be_named_unless_one_is_meant(hub: Any, configs: Any, message: str | None) -> None:
    for one in configs:
        one["data_files"] = [{"split": "test", "path": [f"{one['config_name']}/*.parquet"]}]
    hub.files = {
        **{f"{one}/x.parquet": parquet([{"q": f"of {one}"}]) for one in "ab"},
        "README.md": readme({"configs": configs}),
    }
    section = {"repo": hub.REPO, "revision": hub.commit, "columns": {"text": "q"}, "splits": {"test": "test"}}
    if message:
        with pytest.raises(DataError, match=message):
            manifest_of(section, Expected(["en"], {"test": "x"}))
    else:
        manifest_of(section, Expected(["en"], {"test": "x"}))
        assert lines_of("out/test-en.jsonl")[0]["text"] == "of b"


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
    section = {"repo": hub.REPO, "revision": hub.commit, "columns": columns, "labels": labels}
    manifest_of({**section, "splits": {"dev": "dev.parquet"}}, expected)

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    parameter_files.edit("stages/tasks/mnli.yaml", lambda content: content["encode"]["files"].update(expected.files))
    reading = read_split(load_task("mnli"), "dev", Path("out"))
    assert [(one.label, one.second) for one in reading.examples] == [(labels[row["label"]], "A cat.") for row in rows]
