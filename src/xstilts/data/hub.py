"""The section `data.official.hub`: which rows of which datasets of the Hugging Face hub a task's splits are made of.

Nothing of a repository is run: only its list of files, its card and its files of rows are fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO

from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.base.parameters import build
from xstilts.data.expected import Expected, filled, names_language
from xstilts.data.hub_files import SplitFiles, commit_of, files_of, open_repository
from xstilts.data.hub_map import FIELDS, RowMap
from xstilts.data.hub_pictures import PictureStore
from xstilts.data.hub_rows import Counts, write_rows
from xstilts.data.manifest import IMAGES, Manifest

FORMAT = "rows"


@dataclass(frozen=True)
class Rows:
    """Rows of the hub, and the fields of the format `rows` that are made of them.

    Every text in it may have `{language}`, `{language3}` and `{language_name}` (German) in it.

    Attributes:
        repo: `owner/name` of a dataset.
        split: the hub's split, or a pattern of paths in the repository.
        revision: a commit, 40 hexadecimal digits; without one, the lock file has it (`hub_files.commit_of`).
        config: the configuration (subset), if there are several.
        columns: {field: column, `column.key` of a struct, a text with `{column}` in it, or a list of these}. In a text,
            `{row}` is the number of the row and `{item}` that of the item (`each`), both from 1.
        constants: {field: text that is the same in every row}.
        labels: names of the classes, tags or choices in the order of their numbers; empty: the hub's own.
        values: {column: {value: what is read in its place}}.
        without: {column: regular expression of what is taken out of its text}.
        where: {column: value, or several}: only these rows are read. `*` stands for any text; case does not matter.
        each: a column with a list, or with a text of several lines, or several columns: every item is a row of its own,
            in the column `each`.
        matches: a column with pairs of items, from 1; `{match}` in `gold` is the other one of a pair.
        pictures: {image or second_image: column with the picture}, kept under the id that `columns` names.
        stripped: contexts have lost the white space at their start while answer_start counts it.
        rows: how many are read, or the first and the last + 1, from 0; None: all.
        languages: the languages that this entry is for; empty: those that no other entry of the split is for.
        codes: {language: the hub's code of it}, where they differ.
    """

    repo: str
    split: str
    columns: dict[str, str | list[str]]
    revision: str | None = None
    config: str | None = None
    constants: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)
    where: dict[str, str | list[str]] = field(default_factory=dict)
    each: str | list[str] | None = None
    matches: str | None = None
    pictures: dict[str, str] = field(default_factory=dict)
    stripped: bool = False
    rows: int | list[int] | None = None
    languages: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)

    def files(self, where: str) -> SplitFiles:
        """Ask the hub for the files of these rows."""
        return files_of(open_repository(self.repo, commit_of(self.repo, self.revision, where)), self.config, self.split)


@dataclass(frozen=True)
class Part:
    """One split in one language, which becomes a file of the raw set.

    Attributes:
        target: path in the raw set.
        sources: the rows that it has, one after another.
    """

    split: str
    language: str
    target: str
    sources: Sequence[Rows]


@dataclass(frozen=True)
class HubSet:
    """What is read from the hub for a task.

    Attributes:
        where: the section, for messages.
        images: rows that have pictures only.
        names_labels: whether numbers of labels stand for names (`Kind.has_listed_labels`).
    """

    where: str
    parts: Sequence[Part]
    images: Sequence[Rows]
    names_labels: bool = True

    def plans(self) -> list[Part]:
        """All parts in the order in which they are read; what has only pictures comes first, and has no target."""
        return [*(Part("images", "", "", [one]) for one in self.images), *self.parts]


SHARED = {one.name for one in fields(Rows)} - {"split"}
Section = Mapping[str, Any]


def hub_of(
    section: Section, expected: Expected, where: str, names_labels: bool = True, splits: Sequence[str] | None = None
) -> HubSet:
    """Check the section and work out what is read; the hub is not asked.

    Args:
        section: `splits`: {train, dev or test: the hub's split, or an entry with keys of `Rows`, or a list of
            entries}, `images`: a list of entries; every other key of `Rows` holds for all entries that lack it.
        splits: those that are wanted; None: all that the task has.

    Raises:
        ParameterError: naming the key of the section, with what to write instead.
    """
    for key in section:
        if key not in (valid := (*SHARED, "splits", "images")):
            raise ParameterError(f"{where}: unknown key '{key}'.{did_you_mean(key, valid)}")
    shared = {key: value for key, value in section.items() if key in SHARED}
    named = section.get("splits") or {}
    for split in named:
        if split not in expected.files:
            raise ParameterError(f"{where}.splits: unknown split '{split}'.{did_you_mean(split, expected.files)}")
    wanted = list(expected.files if splits is None else splits)
    if missing := [split for split in wanted if split not in named]:
        raise ParameterError(f"{where}.splits: missing {', '.join(missing)}, which encode.files names")
    parts = [part for split in wanted for part in _parts(shared, named[split], expected, split, f"{where}.splits")]
    images = [_rows({**shared, **one}, "", 0, f"{where}.images") for one in section.get("images") or []]
    return HubSet(where, parts, images, names_labels)


def _parts(shared: Section, entries: Any, expected: Expected, split: str, where: str) -> list[Part]:
    """The parts of one split, one per language."""
    where = f"{where}.{split}"
    listed = [{**shared, **_entry(one, where)} for one in (entries if isinstance(entries, list) else [entries])]
    languages = expected.languages_of(split)
    parts = []
    for language in languages:
        own = [one for one in listed if language in one.get("languages", [])]
        own = own or [one for one in listed if not one.get("languages")]
        if not own:
            raise ParameterError(f"{where}: no entry is for '{language}'; name it in `languages` of one")
        for one in own:
            if len(languages) > 1 and not one.get("languages") and not names_language(json.dumps(one)):
                found = f"nothing says where '{language}' is among {', '.join(languages)}"
                raise ParameterError(f"{where}: {found}; put {{language}} into config, split or where")
        sources = [_rows(one, language, expected.shots, where) for one in own]
        parts.append(Part(split, language, f"{split}-{language}.jsonl", sources))
    return parts


def _entry(entry: Any, where: str) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"split": entry}
    if not isinstance(entry, dict):
        raise ParameterError(f"{where} is {entry!r}, expected a split of the hub, or an entry with `split`")
    return entry


def _rows(entry: Section, language: str, shots: int, where: str) -> Rows:
    """An entry in one language, checked."""
    built = build(Rows, entry, where)
    code = built.codes.get(language, language)
    rows = build(Rows, _filled(entry, code, shots, where), where) if language else built
    for key in (*rows.columns, *rows.constants, *rows.pictures):
        if key not in FIELDS:
            raise ParameterError(f"{where}.columns: unknown field '{key}'.{did_you_mean(key, FIELDS)}")
    for key in rows.pictures:
        if key not in rows.columns:
            raise ParameterError(f"{where}.pictures: {key} has no id; name the column that has it in columns.{key}")
    if isinstance(rows.rows, list) and len(rows.rows) != 2:
        raise ParameterError(f"{where}: rows is {rows.rows}, expected a number, or the first and the last + 1")
    return rows


def _filled(value: Any, language: str, shots: int, where: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, language, shots, where) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, language, shots, where) for one in value]
    return filled(value, language, shots, where) if isinstance(value, str) else value


def write_hub(files: HubSet, draft: Path, manifest: Manifest) -> None:
    """Download what is read from the hub, write it into `draft` as JSON lines and a zip of pictures, and note it.

    Raises:
        DataError: the hub is out of reach or does not have it, a download is not what the hub lists, or the rows
            are not as many as its card says.
    """
    with PictureStore(draft / IMAGES) as store:
        plans = [_Plan.of(part, files, store) for part in files.plans()]  # a wrong name is an error before any download
        for plan in plans:
            plan.write(draft, manifest)
    for one in plans:
        for split in one.found:
            manifest.add_source(split.repository.place, split.repository.licence)
    if store.added:
        of = dict.fromkeys(one.repo for part in files.plans() for one in part.sources if one.pictures)
        manifest.note(IMAGES, len(store), of=", ".join(of))


@dataclass(frozen=True)
class _Plan:
    """A part, the files that it is read from, and how their rows are read."""

    part: Part
    found: Sequence[SplitFiles]
    maps: Sequence[RowMap]

    @classmethod
    def of(cls, part: Part, files: HubSet, store: PictureStore) -> _Plan:
        """Ask the hub for the files, and compare with the columns that its card names."""
        found = [one.files(files.where) for one in part.sources]
        maps = [RowMap(one, part.split, files.names_labels, store) for one in part.sources]
        for split, rows in zip(found, maps, strict=True):
            if split.features:
                rows.check(split.features, split.repository.place)
        return cls(part, found, maps)

    def write(self, draft: Path, manifest: Manifest) -> None:
        """Write the rows and note them; a part without a target has only pictures."""
        counts = Counts()
        if not self.part.target:
            return self._read(None, counts)
        with (draft / self.part.target).open("x", encoding="utf-8") as lines:
            self._read(lines, counts)
        self._check_some(counts)
        of = ", ".join(path for one in self.found for path in one.paths)
        more = {key: dict(value) for key in ("skipped", "changed") if (value := getattr(counts, key))}
        manifest.note(self.part.target, counts.written, format=FORMAT, of=of, **more)
        manifest.splits.setdefault(self.part.split, {})[self.part.language] = self.part.target
        return None

    def _read(self, lines: TextIO | None, counts: Counts) -> None:
        for source, split, rows in zip(self.part.sources, self.found, self.maps, strict=True):
            before, whole = counts.read, None if source.rows is not None or source.where else split.rows
            write_rows(rows, split, source.rows, lines, counts, whole)
            if whole not in (None, read := counts.read - before):
                place, expected = split.repository.place, f"{split.rows}, as its card says"
                raise DataError(place, None, f"{read} rows in {source.split}", expected, "choose another revision")

    def _check_some(self, counts: Counts) -> None:
        if not counts.written:
            reasons = "".join(f" ({rows} left out: {reason})" for reason, rows in counts.skipped.items())
            found = f"no row of {self.part.split} in '{self.part.language}'{reasons}"
            place = ", ".join(one.repository.place for one in self.found)
            raise DataError(place, None, found, "at least one", "correct data.official.hub in the task's file")
