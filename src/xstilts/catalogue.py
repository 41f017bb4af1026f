"""The tasks and mixtures there are, as their files and the caches made so far tell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.parameters import choices, task_file, task_kind, task_names, task_section

TOKENIZED = Path("data/tokenized")


@dataclass(frozen=True)
class TaskEntry:
    """A task or mixture as `xstilts tasks` lists it.

    Attributes:
        modality: `text`, `image+text`, or both of a mixture's.
        source: where its rows come from: the embedded world, a folder, or a mixture's members.
        rows: {split: rows}, {} as long as nothing was made.
    """

    name: str
    kind: str
    modality: str
    languages: list[str]
    source: str
    rows: dict[str, int]


def list_tasks() -> list[TaskEntry]:
    """Return every task with a file in stages/tasks, tasks before mixtures, each by name."""
    choices()  # so that a wrong working directory is an error and not an empty list
    entries = [_mixture(name) if task_kind(name) == "mixture" else _task(name) for name in task_names()]
    return sorted(entries, key=lambda entry: (entry.kind == "mixture", entry.name))


def _task(name: str) -> TaskEntry:
    encode = task_section(name, "encode")
    modality = "image+text" if encode.get("features") else "text"
    return TaskEntry(name, task_kind(name), modality, list(encode["languages"]), _source(name), _rows(name))


def _mixture(name: str) -> TaskEntry:
    members = [_task(member) for member in task_file(name)["encode"]["members"]]
    modality = ", ".join(sorted({member.modality for member in members})) or "-"
    languages = list(dict.fromkeys(language for member in members for language in member.languages))
    source = " + ".join(member.name for member in members) or "empty"
    return TaskEntry(name, "mixture", modality, languages, source, _rows(name))


def _source(name: str) -> str:
    if choices()["world"] == "pictograms":
        return "pictograms (made here)"
    return str(task_section(name, "data").get("official", {}).get("root") or "official, no root set")


def _rows(name: str) -> dict[str, int]:
    """Rows of the tokenised caches, by split."""
    rows: dict[str, int] = {}
    for part in ("learn", "test"):
        card = _json(TOKENIZED / name / part / "card.json")
        for task in card.get("tasks", {}).values():
            for split, number in task["rows"].items():
                rows[split] = rows.get(split, 0) + number
    return rows


def _json(path: Path) -> dict[str, Any]:
    """The content of a card, {} if nothing was made yet."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content
