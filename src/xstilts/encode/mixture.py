"""Members' caches to the cache of a mixture, which training cannot tell from a task's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.cache import CARD, ROW, open_rows, read_json
from xstilts.encode.recipe import MixtureSpec
from xstilts.encode.sampling import draws, epoch_rows, member_order, member_rows, rates
from xstilts.encode.write import write_cache
from xstilts.errors import DataError


def make_mixture(mixture: MixtureSpec, tokenized: Path = Path("data/tokenized")) -> dict[str, pa.Table]:
    """Mix the `learn` caches of the members into data/tokenized/<mixture>/learn.

    Training rows are interleaved by the sampling rule; dev rows are all there, member after member. A row
    keeps its image's index within its own task's features, which the card names task by task. A mixture
    without members is empty.

    Returns:
        The splits' tables, for the summary on the terminal.

    Raises:
        DataError: if a member's cache is missing or empty, shares a task with another or was made by another
            tokenizer.
    """
    folders = {member: tokenized / member / "learn" for member in mixture.members}
    cards = {member: read_json(folder / CARD) for member, folder in folders.items()}
    tokenizer = _one_tokenizer(folders, cards)
    train = {member: _rows(folder / "train.arrow", mixture.name) for member, folder in folders.items()}
    dev = [open_rows(folder / "dev.arrow") for folder in folders.values()]
    mixed, statement = _interleave(mixture, train)
    splits = {"train": mixed, "dev": pa.concat_tables([ROW.empty_table(), *dev])}
    card = {
        "name": mixture.name,
        "kind": "mixture",
        "tasks": _tasks(folders, cards, splits),
        "tokenizer": tokenizer,
        "mixture": statement,
    }
    write_cache(tokenized / mixture.name / "learn", card, splits)
    return splits


def _rows(path: Path, mixture: str) -> pa.Table:
    """A member's training rows, of which there must be some to draw from."""
    table = open_rows(path)
    if not table.num_rows:
        todo = f"take the member out of encode.members in stages/tasks/{mixture}.yaml"
        raise DataError(path, None, "no rows", "training rows", todo)
    return table


def _interleave(mixture: MixtureSpec, train: dict[str, pa.Table]) -> tuple[pa.Table, dict[str, Any]]:
    """The mixture's training rows, and the card's words on them."""
    sampling, seed = mixture.sampling, mixture.seed
    rows = {member: table.num_rows for member, table in train.items()}
    shares = rates(rows, sampling)
    counts = draws(shares, epoch_rows(rows, sampling))
    drawn = {member: iter(member_rows(member, rows[member], counts[member], seed)) for member in rows}
    begins, begin = {}, 0  # where each member's rows begin in the joined table
    for member, number in rows.items():
        begins[member] = begin
        begin += number
    chosen = [begins[member] + next(drawn[member]) for member in member_order(counts, seed)]
    joined = pa.concat_tables([ROW.empty_table(), *train.values()]).combine_chunks()
    members = {
        member: {"rows": rows[member], "rate": round(shares[member], 6), "draws": counts[member]} for member in rows
    }
    rule = {"rule": sampling.rule, "cap": sampling.cap, "temperature": sampling.temperature, "seed": seed}
    return joined.take(pa.array(chosen, pa.int64())), {**rule, "members": members}


def _one_tokenizer(folders: dict[str, Path], cards: dict[str, Any]) -> str | None:
    """The tokenizer that made every member's cache; None for the empty mixture."""
    first: str | None = None
    for member, card in cards.items():
        first = first or card["tokenizer"]
        if card["tokenizer"] != first:
            found, expected = f"tokenizer {card['tokenizer'][:12]}", f"{str(first)[:12]}, the other members'"
            raise DataError(folders[member] / CARD, None, found, expected, "run `dvc repro` for all members")
    return first


def _tasks(folders: dict[str, Path], cards: dict[str, Any], splits: dict[str, pa.Table]) -> dict[str, Any]:
    """The members' tasks, with the rows that each has in the mixture."""
    counted = {
        split: {one["values"]: one["counts"] for one in table["task"].value_counts().to_pylist()}
        for split, table in splits.items()
    }
    tasks: dict[str, Any] = {}
    for member, card in cards.items():
        for name, entry in card["tasks"].items():
            if name in tasks:
                found, expected = f"task '{name}' again", "each task in one member"
                raise DataError(folders[member] / CARD, None, found, expected, "let the members share no task")
            rows = {split: counts.get(name, 0) for split, counts in counted.items()}
            tasks[name] = {**entry, "rows": rows}
    return tasks
