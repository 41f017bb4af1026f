"""What the page is made of: the files of metrics/ and data/report/, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.files import open_rows, read_json
from xstilts.report.cells.details import details_path
from xstilts.report.places import cell_path

Json = Mapping[str, Any]
Key = tuple[str, str, int]  # target, route, seed


@dataclass(frozen=True)
class Material:
    """A study as the page shows it.

    Attributes:
        study, answer, transfer, claims: the JSON files of these names.
        cells: metrics/study/<target>/<route>-s<seed>.json by cell.
        training: both phases of each cell, null where nothing was trained.
        answers: by cell, its answers about the target's scenes: {(question id, language): (prediction, score)}.
        scenes: by target.
    """

    targets: Sequence[str]
    routes: Sequence[str]
    seeds: Sequence[int]
    study: Json
    answer: Json
    transfer: Json
    claims: Json
    cells: Mapping[Key, Json]
    training: Mapping[Key, Json]
    answers: Mapping[Key, Mapping[tuple[str, str], tuple[str, float]]]
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


def read_material(metrics: Path, report: Path, study: Mapping[str, Sequence[Any]]) -> Material:
    """Read the files of a study.

    Args:
        metrics: with answer.json, transfer.json, claims.json, study.json and study/.
        report: with details/ and scenes/.
        study: `targets`, `intermediates` and `seeds`, as in params.yaml.

    Raises:
        DataError: a file is missing or broken.
    """
    targets, routes, seeds = study["targets"], study["intermediates"], study["seeds"]
    keys = [(target, route, seed) for target in targets for route in routes for seed in seeds]
    details = {key: details_path(report / "details", *key) for key in keys}
    return Material(
        targets=targets,
        routes=routes,
        seeds=seeds,
        **{name: read_json(metrics / f"{name}.json") for name in ("study", "answer", "transfer", "claims")},
        cells={key: read_json(cell_path(metrics / "study", *key)) for key in keys},
        training={key: read_json(path / "training.json") for key, path in details.items()},
        answers={key: _answers(path / "answers.arrow") for key, path in details.items()},
        scenes={target: _scenes(report / "scenes" / target) for target in targets},
    )


def _answers(path: Path) -> dict[tuple[str, str], tuple[str, float]]:
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
