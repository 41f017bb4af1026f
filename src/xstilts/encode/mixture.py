"""From members' caches to the cache of a mixture, which looks to training like a task's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.cache import ROW, read_cache_card
from xstilts.base.errors import DataError
from xstilts.base.files import CARD, open_rows
from xstilts.encode.members import MixtureSpec
from xstilts.encode.sampling import draws, epoch_rows, member_order, member_rows, rates
from xstilts.encode.summary import padding
from xstilts.encode.write import write_cache


@dataclass(frozen=True)
class Mixture:
    """A mixture as it was written.

    Attributes:
        splits: {split: its rows}.
        statement: what the card says about the training rows: `rule`, `cap`, `temperature`, `seed`, and for each of
            `members` its `rows`, its `rate` by the rule, its `draws`, what share of the mixture's rows and tokens
            it has (`share_of_rows`, `share_of_tokens`), and the share of `padding` in batches of 32 of its rows.
    """

    splits: dict[str, pa.Table]
    statement: dict[str, Any]


def make_mixture(mixture: MixtureSpec, tokenized: Path = Path("data/tokenized")) -> Mixture:
    """Mix the `learn` caches of the members into data/tokenized/<mixture>/learn.

    Training rows are interleaved by the sampling rule; all dev rows are included, member after member. A row
    keeps its image's index within its own task's features, which the card names task by task. A mixture
    without members is empty.

    Returns:
        What was written, for the summary on the terminal.

    Raises:
        DataError: if a member's cache is missing or empty, shares a task with another or was made by another
            tokenizer.
    """
    folders = {member: tokenized / member / "learn" for member in mixture.members}
    cards = {member: read_cache_card(folder) for member, folder in folders.items()}
    tokenizer = _one_tokenizer(folders, cards)
    train = {member: _rows(folder / "train.arrow", mixture.name) for member, folder in folders.items()}
    dev = {member: open_rows(folder / "dev.arrow") for member, folder in folders.items()}
    mixed, statement = _interleave(mixture, train)
    splits = {"train": mixed, "dev": pa.concat_tables([ROW.empty_table(), *dev.values()])}
    card = {
        "name": mixture.name,
        "kind": "mixture",
        "tasks": _tasks(folders, cards, splits),
        "tokenizer": tokenizer,
        "mixture": statement,
    }
    write_cache(tokenized / mixture.name / "learn", card, splits)
    return Mixture(splits, statement)


def _rows(path: Path, mixture: str) -> pa.Table:
    """A member's training rows, of which there must be some to draw from."""
    table = open_rows(path)
    if not table.num_rows:
        todo = f"take the member out of encode.members in stages/tasks/{mixture}.yaml"
        raise DataError(path, None, "no rows", "training rows", todo)
    return table


def _interleave(mixture: MixtureSpec, train: dict[str, pa.Table]) -> tuple[pa.Table, dict[str, Any]]:
    """The mixture's training rows, and what the card says about them."""
    sampling, seed = mixture.sampling, mixture.seed
    rows = {member: table.num_rows for member, table in train.items()}
    shares = rates(rows, sampling)
    counts = draws(shares, epoch_rows(rows, sampling))
    drawn = {member: iter(member_rows(member, rows[member], counts[member], seed)) for member in rows}
    starts, start = {}, 0  # where each member's rows start in the joined table
    for member, number in rows.items():
        starts[member] = start
        start += number
    order = member_order(counts, seed)
    chosen = [starts[member] + next(drawn[member]) for member in order]
    joined = pa.concat_tables([ROW.empty_table(), *train.values()]).combine_chunks()
    mixed = joined.take(pa.array(chosen, pa.int64()))
    shown = _shares(order, mixed, list(rows))
    members = {
        member: {"rows": rows[member], "rate": round(shares[member], 6), "draws": counts[member], **shown[member]}
        for member in rows
    }
    rule = {"rule": sampling.rule, "cap": sampling.cap, "temperature": sampling.temperature, "seed": seed}
    return mixed, {**rule, "members": members}


def _shares(order: list[str], mixed: pa.Table, members: list[str]) -> dict[str, dict[str, float]]:
    """Each member's share of the rows and of the tokens, and of padding among its own rows.

    Args:
        order: the member that each row comes from.
    """
    lengths = pc.list_value_length(mixed["input_ids"]).to_numpy()
    number = {member: row for row, member in enumerate(members)}
    member_of = np.array([number[member] for member in order], np.int64)
    shares = {}
    for row, member in enumerate(members):
        own = lengths[member_of == row]
        numbers = (len(own) / len(lengths), own.sum() / lengths.sum(), padding(own))
        names = ("share_of_rows", "share_of_tokens", "padding")
        shares[member] = {name: round(float(value), 6) for name, value in zip(names, numbers, strict=True)}
    return shares


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
                raise DataError(folders[member] / CARD, None, found, expected, "choose members that share no task")
            rows = {split: counts.get(name, 0) for split, counts in counted.items()}
            tasks[name] = {**entry, "rows": rows}
    return tasks
