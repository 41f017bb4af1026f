"""A target answered by modules: files as of every other cell, controls, fallbacks and traces."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json
from xstilts.model.checkpoint import save_checkpoint, trained_weights
from xstilts.programs.scene import Box, Scene, Thing, write_scenes
from xstilts.report.cells.items import items
from xstilts.report.cells.metrics import read_scores
from xstilts.score.settings import ScoreSettings
from xstilts.systems.score import score_modules
from xstilts.systems.settings import SystemSettings
from xstilts.train.phase import fresh_model

LANGUAGES = ("en", "de")
SCORE = ScoreSettings(precision="fp32")


class Asked:
    """A tiny target with pictures, a layout task with the same questions, an untrained parser, and perception."""

    def __init__(self, tiny: Any, features: dict[str, Any], public: Path, root: Path) -> None:
        self.public, self.root, self.cell = public, root, Cell("modules", "none", 0, "looks")
        pairs = [(one, two) for code in LANGUAGES for one, two in self._pairs(tiny, code)]
        looks = tiny.cache(f"{root.name}-looks", {"test": [one for one, _ in pairs]}, features)
        self.layouts = root / "layouts"
        self.layouts.mkdir()
        parses = [two for _, two in pairs]
        (self.layouts / "test").symlink_to(tiny.cache(f"{root.name}-test", {"test": parses}, features))
        learn = {"train": tiny.rows("parses", 20), "dev": []}
        (self.layouts / "learn").symlink_to(tiny.cache(f"{root.name}-learn", learn, features))
        (root / self.cell.test_cache.parent).mkdir(parents=True)
        (root / self.cell.test_cache).symlink_to(looks)
        self.parser, self.perception = self._parser(), root / "perception"
        self.perceive(range(len(tiny.REGIONS)))

    def _pairs(self, tiny: Any, language: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Rows of the target and of the layout task, of the same ids."""
        looks, parses = tiny.rows("looks", 12, 0, language), tiny.rows("parses", 12, 0, language)
        return [(one, {**two, "id": one["id"]}) for one, two in zip(looks, parses, strict=True)]

    def _parser(self) -> Path:
        torch.manual_seed(0)
        model = fresh_model(self.public, None, read_json(self.layouts / "test/card.json")["tasks"])
        nothing = {"tasks": {}, "training": None}
        card = {"tasks": model.cards, "training": None, "intermediate": nothing}
        (self.root / "parser").mkdir()
        save_checkpoint(self.root / "parser", trained_weights(model), card)
        return self.root / "parser"

    def perceive(self, images: Any) -> None:
        """A dog in every picture, red or blue by turns."""
        scenes = []
        for image in images:
            colour = ("red", "blue")[image % 2]
            thing = Thing("0", {"dog": 1.0}, {colour: 1.0}, Box(0.0, 0.0, 0.5, 0.5))
            scenes.append(Scene(f"image{image}", (thing,) if image else ()))
        write_scenes(self.perception, scenes, {"perception": "test", "names": ["dog"], "attributes": ["red", "blue"]})

    def score(self, monkeypatch: pytest.MonkeyPatch, score: ScoreSettings = SCORE, **system: Any) -> Path:
        monkeypatch.chdir(self.root)
        settings = SystemSettings(definite=True, **system)
        score_modules(self.parser, self.public, self.cell, self.layouts, self.perception, settings, score)
        return self.root / self.cell.scores


@pytest.fixture
def asked(tiny: Any, tiny_features: dict[str, Any], public: Path, tmp_path: Path) -> Asked:
    return Asked(tiny, tiny_features, public, tmp_path)


def test_files_and_columns_are_those_of_every_cell(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    out = asked.score(monkeypatch)
    scores, table = read_scores(out / "scores.json"), open_rows(out / "predictions.arrow")
    about = {"target": "looks", "recipe": "modules", "kind": "vqa", "metric": "accuracy"}
    assert {key: scores[key] for key in about} == about
    assert set(scores["controls"]) == {"blind", "shuffled"}
    assert items(out / "predictions.arrow").num_rows == len(table) == 24
    assert sorted(path.name for path in out.iterdir()) == [
        "SHA256SUMS",
        "predictions.arrow",
        "provenance.json",
        "scores.json",
        "traces.arrow",
        "training.json",
    ]


def test_traces_tell_how_each_answer_came_about(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    out = asked.score(monkeypatch)
    predictions = {(row["language"], row["id"]): row for row in open_rows(out / "predictions.arrow").to_pylist()}
    traces = open_rows(out / "traces.arrow").to_pylist()
    last = {(row["language"], row["id"]): row for row in traces}
    assert set(last) == set(predictions)
    ran = 0
    for key, row in last.items():
        failed = bool(row["failed"])
        assert predictions[key]["prediction"] == ("" if failed else row["value"])
        ran += not failed
    rates = read_json(out / "scores.json")["modules"]
    assert 0 < ran <= len(last)
    assert sum(rates["none_ran"].values()) / len(LANGUAGES) == pytest.approx(1 - ran / len(last), abs=1e-5)


def test_a_fallback_answers_where_nothing_runs(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a picture without objects only questions whether there is something are answered."""
    asked.perceive(range(1))
    scene = Scene("image0", ())
    names = [f"image{number}" for number in range(8)]
    scenes = [dataclasses.replace(scene, id=name) for name in names]
    write_scenes(asked.perception, scenes, {"perception": "test", "names": [], "attributes": []})
    none = asked.score(monkeypatch, templates=1)
    plain = open_rows(none / "predictions.arrow").to_pylist()
    rates = read_json(none / "scores.json")["modules"]
    usual = open_rows(asked.score(monkeypatch, templates=1, fallback="usual") / "predictions.arrow").to_pylist()
    assert {row["prediction"] for row in plain} <= {"", "no"}
    assert all(
        one["prediction"] == two["prediction"] for one, two in zip(plain, usual, strict=True) if one["prediction"]
    )
    assert "" not in {row["prediction"] for row in usual}
    again = read_json(asked.root / asked.cell.scores / "scores.json")
    assert rates["usual"] == again["modules"]["usual"] == again["scores"]["accuracy"]


def test_centred_questions_keep_the_uncentred_score(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = read_json(asked.score(monkeypatch) / "scores.json")
    centred = read_json(asked.score(monkeypatch, dataclasses.replace(SCORE, centre="language")) / "scores.json")
    assert centred["centring"]["uncentred"] == plain["scores"]["accuracy"]


def test_questions_and_pictures_must_be_there(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.perceive(range(3))
    with pytest.raises(DataError, match="no scene of image image"):
        asked.score(monkeypatch)
    asked.perceive(range(8))
    (asked.layouts / "test").unlink()
    (asked.layouts / "test").symlink_to((asked.layouts / "learn").resolve())
    (asked.layouts / "test/test.arrow").symlink_to((asked.layouts / "learn/train.arrow").resolve())
    with pytest.raises(DataError, match="a question in 'en' without a layout"):
        asked.score(monkeypatch)
