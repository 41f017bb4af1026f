"""A mixture is a cache like any other: its rows, its card, and what it refuses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from xstilts.base.cache import ROW
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json, write_json, write_table
from xstilts.encode.members import MixtureSpec, Sampling
from xstilts.encode.mixture import make_mixture
from xstilts.encode.write import as_table


def make_cache(tokenized: Path, name: str, train: int, dev: int, tokenizer: str = "t", longest: int = 1) -> None:
    """A cache of a task: rows numbered, of `longest` tokens and two special ones, images in features of its own."""
    folder = tokenized / name / "learn"
    folder.mkdir(parents=True)
    for split, number in (("train", train), ("dev", dev)):
        values = {"id": [f"{name}-{split}-{row}" for row in range(number)], "image": list(range(number))}
        tokens = [[0, *[row] * longest, 2] for row in range(number)]
        write_table(folder / f"{split}.arrow", as_table(name, {**values, "input_ids": tokens}))
    features = {"path": f"data/features/{name}", "sha256": name}
    tasks = {name: {"kind": "vqa", "labels": [name], "features": features, "rows": {"train": train, "dev": dev}}}
    write_json(folder / "card.json", {"name": name, "tasks": tasks, "tokenizer": tokenizer, "mixture": None})


@pytest.fixture
def tokenized(tmp_path: Path) -> Path:
    make_cache(tmp_path, "large", 300, 4)
    make_cache(tmp_path, "small", 20, 3)
    return tmp_path


def spec(rule: str = "proportional", cap: int = 100, seed: int = 0) -> MixtureSpec:
    return MixtureSpec("both", ("large", "small"), Sampling(rule, cap), seed)  # type: ignore[arg-type]


def ids(tokenized: Path, split: str, name: str = "both") -> list[str]:
    return list(open_rows(tokenized / name / "learn" / f"{split}.arrow")["id"].to_pylist())


def test_rows_are_drawn_by_the_rule(tokenized: Path) -> None:
    make_mixture(spec(), tokenized)
    train = ids(tokenized, "train")
    assert Counter(one.split("-")[0] for one in train) == {"large": 100, "small": 20}
    assert len(set(train)) == 120
    assert Counter(one.split("-")[0] for one in train[:60])["small"] > 0


def test_a_small_member_repeats_evenly_under_uniform(tokenized: Path) -> None:
    make_mixture(spec("uniform"), tokenized)
    train = ids(tokenized, "train")
    assert Counter(one.split("-")[0] for one in train) == {"large": 60, "small": 60}
    small = Counter(one for one in train if one.startswith("small"))
    assert len(small) == 20
    assert set(small.values()) == {3}


def test_rows_are_whole_and_keep_their_own_image(tokenized: Path) -> None:
    make_mixture(spec(), tokenized)
    mixed = open_rows(tokenized / "both" / "learn" / "train.arrow").to_pylist()
    originals = {
        row["id"]: row
        for member in ("large", "small")
        for row in open_rows(tokenized / member / "learn" / "train.arrow").to_pylist()
    }
    assert len(mixed) == 120
    assert all(row == originals[row["id"]] for row in mixed)


def test_dev_rows_are_all_there(tokenized: Path) -> None:
    make_mixture(spec(), tokenized)
    assert ids(tokenized, "dev") == ids(tokenized, "dev", "large") + ids(tokenized, "dev", "small")


def shares(rows: float) -> dict[str, float]:
    """What the card says of a member whose rows are as long as all others."""
    return {"share_of_rows": round(rows, 6), "share_of_tokens": round(rows, 6), "padding": 0.0}


def test_the_card_states_members_rates_and_rows(tokenized: Path) -> None:
    make_mixture(spec(), tokenized)
    card = read_json(tokenized / "both" / "learn" / "card.json")
    assert card["mixture"] == {
        "rule": "proportional",
        "cap": 100,
        "temperature": 1.0,
        "seed": 0,
        "members": {
            "large": {"rows": 300, "rate": round(100 / 120, 6), "draws": 100, **shares(100 / 120)},
            "small": {"rows": 20, "rate": round(20 / 120, 6), "draws": 20, **shares(20 / 120)},
        },
    }
    assert card["rows"] == {"train": 120, "dev": 7}
    assert list(card["tasks"]) == ["large", "small"]
    assert card["tasks"]["small"]["rows"] == {"train": 20, "dev": 3}
    assert card["tasks"]["small"]["features"]["path"] == "data/features/small"
    assert card["tokenizer"] == "t"


def test_the_empty_mixture_is_an_empty_cache(tmp_path: Path) -> None:
    make_mixture(MixtureSpec("none", (), Sampling()), tmp_path)
    card = read_json(tmp_path / "none" / "learn" / "card.json")
    assert (card["tasks"], card["rows"], card["mixture"]["members"]) == ({}, {"train": 0, "dev": 0}, {})
    for split in ("train", "dev"):
        table = open_rows(tmp_path / "none" / "learn" / f"{split}.arrow")
        assert (table.num_rows, table.schema) == (0, ROW)


def test_bytes_depend_on_the_seed_alone(tokenized: Path) -> None:
    def made(mixture: MixtureSpec) -> list[bytes]:
        make_mixture(mixture, tokenized)
        folder = tokenized / "both" / "learn"
        return [(folder / name).read_bytes() for name in ("train.arrow", "dev.arrow", "card.json")]

    first = made(spec())
    assert made(spec()) == first
    other = made(spec(seed=1))
    assert other[0] != first[0]
    assert other[1] == first[1]


def test_a_missing_member_is_an_error_and_writes_nothing(tokenized: Path) -> None:
    with pytest.raises(DataError, match=r"absent/learn/card\.json: found no such file"):
        make_mixture(MixtureSpec("both", ("large", "absent"), Sampling()), tokenized)
    assert not (tokenized / "both").exists()


def test_an_empty_member_is_an_error(tokenized: Path) -> None:
    make_cache(tokenized, "empty", 0, 1)
    with pytest.raises(DataError, match=r"empty/learn/train\.arrow: found no rows"):
        make_mixture(MixtureSpec("both", ("large", "empty"), Sampling()), tokenized)


def test_members_of_two_tokenizers_are_an_error(tokenized: Path) -> None:
    make_cache(tokenized, "foreign", 5, 1, tokenizer="u")
    with pytest.raises(DataError, match=r"foreign/learn/card\.json: found tokenizer u, expected t"):
        make_mixture(MixtureSpec("both", ("large", "foreign"), Sampling()), tokenized)


def test_a_mixture_may_hold_a_mixture_but_no_task_twice(tokenized: Path) -> None:
    make_mixture(spec(), tokenized)
    make_cache(tokenized, "third", 5, 1)
    make_mixture(MixtureSpec("more", ("both", "third"), Sampling()), tokenized)
    assert list(read_json(tokenized / "more" / "learn" / "card.json")["tasks"]) == ["large", "small", "third"]
    with pytest.raises(DataError, match="found task 'small' again"):
        make_mixture(MixtureSpec("more", ("both", "small"), Sampling()), tokenized)
