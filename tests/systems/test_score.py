"""A target answered by modules: files as of every other cell, controls, fallbacks and traces."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, read_json
from xstilts.model.checkpoint import save_checkpoint, trained_weights
from xstilts.model.layouts import LayoutHead
from xstilts.programs.scene import Box, Scene, Thing, write_scenes
from xstilts.report.cells.items import items
from xstilts.report.cells.metrics import read_scores
from xstilts.score.scoring import open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.systems.canonical import in_english, score_canonical
from xstilts.systems.naming import log_softmax
from xstilts.systems.questions import Parser, parse_all
from xstilts.systems.score import score_modules
from xstilts.systems.settings import SystemSettings
from xstilts.train.examples import open_examples
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
        said = [{**row, "texts": [f"is it {row['answer'].split(' | ')[-1]}"]} for row in tiny.rows("parses", 20)]
        learn = {"train": said, "dev": []}
        (self.layouts / "learn").symlink_to(tiny.cache(f"{root.name}-learn", learn, features))
        (root / self.cell.test_cache.parent).mkdir(parents=True)
        (root / self.cell.test_cache).symlink_to(looks)
        self.parser, self.perception = self._checkpoint("parser", self.layouts / "test"), root / "perception"
        self.head = self._checkpoint("head", looks)
        self.perceive(range(len(tiny.REGIONS)))

    def _pairs(self, tiny: Any, language: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Rows of the target and of the layout task, of the same ids."""
        looks, parses = tiny.rows("looks", 12, 0, language), tiny.rows("parses", 12, 0, language)
        return [(one, {**two, "id": one["id"]}) for one, two in zip(looks, parses, strict=True)]

    def _checkpoint(self, name: str, cache: Path) -> Path:
        """An untrained one of a cache's task."""
        torch.manual_seed(0)
        model = fresh_model(self.public, None, read_json(cache / "card.json")["tasks"])
        nothing = {"tasks": {}, "training": None}
        card = {"tasks": model.cards, "training": None, "intermediate": nothing}
        (self.root / name).mkdir()
        save_checkpoint(self.root / name, trained_weights(model), card)
        return self.root / name

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
        parser = Parser(self.parser, self.public, self.layouts, self.perception)
        score_modules(parser, self.cell, settings, score)
        return self.root / self.cell.scores

    def in_english(self, monkeypatch: pytest.MonkeyPatch, **system: Any) -> Path:
        monkeypatch.chdir(self.root)
        parser = Parser(self.parser, self.public, self.layouts, self.perception)
        score_canonical(self.head, parser, self.cell, SystemSettings(kind="canonical", **system), SCORE)
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


def test_what_queries_read_gives_the_scores_of_concepts(asked: Asked) -> None:
    """Names are learned from spans, so these must be what the head compares with names."""
    parsing = open_scoring(asked.parser, asked.public, asked.layouts / "test", SCORE)
    head = parsing.model().head("parses")
    assert isinstance(head, LayoutHead)
    examples, parsed = parse_all(parsing)
    templates = len(head.vocabulary.templates)
    columns = [
        log_softmax(parsed.scale * parsed.spans[:, place] @ parsed.names[kind].T)
        for place, (kind, _) in enumerate(head.vocabulary.columns)
    ]
    assert len(examples) == len(parsed.scores) > 10
    np.testing.assert_allclose(np.concatenate(columns, axis=1), parsed.scores[:, templates:], atol=1e-4)


def test_learned_names_keep_the_score_without_them(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = read_json(asked.score(monkeypatch, answer="likeliest") / "scores.json")
    learned = read_json(asked.score(monkeypatch, answer="likeliest", names="pictures") / "scores.json")
    assert learned["naming"]["unlearned"] == plain["scores"]["accuracy"]
    assert learned["scores"]["accuracy"]["en"] == plain["scores"]["accuracy"]["en"]


def test_what_is_parsed_alike_is_answered_alike(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """An English question has one answer about a picture, whatever language it was put from."""
    table = open_rows(asked.in_english(monkeypatch) / "predictions.arrow").to_pylist()
    asked.score(monkeypatch, templates=1000)
    traces = open_rows(asked.root / asked.cell.scores / "traces.arrow").to_pylist()
    likeliest = {(row["language"], row["id"]): row["layout"] for row in traces if row["rank"] == 0}
    answers: dict[tuple[str, str], set[str]] = {}
    for row in table:
        if layout := likeliest.get((row["language"], row["id"])):
            answers.setdefault((layout, row["image_id"]), set()).add(row["prediction"])
    assert len(answers) > 3
    assert {len(some) for some in answers.values()} == {1}


def test_questions_in_english_keep_the_clues_behind_them(
    tiny: Any, tiny_features: dict[str, Any], public: Path
) -> None:
    tokenizer = Tokenizer.from_file(str(public / "encoder/tokenizer.json"))
    rows = [{**row, "input_ids": [0, 5, 2, 2, 6, 7, 2], "question": 3} for row in tiny.rows("looks", 2)]
    rows += tiny.rows("looks", 1, 1, "de")
    examples = open_examples(tiny.cache("told", {"test": rows}, tiny_features), "test")
    word = tokenizer.id_to_token(8)
    asked = dict.fromkeys(zip(examples.languages, examples.ids, strict=True), f"{word} {word}")
    english = in_english(examples, asked, tokenizer)
    texts = [english.lists["input_ids"][row].tolist() for row in range(3)]
    assert texts == [[0, 8, 8, 2, 2, 6, 7, 2]] * 2 + [[0, 8, 8, 2]]
    assert english.columns["question"].tolist() == [4, 4, -1]


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
