"""One task's raw data to its tokenised caches: `learn` (train and dev) and, if the task has one, `test`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.cache import read_json, sha256_of
from xstilts.encode.answers import answer_vocabulary
from xstilts.encode.columns import CUT_OFF, encode_examples
from xstilts.encode.images import ImageIndex, open_images
from xstilts.encode.tokens import open_tokenizer
from xstilts.encode.write import as_table, write_cache
from xstilts.errors import DataError
from xstilts.tasks import read_split
from xstilts.tasks.examples import Example, Reading, VqaExample
from xstilts.tasks.schema import TaskSpec


@dataclass(frozen=True)
class Places:
    """Where the stage finds what it reads and leaves what it writes, relative to the repository root."""

    raw: Path = Path("data/raw")
    tokenizer: Path = Path("data/public/encoder/tokenizer.json")
    features: Path = Path("data/features")
    tokenized: Path = Path("data/tokenized")


@dataclass(frozen=True)
class EncodedSplit:
    """A split, ready to be written, and what is to be said of it in the card."""

    table: pa.Table
    truncated: int
    skipped: dict[str, int]

    @property
    def note(self) -> str:
        """What was cut or left out, for the summary; "" if nothing was."""
        cut = [f"  {self.truncated} rows cut to max_length"] if self.truncated else []
        return ";".join(cut + [f"  {rows} rows skipped: {reason}" for reason, rows in self.skipped.items()])


def encode_task(task: TaskSpec, places: Places | None = None) -> dict[str, EncodedSplit]:
    """Read, encode and write every split of a task.

    The answer vocabulary comes from the training split alone; dev and test are encoded with it.

    Returns:
        The splits, for the summary on the terminal.

    Raises:
        DataError: naming the file and the row; nothing is written then.
    """
    places = places or Places()
    raw = places.raw / task.name
    origin = _origin(raw)
    images = None if task.encode.features is None else open_images(places.features / task.encode.features)
    ids = None if images is None else images.rows.keys()
    readings = {split: read_split(task, split, raw, ids) for split in task.encode.files}
    labels = _labels(task, readings["train"])
    splits = _encode_splits(task, readings, labels, images, places)
    card = _Card(task, labels, images, sha256_of(places.tokenizer), origin)
    learn = {split: splits[split] for split in ("train", "dev")}
    write_cache(places.tokenized / task.name / "learn", card.of(learn), _tables(learn))
    if "test" in splits:
        test = {"test": splits["test"]}
        write_cache(places.tokenized / task.name / "test", card.of(test), _tables(test))
    return splits


def _origin(raw: Path) -> dict[str, str]:
    """Licence and source of the raw data, from their manifest: it is written last, so that they are whole."""
    manifest = read_json(raw / "manifest.json")
    for key in ("licence", "source"):
        if not isinstance(manifest, dict) or not isinstance(manifest.get(key), str):
            found, expected = f"no {key}", "licence and source of the data"
            raise DataError(raw / "manifest.json", None, found, expected, "run `dvc repro` for the raw data")
    return {"licence": manifest["licence"], "citation": manifest["source"]}


def _labels(task: TaskSpec, training: Reading[Example]) -> list[str]:
    """The classes that the task file lists, or the answer vocabulary of a VQA task."""
    if task.kind != "vqa":
        return list(task.encode.labels)
    return answer_vocabulary((one for one in training.examples if isinstance(one, VqaExample)), task.encode.min_count)


def _encode_splits(
    task: TaskSpec,
    readings: dict[str, Reading[Example]],
    labels: list[str],
    images: ImageIndex | None,
    places: Places,
) -> dict[str, EncodedSplit]:
    tokenizer = open_tokenizer(places.tokenizer, task.encode.max_length)
    splits = {}
    for split, reading in readings.items():
        source = places.raw / task.name / task.encode.files[split]
        rows = images.rows if images else {}
        columns = encode_examples(task, reading.examples, tokenizer, labels, rows, source)
        skipped = {**reading.skipped, **({CUT_OFF: columns.cut_off} if columns.cut_off else {})}
        splits[split] = EncodedSplit(as_table(columns.values), columns.truncated, skipped)
    return splits


def _tables(splits: dict[str, EncodedSplit]) -> dict[str, pa.Table]:
    return {split: encoded.table for split, encoded in splits.items()}


@dataclass(frozen=True)
class _Card:
    """What the cards of a task's caches have in common."""

    task: TaskSpec
    labels: list[str]
    images: ImageIndex | None
    tokenizer: str
    origin: dict[str, str]

    def of(self, splits: dict[str, EncodedSplit]) -> dict[str, Any]:
        """The card of a cache with these splits."""
        entry = {
            "kind": self.task.kind,
            "labels": self.labels,
            "languages": list(self.task.encode.languages),
            "metric": self.task.encode.metric,
            **self.origin,
            "features": self.images.card if self.images else None,
            "max_length": self.task.encode.max_length,
            "rows": {split: encoded.table.num_rows for split, encoded in splits.items()},
            "truncated": {split: encoded.truncated for split, encoded in splits.items()},
            "skipped": {split: encoded.skipped for split, encoded in splits.items()},
        }
        name, kind = self.task.name, self.task.kind
        return {
            "name": name,
            "kind": kind,
            "tasks": {name: entry},
            "tokenizer": self.tokenizer,
            "mixture": None,
        }
