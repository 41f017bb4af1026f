"""Raw data to caches: rows, card, errors, and the same bytes every time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from xstilts.base.cache import ROW
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, sha256_of, write_json
from xstilts.encode.fingerprints import key
from xstilts.encode.kinds import answer_vocabulary
from xstilts.encode.kinds.span import CUT_OFF
from xstilts.encode.task import UNKNOWN_ANSWER, Places, encode_task
from xstilts.encode.write import FINGERPRINTS
from xstilts.tasks.classification import NO_CONSENSUS_REASON
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.schema import EncodeSection, TaskSpec

XGQA = TaskSpec(
    "xgqa",
    "vqa",
    EncodeSection(
        ["en", "de"],
        "accuracy",
        {"train": "train/en.json", "dev": "dev/en.json", "test": "test/{language}.json"},
        features="xgqa",
    ),
)
LINES = {"train": "train.jsonl", "dev": "dev.jsonl"}
LABELS = ["entailment", "neutral", "contradiction"]
MNLI = TaskSpec("mnli", "classification", EncodeSection(["en"], "accuracy", LINES, labels=LABELS))
SNLI_VE = TaskSpec("snli_ve", "classification", replace(MNLI.encode, features="gqa"))
SQUAD = TaskSpec("squad", "span", EncodeSection(["en"], "f1", {"train": "train.json", "dev": "dev.json"}))
TASKS = [XGQA, MNLI, SNLI_VE, SQUAD]


def rows(path: Path) -> list[dict[str, Any]]:
    table = open_rows(path)
    assert table.schema == ROW
    return list(table.to_pylist())


def decoded(row: dict[str, Any], places: Places) -> list[str]:
    tokenizer = Tokenizer.from_file(str(places.tokenizer))
    return [tokenizer.id_to_token(token) or "" for token in row["input_ids"]]


def test_questions_are_encoded_with_the_training_answers(places: Places) -> None:
    encode_task(XGQA, places)
    card = read_json(places.tokenized / "xgqa" / "learn" / "card.json")
    labels = card["tasks"]["xgqa"]["labels"]
    assert labels == ["yes", "cat", "no"]
    train = rows(places.tokenized / "xgqa" / "learn" / "train.arrow")
    assert [(row["id"], row["answer"], labels[row["label"]]) for row in train] == [
        ("1", "yes", "yes"),
        ("2", "cat", "cat"),
        ("3", "no", "no"),
        ("4", "yes", "yes"),
    ]
    assert decoded(train[1], places)[:4] == ["<s>", "▁which", "▁animal", "▁sleeps"]
    (dev,) = rows(places.tokenized / "xgqa" / "learn" / "dev.arrow")
    assert (dev["answer"], dev["label"]) == ("dog", -1)
    assert {**train[0], "input_ids": None} == {
        "id": "1",
        "window": 0,
        "task": "xgqa",
        "language": "en",
        "input_ids": None,
        "lengths": [],
        "image": 1,
        "second_image": -1,
        "label": 0,
        "labels": [],
        "scores": [],
        "question": -1,
        "start": -1,
        "end": -1,
        "context": "",
        "offsets": [],
        "structural": "verify",
        "semantic": "obj",
        "image_id": "x1",
        "answer": "yes",
        "answers": [],
        "texts": ["is the cat red?"],
    }


def test_the_test_part_holds_every_language_and_the_training_answers(places: Places) -> None:
    encode_task(XGQA, places)
    test = rows(places.tokenized / "xgqa" / "test" / "test.arrow")
    assert [(row["id"], row["language"], row["label"], row["image"]) for row in test] == [
        ("6", "en", 2, 2),
        ("6", "de", 2, 2),
    ]
    card = read_json(places.tokenized / "xgqa" / "test" / "card.json")
    assert card["tasks"]["xgqa"]["labels"] == ["yes", "cat", "no"]
    assert card["rows"] == card["tasks"]["xgqa"]["rows"] == {"test": 2}
    names = {path.name for path in (places.tokenized / "xgqa" / "test").iterdir()}
    assert names == {"card.json", "test.arrow", "SHA256SUMS", FINGERPRINTS}


def test_the_card_says_what_the_cache_is(places: Places) -> None:
    encode_task(XGQA, places)
    card = read_json(places.tokenized / "xgqa" / "learn" / "card.json")
    entry = card.pop("tasks")["xgqa"]
    tokenizer = sha256_of(places.tokenizer)
    rows_a_split = {"train": 4, "dev": 1}
    rest = {"name": "xgqa", "kind": "vqa", "tokenizer": tokenizer, "mixture": None, "rows": rows_a_split}
    assert card == rest
    features = {"path": (places.features / "xgqa").as_posix(), "sha256": "x" * 64, "dim": 4, "tokens": 4}
    expected = {
        "kind": "vqa",
        "languages": ["en", "de"],
        "metric": "accuracy",
        "data": "official",
        "licence": "CC0",
        "citation": "tests",
        "features": features,
        "rows": rows_a_split,
    }
    assert {key: entry[key] for key in expected} == expected


def test_pairs_and_hypotheses_on_images_are_encoded(places: Places) -> None:
    encode_task(MNLI, places)
    encode_task(SNLI_VE, places)
    pair = rows(places.tokenized / "mnli" / "learn" / "train.arrow")[0]
    seen = rows(places.tokenized / "snli_ve" / "learn" / "train.arrow")[0]
    assert decoded(pair, places) == "<s> ▁the ▁cat ▁sleeps </s> </s> ▁the ▁cat ▁rests </s>".split()
    assert decoded(seen, places) == "<s> ▁the ▁cat ▁rests </s>".split()
    assert (pair["image"], pair["image_id"], pair["label"], pair["answer"]) == (-1, "", 0, "entailment")
    assert (seen["image"], seen["image_id"], seen["label"], seen["answer"]) == (1, "g2", 0, "entailment")
    entry = read_json(places.tokenized / "mnli" / "learn" / "card.json")["tasks"]["mnli"]
    assert (entry["labels"], entry["features"]) == (LABELS, None)
    assert entry["skipped"] == {"train": {NO_CONSENSUS_REASON: 1}, "dev": {}}
    assert entry["rows"] == {"train": 2, "dev": 1}


def test_spans_decode_to_their_answers(places: Places) -> None:
    encode_task(SQUAD, places)
    train = rows(places.tokenized / "squad" / "learn" / "train.arrow")
    assert len(train) == 3
    for row in train:
        pieces = decoded(row, places)[row["start"] : row["end"] + 1]
        assert "".join(pieces).replace("▁", " ").strip() == row["answer"]
        assert row["label"] == -1


def cut_to(length: int, on_truncation: str = "error") -> TaskSpec:
    section = replace(SQUAD.encode, max_length=length, on_truncation=on_truncation)  # type: ignore[arg-type]
    return replace(SQUAD, encode=section)


def test_an_answer_that_is_cut_off_is_an_error(places: Places) -> None:
    with pytest.raises(DataError, match=r"squad/train\.json, row s2: found an answer after the first 15 tokens"):
        encode_task(cut_to(15), places)
    assert not places.tokenized.exists()


def test_or_it_is_left_out_and_counted(places: Places) -> None:
    encode_task(cut_to(15, "skip"), places)
    entry = read_json(places.tokenized / "squad" / "learn" / "card.json")["tasks"]["squad"]
    assert entry["skipped"] == {"train": {CUT_OFF: 2}, "dev": {CUT_OFF: 2}}
    assert entry["truncated"] == {"train": 1, "dev": 1}
    assert entry["rows"] == {"train": 1, "dev": 1}
    assert [row["id"] for row in rows(places.tokenized / "squad" / "learn" / "train.arrow")] == ["s1"]


def test_cut_text_is_counted(places: Places) -> None:
    encode_task(replace(MNLI, encode=replace(MNLI.encode, max_length=8)), places)
    entry = read_json(places.tokenized / "mnli" / "learn" / "card.json")["tasks"]["mnli"]
    assert (entry["truncated"], entry["max_length"]) == ({"train": 2, "dev": 1}, 8)
    assert all(len(row["input_ids"]) == 8 for row in rows(places.tokenized / "mnli" / "learn" / "train.arrow"))


def test_answers_seen_too_seldom_are_outside_the_vocabulary(places: Places) -> None:
    encode_task(replace(XGQA, encode=replace(XGQA.encode, min_count=2)), places)
    train = rows(places.tokenized / "xgqa" / "learn" / "train.arrow")
    assert [row["label"] for row in train] == [0, -1, -1, 0]


def test_the_vocabulary_is_ordered_by_count_then_alphabet() -> None:
    answers = ["b", "a", "c", "c", "d"]
    examples = [VqaExample(str(number), "en", "?", "i", answer) for number, answer in enumerate(answers)]
    assert answer_vocabulary(examples, 1) == ["c", "a", "b", "d"]
    assert answer_vocabulary(examples, 2) == ["c"]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_same_input_gives_the_same_bytes(task: TaskSpec, places: Places, tmp_path: Path) -> None:
    encode_task(task, places)
    encode_task(task, replace(places, tokenized=tmp_path / "again"))
    files = sorted(path for path in places.tokenized.rglob("*") if path.is_file())
    assert len(files) >= 3
    for path in files:
        again = tmp_path / "again" / path.relative_to(places.tokenized)
        assert path.read_bytes() == again.read_bytes(), path.name


def test_fingerprints_are_beside_the_splits(places: Places) -> None:
    encode_task(XGQA, places)
    learn, test = (open_rows(places.tokenized / "xgqa" / part / FINGERPRINTS) for part in ("learn", "test"))
    assert set(learn["split"].to_pylist()) == {"train", "dev"}
    assert set(test["split"].to_pylist()) == {"test"}
    assert set(learn["what"].to_pylist()) == {"image", "image content", "text"}
    images = [row for row in test.to_pylist() if row["what"] == "image"]
    assert [(row["key"], row["examples"]) for row in images] == [(key("x3"), 2)]


def break_manifest(places: Places) -> None:
    (places.raw / "xgqa" / "manifest.json").unlink()


def break_features(places: Places) -> None:
    (places.features / "xgqa" / "card.json").unlink()


def break_images(places: Places) -> None:
    (places.features / "xgqa" / "images.json").write_text('["x1"]')


def double_image(places: Places) -> None:
    (places.features / "xgqa" / "images.json").write_text('["x1", "x2", "x1"]')


def break_test(places: Places) -> None:
    path = places.raw / "xgqa" / "test" / "de.json"
    path.write_text(json.dumps({"7": json.loads(path.read_text())["6"]}))


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (break_manifest, r"raw/xgqa/manifest\.json: found no such file"),
        (break_features, r"features/xgqa: found no features"),
        (break_images, r"raw/xgqa/train/en\.json, row 2: found image 'x2', expected one of the 1 images"),
        (double_image, r"features/xgqa/images\.json, row x1: found image listed twice"),
        (break_test, r"raw/xgqa/test/de\.json, row 7: found a question"),
    ],
)
def test_a_failure_is_clear_and_leaves_the_earlier_caches(damage: Any, complaint: str, places: Places) -> None:
    encode_task(XGQA, places)
    before = {path: path.read_bytes() for path in places.tokenized.rglob("*") if path.is_file()}
    damage(places)
    with pytest.raises(DataError, match=complaint):
        encode_task(XGQA, places)
    assert before == {path: path.read_bytes() for path in places.tokenized.rglob("*") if path.is_file()}


def test_contents_that_a_later_split_repeats_and_answers_that_no_model_can_give_are_noted(places: Places) -> None:
    splits = encode_task(MNLI, places)
    assert splits["train"].notes == {}
    assert splits["dev"].notes == {"with the contents of a row of train": 1}
    assert "1 rows (100.0%) with the contents of a row of train" in splits["dev"].note
    card = read_json(places.tokenized / "mnli" / "learn" / "card.json")["tasks"]["mnli"]
    assert card["notes"] == {"train": {}, "dev": dict(splits["dev"].notes)}
    answers = encode_task(XGQA, places)
    assert answers["dev"].notes == {UNKNOWN_ANSWER: 1}
    assert answers["test"].notes == {}
    assert "notes" not in read_json(places.tokenized / "xgqa" / "test" / "card.json")["tasks"]["xgqa"]


def test_clues_of_perception_take_the_place_of_the_file_s(places: Places) -> None:
    """Of the images that were perceived; no others, such as those whose clues were edited."""
    write_json(places.perception / "xgqa" / "card.json", {"perception": "detector"})
    thing = {"names": {"cat": 0.9}, "attributes": {"red": 0.8}, "box": [0, 0, 0.2, 0.2], "score": 1.0}
    line = json.dumps({"id": "x1", "things": [thing]})
    (places.perception / "xgqa" / "scenes.jsonl").write_text(line + "\n", encoding="utf-8")
    encode_task(replace(XGQA, encode=replace(XGQA.encode, clues="xgqa", features=None)), places)
    train = rows(places.tokenized / "xgqa" / "learn" / "train.arrow")
    assert train[0]["texts"] == ["is the cat red?", "Top left: cat (red)."]
    assert [len(row["texts"]) for row in train] == [2, 1, 1, 1]
    assert {row["image"] for row in train} == {-1}
