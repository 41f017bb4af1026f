"""Data that a target is scored on and that training has seen: images and texts that two caches share.

Every cache has hashes of its images and texts (`fingerprints.arrow`); this module only compares them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from xstilts.base.files import CARD, open_rows, read_json

FILE = "fingerprints.arrow"
SPLITS = (("learn", "train"), ("learn", "dev"), ("test", "test"))  # of a target: the part of its cache, the split
Where = tuple[str, str]  # what is compared (`image`, `image content`, `text`), and the field of a text


@dataclass(frozen=True)
class Leak:
    """Images or texts of a target's split that a training split has as well.

    Attributes:
        source: the intermediate task; of a target that is compared with itself, the target.
        member: the task whose training split it is: of a mixture one of its members, else `source`.
        target, split: where they recur: `train` (both phases learn from the same data), `dev` or `test`.
        kind: `image` (its name), `image content` (features equal to the byte, whatever the name) or `text`.
        field, met_as: of a text, what it is in the target and in training (`caption`, `premise`, ...), else "".
        shared: distinct images or texts in both.
        fraction: of all uses of an image, or of this field, in the target's split, the share that is shared.
    """

    source: str
    member: str
    target: str
    split: str
    kind: str
    field: str
    met_as: str
    shared: int
    fraction: float


@dataclass(frozen=True)
class _Prints:
    """The hashes of one field of one split, sorted and distinct, and how many examples have each: int64 `[n]`."""

    keys: NDArray[np.int64]
    examples: NDArray[np.int64]


def overlaps(tokenized: Path, intermediates: Sequence[str], targets: Sequence[str]) -> list[Leak]:
    """Compare the training splits of every intermediate task and target with the splits of every target.

    A mixture stands for its members, whole: it draws from all of a member's rows. Missing caches are skipped;
    `not_compared` names them.

    Args:
        tokenized: the folder of all caches, data/tokenized.

    Returns:
        What is shared, by target, split and source; a target's own training split is compared with its test split.
    """
    read = lru_cache(maxsize=None)(_read)
    found = []
    for target in targets:
        for part, split in SPLITS:
            there = read(tokenized / target / part / FILE, split)
            for source, member in _sources(tokenized, intermediates, target, split):
                seen = read(tokenized / member / "learn" / FILE, "train")
                found += [Leak(source, member, target, split, *one) for one in _shared(seen, there)]
    return found


def not_compared(tokenized: Path, intermediates: Sequence[str], targets: Sequence[str]) -> list[str]:
    """The tasks without a cache, or with one that has no fingerprints, each once."""
    named = [member for name in intermediates for member in _members(tokenized, name)] + list(targets)
    return [name for name in dict.fromkeys(named) if not (tokenized / name / "learn" / FILE).is_file()]


def leak_facts(tokenized: Path, route: str, target: str) -> dict[str, Any]:
    """What a route's intermediate task shares with a target, as JSON.

    Returns:
        `route`, `target`, the `kind` of the target's task, `not_compared` (tasks without fingerprints) and `shared`:
        one mapping per `Leak` of the route, fractions rounded to four digits.
    """
    card = read_json(tokenized / target / "test" / CARD)
    found = [leak for leak in overlaps(tokenized, [route], [target]) if leak.source == route]
    return {
        "route": route,
        "target": target,
        "kind": card["tasks"][target]["kind"],
        "not_compared": not_compared(tokenized, [route], [target]),
        "shared": [asdict(leak) | {"fraction": round(leak.fraction, 4)} for leak in found],
    }


def _sources(tokenized: Path, intermediates: Sequence[str], target: str, split: str) -> Iterator[tuple[str, str]]:
    """What a target's split is compared with: the intermediates, mixtures by their members, and its own training.

    An intermediate task that is the target as well is compared like any other: both phases learn from the same data.
    """
    for source in intermediates:
        yield from ((source, member) for member in _members(tokenized, source))
    if split == "test" and target not in intermediates:
        yield target, target


def _members(tokenized: Path, name: str) -> list[str]:
    """The tasks whose rows are in the cache of this name; the name itself if there is no cache."""
    path = tokenized / name / "learn" / CARD
    card: dict[str, Any] = read_json(path) if path.is_file() else {}
    return list(card["tasks"]) if card.get("kind") == "mixture" else [name]


def _read(path: Path, split: str) -> dict[Where, _Prints]:
    """The hashes of a split by what they are of; empty if the cache has none."""
    if not path.is_file():
        return {}
    table = open_rows(path)
    table = table.filter(pc.equal(table["split"], split))
    fields = table.select(["what", "field"]).group_by(["what", "field"]).aggregate([]).to_pylist()
    prints = {}
    for one in fields:
        own = table.filter(pc.and_(pc.equal(table["what"], one["what"]), pc.equal(table["field"], one["field"])))
        keys, examples = own["key"].to_numpy(), own["examples"].to_numpy().astype(np.int64)
        order = np.argsort(keys)
        prints[one["what"], one["field"]] = _Prints(keys[order], examples[order])
    return prints


def _shared(seen: dict[Where, _Prints], there: dict[Where, _Prints]) -> Iterator[tuple[str, str, str, int, float]]:
    """Kind, field, field in training, number and fraction of what two splits share; nothing where that is none."""
    for (what, field), target in sorted(there.items(), key=lambda one: one[0]):
        for (other, met_as), training in sorted(seen.items(), key=lambda one: one[0]):
            if other != what:
                continue
            common = np.isin(target.keys, training.keys, assume_unique=True)
            if common.any():
                fraction = float(target.examples[common].sum() / target.examples.sum())
                yield what, field, met_as, int(common.sum()), fraction


def print_leaks(leaks: Sequence[Leak], missing: Sequence[str] = ()) -> None:
    """Print a table of overlaps, a line each, and the tasks that were not compared."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console, table = Console(), Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in ("target", "split", "trained on", "what", "shared", "of the split"):
        table.add_column(heading, justify="right" if heading in ("shared", "of the split") else "left")
    for leak in leaks:
        trained_on = leak.source if leak.source == leak.member else f"{leak.source}: {leak.member}"
        what = (leak.field or leak.kind) + ("" if leak.met_as == leak.field else f" (there {leak.met_as})")
        table.add_row(leak.target, leak.split, trained_on, what, str(leak.shared), f"{leak.fraction:.1%}")
    console.print(table if leaks else "No overlap found.")
    if missing:
        console.print(f"Not compared, since they have no cache: {', '.join(missing)}.")
