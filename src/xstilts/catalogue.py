"""The tasks, mixtures and recipes that exist, as their files and the caches made so far describe them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.base import parameters
from xstilts.base.errors import XstiltsError
from xstilts.base.files import read_object
from xstilts.data.manifest import MANIFEST
from xstilts.data.pictograms.build import DATASETS
from xstilts.data.pictograms.world import LICENCE
from xstilts.data.raw import official_source

TOKENIZED, RAW = Path("data/tokenized"), Path("data/raw")
LANGUAGES_SHOWN = 8
PIPE = 1000  # columns: wider than any row, so that a program reads one line per task


@dataclass(frozen=True)
class TaskEntry:
    """A task or mixture as `xstilts tasks` lists it.

    Attributes:
        modality: `text`, `image+text`, or both of a mixture's.
        metric: what it is scored by, "" of a mixture.
        licence: of the data in the chosen world: the raw set's, once it is made; "" of a mixture.
        source: where its rows come from in the chosen world: made here, a folder, datasets of the hub, or a mixture's
            members.
        rows: {split: rows}, {} as long as nothing was made.
    """

    name: str
    kind: str
    modality: str
    languages: list[str]
    metric: str
    licence: str
    source: str
    rows: dict[str, int]


def list_tasks() -> list[TaskEntry]:
    """Return every task with a file in stages/tasks, tasks before mixtures, each by name."""
    parameters.choices()  # so that a wrong working directory is an error and not an empty list
    entries = [
        _mixture(name) if parameters.task_kind(name) == "mixture" else _task(name) for name in parameters.task_names()
    ]
    return sorted(entries, key=lambda entry: (entry.kind == "mixture", entry.name))


def list_recipes() -> list[tuple[str, str, str]]:
    """Every recipe with a file: its name, the cells that the grid has of it, and what it changes.

    They are in the order of the grid; those that it does not list come last.
    """
    universe = parameters.grid()
    listed = {name: phase for phase, names in universe["recipes"].items() for name in names}
    entries = []
    for name in [*listed, *(name for name in parameters.recipe_names() if name not in listed)]:
        said = {
            phase: ", ".join(f"{key} {value}" for key, value in (section or {}).items())
            for phase, section in parameters.recipe_file(name).items()
        }
        changes = "; ".join(f"{phase}: {settings}" for phase, settings in said.items() if settings)
        entries.append((name, _ranges_over(listed.get(name), universe), changes or "nothing"))
    return entries


def _ranges_over(phase: str | None, universe: dict[str, Any]) -> str:
    if phase is None:
        return "nothing, stages/grid.yaml does not list it"
    if phase == "everywhere":
        return "every route and target"
    targets = universe[f"{phase}_targets" if phase in ("system", "canonical", "decoder") else "recipe_targets"]
    routes = universe["decoder_routes" if phase == "decoder" else "recipe_routes"]
    return f"{' '.join(routes)} on {' '.join(targets)}"


def _task(name: str) -> TaskEntry:
    encode, data = parameters.task_section(name, "encode"), parameters.task_section(name, "data")
    modality = "image+text" if encode.get("features") else "text"
    languages, metric = _languages(name) or list(encode["languages"]), str(encode["metric"])
    named = LICENCE if parameters.choices()["world"] == "pictograms" and name in DATASETS else data.get("licence", "")
    licence = str(_json(RAW / name / MANIFEST).get("licence") or named)
    return TaskEntry(
        name, parameters.task_kind(name), modality, languages, metric, licence, _source(name, data), _rows(name)
    )


def _mixture(name: str) -> TaskEntry:
    members = [_task(member) for member in parameters.task_file(name)["encode"]["members"]]
    modality = ", ".join(sorted({member.modality for member in members})) or "-"
    languages = list(dict.fromkeys(language for member in members for language in member.languages))
    source = " + ".join(member.name for member in members) or "empty"
    return TaskEntry(name, "mixture", modality, languages, "", "", source, _rows(name))


def _source(name: str, data: dict[str, Any]) -> str:
    """Where the raw stage finds a task in the world that params.yaml chooses."""
    if parameters.choices()["world"] == "pictograms":
        return "made here" if name in DATASETS else "official data only"
    try:
        source = official_source(name)
    except XstiltsError:
        root = parameters.choices().get("data_root") or "."
        return f"no files in {Path(root, str((data.get('official') or {}).get('root')))}"
    hub = [f"hub: {one.repo}" for part in source.hub.plans() for one in part.sources] if source.hub else []
    return ", ".join(dict.fromkeys([*([str(source.root)] if source.local.copies else []), *hub]))


def _languages(name: str) -> list[str]:
    """The languages that a made set has: those of the embedded world are not always the published ones."""
    cards = (_json(TOKENIZED / name / part / "card.json") for part in ("test", "learn"))
    return next((list(card["tasks"][name]["languages"]) for card in cards if card.get("tasks")), [])


def _rows(name: str) -> dict[str, int]:
    """Rows of the tokenised caches, by split."""
    rows: Counter[str] = Counter()
    for part in ("learn", "test"):
        for task in _json(TOKENIZED / name / part / "card.json").get("tasks", {}).values():
            rows.update(task["rows"])
    return dict(rows)


def _json(path: Path) -> dict[str, Any]:
    """The content of a card, {} if nothing was made yet."""
    return read_object(path) if path.is_file() else {}


def print_catalogue() -> None:
    """Print tasks and recipes in tables as wide as the terminal; in a pipe, one line per entry."""
    console = Console()
    console = console if console.is_terminal else Console(width=PIPE)
    tasks = plain_table("task", "kind", "modality", "languages", "metric", "rows", "source", "licence")
    for entry in list_tasks():
        rows = ", ".join(f"{split} {number}" for split, number in entry.rows.items()) or "-"
        said = (entry.metric or "-", rows, entry.source, entry.licence or "-")
        more = len(entry.languages) - LANGUAGES_SHOWN
        languages = " ".join(entry.languages[:LANGUAGES_SHOWN]) + (f" +{more}" if more > 0 else "")
        tasks.add_row(entry.name, entry.kind, entry.modality, languages or "-", *said)
    console.print(tasks)
    recipes = plain_table("recipe", "ranges over", "changes")
    for recipe in list_recipes():
        recipes.add_row(*recipe)
    console.print(recipes)


def plain_table(*headings: str) -> Table:
    """An empty table whose first column is never broken; the others are, where the terminal is too narrow."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    return table
