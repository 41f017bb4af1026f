"""The source texts that a cache keeps: encoded again, they are the row's tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tokenizers import Tokenizer

from xstilts.base.cache import ROW
from xstilts.base.errors import DataError
from xstilts.base.kinds import KINDS
from xstilts.encode.kinds import WHOLE
from xstilts.encode.kinds.tagging import WordTokens
from xstilts.encode.members import MixtureSpec, Sampling
from xstilts.encode.mixture import make_mixture
from xstilts.encode.tokens import Template, open_tokenizer
from xstilts.encode.write import as_table, write_cache
from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    Example,
    LayoutExample,
    MatchingExample,
    RetrievalExample,
    SpanExample,
    TaggingExample,
    TextExample,
    VqaExample,
)

LONG = "the cat sleeps on a red card where the dog says no and the Katze rests beside what is a dog 鴨小屋 yes"
EXAMPLES: dict[str, list[Example]] = {
    "vqa": [
        VqaExample("v", "en", "is the cat red?", "i1", "no"),
        VqaExample("w", "en", "is the cat red?", "i1", "no", description="the cat sleeps on a red card."),
    ],
    "layout": [LayoutExample("l", "en", "is there a cat?", "select[]>exist[0] | cat", "yes", "i1", "verify")],
    "classification": [
        ClassificationExample("p", "en", "the cat sleeps", "a", second="the cat rests"),
        ClassificationExample("t", "en", "the cat is red", "b", images=("i1", "i2")),
    ],
    "span": [SpanExample("s", "en", "where is the cat?", LONG, 4, "cat", ("cat",))],
    "tagging": [
        TaggingExample("t", "en", ("the", "Katze", "sleeps"), ("a", "b", "a")),
        TaggingExample("z", "zh", ("鴨", "小屋"), ("a", "b")),
    ],
    "choice": [ChoiceExample("c", "en", "the cat", ("sleeps", "is a dog", "rests on the card"), 2)],
    "matching": [MatchingExample(f"m{n}", "en", f"the cat {n}", f"i{n}") for n in range(3)],
    "retrieval": [RetrievalExample("q", "de", "die Katze", "query")],
    "mlm": [TextExample("x", "de", LONG)],
}
LAYOUT_LABELS = ["select[]>exist[0] | {object}", "{object} cat"]
SECTIONS: dict[str, dict[str, Any]] = {"vqa": {"features": "gqa"}, "span": {"max_length": 200, "stride": 16}}


def labels_of(kind: str) -> list[str]:
    return LAYOUT_LABELS if kind == "layout" else ["a", "b"]


def again(tokenizer: Tokenizer, kind: str, row: dict[str, Any]) -> list[int]:
    """The token ids of a row's `texts`."""
    texts = row["texts"]
    if kind == "tagging":
        before, after = Template.of(tokenizer).single
        words = WordTokens(tokenizer, [(row["language"], texts)]).of(row["language"], texts)
        return [*before, *(token for word in words for token in word), *after]
    if kind == "choice":
        return [token for choice in texts[1:] for token in tokenizer.encode(texts[0], choice).ids]
    return list(tokenizer.encode(*texts).ids)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_texts_of_a_row_give_its_tokens_again(kind: str, split: str, encoded: Any, tokenizer_file: Path) -> None:
    section = SECTIONS.get(kind, {})
    rows, _ = encoded(kind, EXAMPLES[kind], split, labels=labels_of(kind), **section)
    tokenizer = open_tokenizer(tokenizer_file, section.get("max_length", 128))
    assert len(rows) >= len(EXAMPLES[kind])
    assert all(row["texts"] for row in rows)
    for row in rows:
        assert again(tokenizer, kind, row) == row["input_ids"]


@pytest.mark.parametrize("kind", ["mlm", "classification", "choice", "span"])
def test_texts_are_whole_where_tokens_were_cut(kind: str, encoded: Any, tokenizer_file: Path) -> None:
    rows, columns = encoded(kind, EXAMPLES[kind], labels=["a", "b"], max_length=9)
    assert columns.truncated > 0
    for row in rows:
        assert again(open_tokenizer(tokenizer_file, 9), kind, row) == row["input_ids"]


def test_a_window_keeps_the_part_of_the_context_that_it_shows(encoded: Any, tokenizer_file: Path) -> None:
    rows, _ = encoded("span", EXAMPLES["span"], "dev", max_length=24, stride=4)
    assert len(rows) > 2
    tokenizer = open_tokenizer(tokenizer_file, 200)
    for row in rows:
        question, shown = row["texts"]
        assert (question, shown in LONG) == ("where is the cat?", True)
        inside = [place for place in row["offsets"] if place >= 0]
        assert shown == LONG[inside[0] : inside[-1]]
        head, _, tail = shown.strip().partition(" ")  # a window may start and end within a word
        whole_words = tokenizer.encode(tail.rpartition(" ")[0], add_special_tokens=False).ids
        assert head
        assert " ".join(map(str, whole_words)) in " ".join(map(str, row["input_ids"]))
    assert rows[0]["texts"][1] == LONG[: len(rows[0]["texts"][1])]
    assert LONG.endswith(rows[-1]["texts"][1])


def test_a_mixture_carries_the_texts_along(tmp_path: Path) -> None:
    entry = {"kind": "mlm", "labels": [], "languages": ["en"], "metric": "accuracy", "features": None}
    for name in ("one", "two"):
        texts = [[f"{name} {number}"] for number in range(4)]
        rows = as_table(
            name, {"id": ["a", "b", "c", "d"], "input_ids": [[number] for number in range(4)], "texts": texts}
        )
        card = {"name": name, "kind": "mlm", "tasks": {name: entry}, "tokenizer": "t", "mixture": None}
        write_cache(tmp_path / name / "learn", card, {"train": rows, "dev": rows})
    mixed = make_mixture(MixtureSpec("both", ("one", "two"), Sampling()), tmp_path).splits
    assert mixed["train"].schema.field("texts").type == pa.list_(pa.string())
    assert mixed["train"].schema == ROW
    for row in [row for table in mixed.values() for row in table.to_pylist()]:
        assert row["texts"] == [f"{row['task']} {row['input_ids'][0]}"]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(WHOLE)))
def test_a_split_encoded_in_parts_is_the_same(kind: str, encoded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [replace(one, id=f"{one.id}{number}") for number in range(3) for one in EXAMPLES[kind]]
    lengths = {"span": 24, "vqa": 15}  # where a question beside a description, or a window, must have room
    section = {**SECTIONS.get(kind, {}), "max_length": lengths.get(kind, 9), "stride": 4 if kind == "span" else 0}
    whole, columns = encoded(kind, examples, "test", labels=labels_of(kind), **section)
    monkeypatch.setattr("xstilts.encode.kinds.PART", 2)
    parts, others = encoded(kind, examples, "test", labels=labels_of(kind), **section)
    assert parts == whole
    assert len(parts) >= 3
    assert (others.truncated, dict(others.skipped)) == (columns.truncated, dict(columns.skipped))


def test_a_question_with_a_description_starts_with_the_tokens_of_the_question_alone(encoded: Any) -> None:
    """`question` says how many: the answer is read from as many states as where a picture stands behind them."""
    (plain, told), _ = encoded("vqa", EXAMPLES["vqa"], features="gqa")
    assert (plain["question"], told["question"]) == (-1, len(plain["input_ids"]))
    assert told["input_ids"][: told["question"]] == plain["input_ids"]
    assert len(told["input_ids"]) > told["question"]


def test_a_question_is_never_cut_beside_its_description(encoded: Any) -> None:
    long = [VqaExample("w", "en", LONG, "i1", "no", description="the cat")]
    with pytest.raises(DataError, match=r"row w: found a question of \d+ tokens, expected at most 15 beside a desc"):
        encoded("vqa", long, features="gqa", max_length=30)
    _, columns = encoded("vqa", [replace(EXAMPLES["vqa"][1], description=LONG)], features="gqa", max_length=30)
    assert columns.truncated == 1
