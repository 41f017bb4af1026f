"""One task's raw data to its tokenised caches: `learn` (train and dev) and, if the task has one, `test`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.cache import ROW
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, sha256_of
from xstilts.base.kinds import KINDS
from xstilts.data.progress import tracked
from xstilts.encode.columns import OUTSIDE, Setting
from xstilts.encode.fingerprints import fingerprints, repeated
from xstilts.encode.images import ImageIndex, open_images
from xstilts.encode.kinds import encode_examples, task_labels
from xstilts.encode.tokens import open_tokenizer
from xstilts.encode.write import as_table, write_cache
from xstilts.tasks import drop_overlap, read_split, split_files, with_raw_languages
from xstilts.tasks.clues import perceived_clues
from xstilts.tasks.examples import Example, Reading, VqaExample
from xstilts.tasks.schema import EDITED, TaskSpec

LEARN = ("train", "dev")
UNKNOWN_ANSWER = "with an answer that is not in the answer vocabulary, which comes from train"


@dataclass(frozen=True)
class Places:
    """Where the stage finds what it reads and puts what it writes, relative to the repository root."""

    raw: Path = Path("data/raw")
    tokenizer: Path = Path("data/public/encoder/tokenizer.json")
    features: Path = Path("data/features")
    tokenized: Path = Path("data/tokenized")
    perception: Path = Path("data/perception")


@dataclass(frozen=True)
class EncodedSplit:
    """A split that is ready to be written, with what the card says about it.

    Attributes:
        truncated: rows whose text was cut.
        skipped: {reason: examples left out}.
        notes: {what should be known of examples that were kept: how many}.
    """

    table: pa.Table
    truncated: int
    skipped: Mapping[str, int]
    notes: Mapping[str, int]

    @property
    def note(self) -> str:
        """What was cut, left out or noted, for the summary; "" if nothing was."""
        cut = [f"  {self.truncated} rows cut to max_length"] if self.truncated else []
        skipped = [f"  {rows} rows skipped: {reason}" for reason, rows in self.skipped.items()]
        noted = [f"  {rows} rows ({rows / self.examples:.1%}) {what}" for what, rows in self.notes.items()]
        return ";".join(cut + skipped + noted)

    @property
    def examples(self) -> int:
        """How many examples the rows come from; the windows of a long one count as one."""
        return int(pc.sum(pc.equal(self.table["window"], 0)).as_py() or 0)


@dataclass(frozen=True)
class TaskCard:
    """What the cards of a task's caches have in common.

    Attributes:
        tokenizer: the SHA-256 of its file.
        origin: what the data are (`official`, `pictograms`), with licence and citation.
    """

    task: TaskSpec
    labels: list[str]
    images: ImageIndex | None
    tokenizer: str
    origin: Mapping[str, str]

    def of(self, splits: Mapping[str, EncodedSplit]) -> dict[str, Any]:
        """The card of a cache with these splits; without any, it names no task."""
        name = self.task.name
        tasks = {name: self._entry(splits)} if splits else {}
        return {
            "name": name,
            "kind": self.task.kind,
            "tasks": tasks,
            "tokenizer": self.tokenizer,
            "mixture": None,
        }

    def _entry(self, splits: Mapping[str, EncodedSplit]) -> dict[str, Any]:
        notes = {split: dict(encoded.notes) for split, encoded in splits.items()}
        return {
            "kind": self.task.kind,
            "labels": self.labels,
            "languages": list(self.task.encode.languages),
            "metric": self.task.encode.metric,
            **self.origin,
            "features": self.images.card if self.images else None,
            "max_length": self.task.encode.max_length,
            "rows": {split: encoded.table.num_rows for split, encoded in splits.items()},
            "examples": {split: encoded.examples for split, encoded in splits.items()},
            "truncated": {split: encoded.truncated for split, encoded in splits.items()},
            "skipped": {split: dict(encoded.skipped) for split, encoded in splits.items()},
            **({"notes": notes} if any(notes.values()) else {}),
        }


def encode_task(task: TaskSpec, places: Places | None = None) -> dict[str, EncodedSplit]:
    """Read, encode and write every split of a task.

    Answer vocabulary and tags come only from the training split; dev and test are encoded with them. A task that has
    only a test split (retrieval) gets an empty `learn`: the encoder is passed on as it is.

    Returns:
        The splits, for the summary on the terminal.

    Raises:
        DataError: naming the file and the row; nothing is written then.
    """
    places = places or Places()
    raw = places.raw / task.name
    origin, task = _origin(raw), with_raw_languages(task, raw)
    images = None if task.encode.features is None else open_images(places.features / task.encode.features)
    readings = _with_clues(task, _read(task, raw, images), places.perception)
    labels = task_labels(task, readings["train"].examples if "train" in readings else ())
    prints = fingerprints(task.kind, {split: reading.examples for split, reading in readings.items()}, images)
    splits = _encode_splits(task, readings, labels, images, places, repeated(task.kind, prints))
    card = TaskCard(task, labels, images, sha256_of(places.tokenizer), origin)
    for part, names in (("learn", LEARN), ("test", ("test", EDITED))):
        here = {split: splits[split] for split in names if split in splits}
        if here or part == "learn":
            tables = {split: here[split].table if here else ROW.empty_table() for split in here or names}
            own = prints.filter(pc.is_in(prints["split"], pa.array(names)))
            write_cache(places.tokenized / task.name / part, card.of(here), tables, own)
    return splits


def _read(task: TaskSpec, raw: Path, images: ImageIndex | None) -> dict[str, Reading[Example]]:
    """Every split; rows that are also in the test split are left out or refused."""
    ids = None if images is None else images.rows.keys()
    return drop_overlap(task, {split: read_split(task, split, raw, ids) for split in task.encode.files})


def _with_clues(task: TaskSpec, readings: dict[str, Reading[Example]], perception: Path) -> dict[str, Reading[Example]]:
    """The splits with what was perceived in the images of a task that names `clues`."""
    if task.encode.clues is None:
        return readings
    told = perceived_clues(perception / task.encode.clues)
    return {split: replace(one, examples=[_told(row, told) for row in one.examples]) for split, one in readings.items()}


def _told(example: Example, told: Mapping[str, str]) -> Example:
    if isinstance(example, VqaExample) and example.image in told:
        return replace(example, description=told[example.image])
    return example


def _origin(raw: Path) -> dict[str, str]:
    """What the data are, licence and source, from the manifest; it is written last, so the set is complete."""
    manifest = read_json(raw / "manifest.json")
    for key in ("data", "licence", "source"):
        if not isinstance(manifest, dict) or not isinstance(manifest.get(key), str):
            found, expected = f"no {key}", "what the data are, their licence and source"
            raise DataError(raw / "manifest.json", None, found, expected, "run `dvc repro` for the raw data")
    return {"data": manifest["data"], "licence": manifest["licence"], "citation": manifest["source"]}


def _encode_splits(
    task: TaskSpec,
    readings: Mapping[str, Reading[Example]],
    labels: list[str],
    images: ImageIndex | None,
    places: Places,
    notes: Mapping[str, Mapping[str, int]],
) -> dict[str, EncodedSplit]:
    tokenizer = open_tokenizer(places.tokenizer, task.encode.max_length)
    rows = images.rows if images else {}
    splits = {}
    for split, reading in readings.items():
        source = _source(task, split, places.raw / task.name)
        examples = tracked(_let_go(cast(list[Example], reading.examples)), "rows", len(reading.examples))
        columns = encode_examples(Setting(task, split, tokenizer, labels, rows, source), examples)
        table = as_table(task.name, columns.values)
        noted = {**reading.notes, **notes.get(split, {}), **_unknown_answers(task, table)}
        splits[split] = EncodedSplit(table, columns.truncated, {**reading.skipped, **columns.skipped}, noted)
    return splits


def _let_go(examples: list[Example]) -> Iterator[Example]:
    """The examples in their order, each taken out of the list: a million are not held beside their rows."""
    examples.reverse()
    while examples:
        yield examples.pop()


def _unknown_answers(task: TaskSpec, table: pa.Table) -> dict[str, int]:
    """How many rows of a task with an answer vocabulary no model can answer: their answer is not in it."""
    if not KINDS[task.kind].has_vocabulary:
        return {}
    unknown = pc.sum(pc.equal(table["label"], OUTSIDE)).as_py()
    return {UNKNOWN_ANSWER: unknown} if unknown else {}


def _source(task: TaskSpec, split: str, raw: Path) -> Path:
    """What errors name: the file of a split, or the folder of its files."""
    paths = {file.path for file in split_files(task, split, raw)}
    return paths.pop() if len(paths) == 1 else raw
