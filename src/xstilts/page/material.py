"""What the page is made of: the files of metrics/ and data/report/, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.cells import Study, metrics_folder, report_folder
from xstilts.base.files import open_rows, read_json

Json = Mapping[str, Any]
Answers = Mapping[tuple[str, str], tuple[str, float]]  # {(question id, language): (prediction, score)}


@dataclass(frozen=True)
class Material:
    """A study as the page shows it.

    Attributes:
        routes: as the files write them: `gqa`, `lora/gqa`.
        study, answer, transfer, claims, cells: the JSON files of these names.
        training: {target: {route: [both phases, null where nothing was trained; one per seed]}}.
        answers: {target: {route: what the first seed answered about the target's scenes}}.
        scenes: by target.
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
    answers: Mapping[str, Mapping[str, Answers]]
    scenes: Mapping[str, Scenes]


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
    """

    about: Json
    questions: Sequence[Question]
    pictures: Mapping[str, bytes]


def read_material(study: Study, name: str | None) -> Material:
    """Read the files of a study.

    Args:
        study: its cells.
        name: of the study, whose folders are read; None: of the default study.

    Raises:
        DataError: a file is missing or broken.
    """
    files = ("study", "answer", "transfer", "claims", "cells")
    folders = {target: _collected(study, name, target) for target in study.targets}
    return Material(
        targets=study.targets,
        routes=list(map(str, study.routes())),
        seeds=study.seeds,
        **{file: read_json(metrics_folder(name) / f"{file}.json") for file in files},
        training={
            target: {route: [read_json(one / "training.json") for one in seeds] for route, seeds in routes.items()}
            for target, routes in folders.items()
        },
        answers={
            target: {route: _answers(first / "answers.arrow") for route, (first, *_) in routes.items()}
            for target, routes in folders.items()
        },
        scenes={target: _scenes(report_folder(name) / "scenes" / target) for target in study.targets},
    )


def _collected(study: Study, name: str | None, target: str) -> dict[str, list[Path]]:
    """Where the cells of each route on a target were collected, one folder per seed."""
    return {str(route): [cell.collected(name) for cell in cells] for route, cells in study.cells(target).items()}


def _answers(path: Path) -> Answers:
    return {(row["id"], row["language"]): (row["prediction"], row["score"]) for row in open_rows(path).to_pylist()}


def _scenes(path: Path) -> Scenes:
    asked: dict[str, list[dict[str, str]]] = {}
    for row in open_rows(path / "questions.arrow").to_pylist():
        asked.setdefault(row["id"], []).append(row)
    pictures = {row["image_id"]: row["webp"] for row in open_rows(path / "pictures.arrow").to_pylist()}
    return Scenes(read_json(path / "about.json"), [_question(rows) for rows in asked.values()], pictures)


def _question(rows: Sequence[Mapping[str, str]]) -> Question:
    first, texts = rows[0], {row["language"]: row["question"] for row in rows}
    return Question(first["id"], first["image_id"], first["structural"], first["answer"], texts)
