"""Official data sets from the Hugging Face hub: Parquet files of one commit, checked, and written as JSON lines.

Nothing of a repository is run: only its list of files, its README and its Parquet files are fetched. A set that
once needed a loading script also has Parquet files, in the commit of its branch `refs/convert/parquet`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.data.expected import Expected, as_list, filled, inside, names_language, without_format
from xstilts.data.hub_card import HubCard, licence_note
from xstilts.data.hub_files import HubRepository, commit_today, split_paths
from xstilts.data.hub_rows import FIELDS, NO_LABEL, RowMap, write_rows
from xstilts.data.manifest import Manifest

COMMIT = re.compile(r"[0-9a-f]{40}")
FORMAT = "rows"


@dataclass(frozen=True)
class Hub:
    """The section `data.official.hub`.

    Attributes:
        repo: `owner/name` of a dataset.
        revision: the commit, 40 hexadecimal digits: what a branch points to changes.
        splits: {train, dev or test: the hub's split, or a pattern of Parquet paths in the repository}.
        columns: {field of the format `rows`: column of the hub, `column.key` of a struct, or a list of columns}.
        config: name of the configuration (subset), if there are several. Like splits, it may have `{language}` or
            `{language3}` in it; every language of a split is then read, one by one.
        labels: names of the classes, tags or choices in the order of their numbers; empty: the hub's own.
    """

    repo: str
    revision: str
    splits: dict[str, str]
    columns: dict[str, str | list[str]]
    config: str | None = None
    labels: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """One configuration and split of the hub, which becomes a file of the raw set.

    Attributes:
        target: path in the raw set.
    """

    split: str
    config: str | None
    hub_split: str
    target: str


@dataclass(frozen=True)
class HubFiles:
    """A dataset of the hub, what its parts become, and whether its labels are numbers that stand for names."""

    hub: Hub
    parts: list[Part]
    names_labels: bool = True


def hub_of(hub: Hub, expected: Expected, where: str, names_labels: bool = True) -> HubFiles:
    """Check the section and work out what is read; the hub is asked only if the revision is not a commit.

    Args:
        names_labels: whether the task's kind has labels with names (`Kind.has_listed_labels`); otherwise a number that
            is a label stays one.

    Raises:
        ParameterError: naming the key of the section, with what to write instead.
    """
    if not COMMIT.fullmatch(hub.revision):
        raise ParameterError(f"{where}: revision is '{hub.revision}', expected a commit; {_resolved(hub)}")
    for key in hub.columns:
        if key not in FIELDS:
            raise ParameterError(f"{where}.columns: unknown field '{key}'.{did_you_mean(key, FIELDS)}")
    for split in hub.splits:
        if split not in expected.files:
            raise ParameterError(f"{where}.splits: unknown split '{split}'.{did_you_mean(split, expected.files)}")
    if missing := [split for split in expected.files if split not in hub.splits]:
        raise ParameterError(f"{where}.splits: missing {', '.join(missing)}, which encode.files names")
    parts = [part for split in expected.files for part in _parts(hub, expected, split, where)]
    _check_targets(parts, where)
    return HubFiles(hub, parts, names_labels)


def _resolved(hub: Hub) -> str:
    try:
        commit = commit_today(hub.repo, hub.revision)
    except DataError as error:
        return f"write its 40 hexadecimal digits ({error})"
    return f"the hub resolves it today to {commit}: write that"


def _parts(hub: Hub, expected: Expected, split: str, where: str) -> list[Part]:
    """The parts of one split: one, or one per language if the hub keeps the languages separate."""
    pattern = without_format(as_list(expected.files[split])[0])
    apart = names_language(hub.config or "") or names_language(hub.splits[split])
    languages = expected.languages_of(split)
    if apart != names_language(pattern) and len(languages) > 1:
        found = f"config and splits, and encode.files '{pattern}' of {split},"
        raise ParameterError(f"{where}: {found} must both have {{language}}, or neither")
    parts = []
    for language in languages if apart else languages[:1]:
        config = None if hub.config is None else filled(hub.config, language, expected.shots, where)
        hub_split = filled(hub.splits[split], language, expected.shots, where)
        target = inside(filled(pattern, language, expected.shots, where), where)
        parts.append(Part(split, config, hub_split, target))
    return parts


def _check_targets(parts: list[Part], where: str) -> None:
    """Two parts never share a file."""
    owners: dict[str, Part] = {}
    for part in parts:
        if owners.setdefault(part.target, part) is not part:
            found = f"{owners[part.target].split} and {part.split} would both become {part.target}"
            raise ParameterError(f"{where}: {found}; give each split a file of its own in encode.files")


def write_hub(files: HubFiles, draft: Path, licence: str, citation: str) -> Manifest:
    """Download a dataset of the hub and write it into `draft` as JSON lines; return the manifest, not yet written.

    Raises:
        DataError: the hub is out of reach or does not have it, a download is not what the hub lists, or the rows
            are not as many as the Parquet footers and the dataset's card say.
    """
    hub = files.hub
    repository = HubRepository.open(hub.repo, hub.revision)
    card = HubCard.read(repository)
    manifest = Manifest(draft, licence_note(licence, card), f"{citation} ({repository.place})")
    for part in files.parts:
        config = part.config or card.default_config()
        paths = split_paths(repository, card, config, part.hub_split)
        rows = RowMap(hub.columns, hub.labels, part.split, files.names_labels)
        count = write_rows(repository, paths, rows, draft / part.target)
        card.check_rows(config, part.hub_split, count.read)
        more = {"skipped": {NO_LABEL: count.without_label}} if count.without_label else {}
        manifest.note(part.target, count.written, format=FORMAT, of=", ".join(paths), **more)
    return manifest
