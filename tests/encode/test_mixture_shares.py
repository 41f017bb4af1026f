"""What a mixture says of its members is what is in it, and what the sampling rule asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from xstilts.base.files import open_rows, read_json, write_json, write_table
from xstilts.encode.members import MixtureSpec, Sampling
from xstilts.encode.mixture import Mixture, make_mixture
from xstilts.encode.sampling import rates
from xstilts.encode.summary import mixture_summary, padding
from xstilts.encode.write import as_table

ROWS = {"large": 4000, "middle": 900, "small": 30}
LENGTHS = {"large": 5, "middle": 40, "small": 12}  # tokens, on average


@pytest.fixture(scope="module")
def tokenized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches of three kinds: questions about images, plain text (mlm) and choices."""
    root = tmp_path_factory.mktemp("tokenized")
    random = np.random.default_rng(0)
    for name, kind in zip(ROWS, ("vqa", "mlm", "choice"), strict=True):
        sizes = random.integers(2, 2 * LENGTHS[name] - 1, ROWS[name])
        columns: dict[str, Any] = {"id": [f"{name}{row}" for row in range(ROWS[name])]}
        columns["input_ids"] = [[0] * int(size) for size in sizes]
        if kind == "vqa":
            columns["image"] = list(range(ROWS[name]))
        folder = root / name / "learn"
        folder.mkdir(parents=True)
        write_table(folder / "train.arrow", as_table(name, columns))
        write_table(folder / "dev.arrow", as_table(name, {"id": ["d"], "input_ids": [[0]]}))
        features = {"path": "data/features/x", "sha256": "x", "dim": 4} if kind == "vqa" else None
        entry = {"kind": kind, "labels": [], "features": features, "rows": {"train": ROWS[name], "dev": 1}}
        write_json(folder / "card.json", {"name": name, "kind": kind, "tasks": {name: entry}, "tokenizer": "t"})
    return root


SAMPLINGS = [
    Sampling("proportional", 131072),
    Sampling("proportional", 500),
    Sampling("proportional", 1),
    Sampling("uniform", 1000),
    Sampling("temperature", 1000, 2.0),
    Sampling("temperature", 131072, 0.5),
    Sampling("temperature", 131072, 1.0e6),
]


def mixed(tokenized: Path, sampling: Sampling) -> Mixture:
    return make_mixture(MixtureSpec("three", tuple(ROWS), sampling), tokenized)


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_a_made_mixture_has_the_shares_of_the_formula(sampling: Sampling, tokenized: Path) -> None:
    mixture = mixed(tokenized, sampling)
    train = mixture.splits["train"]
    assert train.num_rows == sum(min(n, sampling.cap) for n in ROWS.values())
    counted = {one["values"]: one["counts"] for one in train["task"].value_counts().to_pylist()}
    for member, rate in rates(ROWS, sampling).items():
        entry = mixture.statement["members"][member]
        assert abs(counted.get(member, 0) - rate * train.num_rows) < 1
        assert entry["draws"] == counted.get(member, 0)
        assert entry["share_of_rows"] == pytest.approx(counted.get(member, 0) / train.num_rows, abs=1e-6)


def test_tokens_and_padding_are_those_of_the_rows_in_their_order(tokenized: Path) -> None:
    mixture = mixed(tokenized, Sampling())
    card = read_json(tokenized / "three" / "learn" / "card.json")
    assert card["mixture"] == mixture.statement
    train = open_rows(tokenized / "three" / "learn" / "train.arrow")
    lengths = pc.list_value_length(train["input_ids"]).to_numpy()
    for member, entry in card["mixture"]["members"].items():
        own = pc.equal(train["task"], member).to_numpy()
        assert entry["share_of_tokens"] == pytest.approx(lengths[own].sum() / lengths.sum(), abs=1e-6)
        assert entry["padding"] == pytest.approx(padding(lengths[own]), abs=1e-6)
    members = card["mixture"]["members"]
    assert members["middle"]["share_of_tokens"] > members["middle"]["share_of_rows"]
    assert sum(one["share_of_tokens"] for one in members.values()) == pytest.approx(1, abs=1e-5)


def test_text_to_be_masked_is_a_member_like_any_other(tokenized: Path) -> None:
    train = mixed(tokenized, Sampling()).splits["train"]
    text = train.filter(pc.equal(train["task"], "middle"))
    assert text.num_rows == ROWS["middle"]
    assert set(text["image"].to_pylist()) == set(text["label"].to_pylist()) == {-1}
    assert read_json(tokenized / "three" / "learn" / "card.json")["tasks"]["middle"]["features"] is None


def test_a_member_of_a_mixture_that_is_itself_one_counts_as_one(tokenized: Path) -> None:
    make_mixture(MixtureSpec("two", ("large", "small"), Sampling()), tokenized)
    nested = make_mixture(MixtureSpec("nested", ("two", "middle"), Sampling()), tokenized)
    entry = nested.statement["members"]["two"]
    assert entry["draws"] == ROWS["large"] + ROWS["small"]
    assert entry["share_of_rows"] == pytest.approx(entry["draws"] / sum(ROWS.values()), abs=1e-6)


def test_the_summary_shows_them(tokenized: Path) -> None:
    mixture = mixed(tokenized, Sampling("proportional", 500))
    rule, head, *lines = mixture_summary(mixture.statement).splitlines()
    assert rule == "sampling: proportional, cap 500, temperature 1, seed 0"
    assert head.split() == ["member", "rows", "draws", "rate", "of", "rows", "of", "tokens", "padding"]
    assert [line.split()[:5] for line in lines] == [
        ["large", "4000", "500", "48.54%", "48.54%"],
        ["middle", "900", "500", "48.54%", "48.54%"],
        ["small", "30", "30", "2.91%", "2.91%"],
    ]
    empty = make_mixture(MixtureSpec("none", (), Sampling()), tokenized)
    assert mixture_summary(empty.statement).splitlines()[-1] == "(no members)"
