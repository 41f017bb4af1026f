"""What the page is made of: the files of metrics/ and data/report/, read once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.cells import Study, metrics_folder, report_folder
from xstilts.base.files import open_rows, read_json

Json = Mapping[str, Any]
Given = tuple[str, float, float | None]  # a prediction, what it earned, and its probability
Answers = Mapping[tuple[str, str], Given]  # by question id and language
FILES = ("study", "answer", "transfer", "claims", "cells")
NOT_HERE = (
    "answers and pictures lie in data/report, which is not in git: `dvc pull` fetches them, `dvc repro` makes them"
)
UNTRAINED = {"intermediate": None, "target": None}


@dataclass(frozen=True)
class Question:
    """A question about a picture, in every language.

    Attributes:
        texts: {language: the question}.
    """

    id: str
    image_id: str
    type: str
    answer: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Scenes:
    """The scenes of a target that may be shown.

    Attributes:
        about: `data`, `licence`, `source`, and `why_none` where there are none.
        pictures: {image id: WebP}.
        regions: {image id: boxes x1 y1 x2 y2, relative to the picture}.
    """

    about: Json
    questions: Sequence[Question]
    pictures: Mapping[str, bytes]
    regions: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """A study as the page shows it.

    Attributes:
        routes: as the files write them: `gqa`, `lora/gqa`.
        study, answer, transfer, claims, cells, items: the JSON files of these names; `items` may have no target.
        training: {target: {route: [both phases, null where nothing was trained or it is not known; one per seed]}}.
        answers: {target: {route: [what each seed answered about the target's scenes]}}.
        scenes: by target.
        origin: where the numbers come from, see `page.origin`; {} where that is not known.
    """

    targets: Sequence[str]
    routes: Sequence[str]
    seeds: Sequence[int]
    study: Json
    answer: Json
    transfer: Json
    claims: Json
    cells: Json
    training: Mapping[str, Mapping[str, Sequence[Json]]]
    answers: Mapping[str, Mapping[str, Sequence[Answers]]]
    scenes: Mapping[str, Scenes]
    items: Json = field(default_factory=dict)
    origin: Json = field(default_factory=dict)


def read_material(study: Study, name: str | None, origin: Json | None = None, from_git: bool = False) -> Material:
    """Read the files of a study.

    Args:
        study: its cells.
        name: of the study, whose folders are read; None: of the default study.
        from_git: read metrics/ alone, without training, answers and scenes.
    """
    metrics = metrics_folder(name)
    items = metrics / "items.json"
    return Material(
        targets=study.targets,
        routes=list(map(str, study.routes())),
        seeds=study.seeds,
        **{file: read_json(metrics / f"{file}.json") for file in FILES},
        **_collected(study, name, from_git),
        items=read_json(items) if items.is_file() else {},
        origin=origin or {},
    )


def _collected(study: Study, name: str | None, from_git: bool) -> dict[str, Any]:
    """Training, answers and scenes: what data/report has of the cells, or, from git alone, nothing."""
    folders = {
        target: {str(route): [cell.collected(name) for cell in own] for route, own in study.cells(target).items()}
        for target in study.targets
    }
    none = Scenes({"data": "", "licence": "", "source": "", "why_none": NOT_HERE}, [], {})
    scenes = report_folder(name) / "scenes"
    return {
        "training": _of_each(folders, lambda path: UNTRAINED if from_git else read_json(path / "training.json")),
        "answers": _of_each(folders, lambda path: {} if from_git else _answers(path / "answers.arrow")),
        "scenes": {target: none if from_git else _scenes(scenes / target) for target in study.targets},
    }


def _of_each(folders: Mapping[str, Mapping[str, Sequence[Path]]], read: Callable[[Path], Any]) -> dict[str, Any]:
    return {
        target: {route: list(map(read, paths)) for route, paths in routes.items()} for target, routes in folders.items()
    }


def _answers(path: Path) -> Answers:
    rows = open_rows(path).to_pylist()
    return {(one["id"], one["language"]): (one["prediction"], one["score"], one["probability"]) for one in rows}


def _scenes(path: Path) -> Scenes:
    asked: dict[str, list[dict[str, str]]] = {}
    for row in open_rows(path / "questions.arrow").to_pylist():
        asked.setdefault(row["id"], []).append(row)
    shown = open_rows(path / "pictures.arrow").to_pylist()
    pictures, regions = ({row["image_id"]: row[key] for row in shown} for key in ("webp", "regions"))
    return Scenes(read_json(path / "about.json"), list(map(_question, asked.values())), pictures, regions)


def _question(rows: Sequence[Mapping[str, str]]) -> Question:
    first, texts = rows[0], {row["language"]: row["question"] for row in rows}
    return Question(first["id"], first["image_id"], first["structural"], first["answer"], texts)
