"""A target answered by modules: files as of every other cell, controls, fallbacks and traces."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from tokenizers import Tokenizer

from tiny_files import EMPTY, TinyFiles
from xstilts.base.cache import ROW
from xstilts.base.cells import Cell
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import open_rows, read_json, write_table
from xstilts.model.checkpoint import load_model, save_checkpoint, trained_weights
from xstilts.model.layouts import LayoutHead
from xstilts.programs.layout import Layout, fill
from xstilts.programs.scene import Box, Scene, Thing, write_scenes
from xstilts.programs.statements import statement
from xstilts.report.cells.items import items
from xstilts.report.cells.metrics import read_scores
from xstilts.score.beams import Beams
from xstilts.score.scoring import open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.systems import entailment
from xstilts.systems.canonical import in_english, score_canonical
from xstilts.systems.entailment import Judge, score_entailment
from xstilts.systems.naming import log_softmax
from xstilts.systems.questions import Parser, parse_all
from xstilts.systems.score import score_modules
from xstilts.systems.settings import SystemSettings
from xstilts.train.examples import Examples, open_examples
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
        pairs = tiny.cache(f"{root.name}-pairs", {"test": tiny.rows("follows", 4)}, features)
        self.judge = self._checkpoint("judge", pairs)
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


def told(asked: Asked, monkeypatch: pytest.MonkeyPatch, text: str = "the red dog is left") -> Path:
    """Scores by entailment, where the target's questions have clues, by an untrained judge."""
    cache = asked.root / asked.cell.test_cache
    table = open_rows(cache / "test.arrow")
    texts = pa.array([["what", text]] * len(table), table.schema.field("texts").type)
    rows = table.set_column(table.schema.get_field_index("texts"), "texts", texts)
    write_table(cache / "edited.arrow", rows)
    shutil.copy(cache / "edited.arrow", cache / "new.arrow")
    (cache / "new.arrow").replace(cache / "test.arrow")  # what is read may be mapped into memory
    settings = SystemSettings(kind="entailment", statements={"select {}>query name": "the {answer} is {0}"})
    parser = Parser(asked.parser, asked.public, asked.layouts, asked.perception)
    monkeypatch.chdir(asked.root)
    score_entailment(asked.judge, parser, asked.cell, settings, SCORE)
    return asked.root / asked.cell.scores


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


def test_the_answer_is_what_the_clues_entail_most(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every probability is what the judge says of clues and statement, and `no` is what contradicts that of `yes`."""
    table = open_rows(told(asked, monkeypatch) / "predictions.arrow").to_pylist()
    tokenizer = Tokenizer.from_file(str(asked.public / "encoder/tokenizer.json"))
    model = load_model(asked.public, asked.judge)

    def judged(statement: str, label: str) -> float:
        """By the model itself, one pair at a time."""
        row = {**EMPTY, "id": "0", "task": "follows", "language": "en", "structural": "", "semantic": ""}
        row |= {"input_ids": tokenizer.encode("the red dog is left", statement).ids}
        examples = Examples(pa.Table.from_pylist([row], ROW), {"tasks": model.cards})
        with torch.inference_mode():
            [chances] = model.logits(examples.batch(np.arange(1))).softmax(-1).tolist()
        return float(chances[TinyFiles.CLASSES.index(label)])

    asked_layouts = likeliest_layouts(asked)
    for row in table:
        layout = asked_layouts[row["language"], row["id"]]
        wording = {"select {}>query name": "the {answer} is {0}"}
        labels = {"no": "contradiction"} if layout.structural == "verify" else {}
        said = {one: statement(layout, one, wording) for one in row["top"]}
        found = [judged(said[one], labels.get(one, "entailment")) for one in row["top"]]
        np.testing.assert_allclose(row["probability"], np.array(found) / sum(found), rtol=1e-3)
        assert found == sorted(found, reverse=True)
        assert row["prediction"] == row["edited_prediction"] == row["top"][0]
    assert len({row["prediction"] for row in table}) > 1


def test_candidates_are_what_a_layout_or_training_names(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = Parser(asked.parser, asked.public, asked.layouts, asked.perception)
    parsing = open_scoring(asked.parser, asked.public, asked.layouts / "test", SCORE)
    judge = Judge.of_parser(asked.judge, parser, parsing, SystemSettings(kind="entailment"))
    exist = judge.claims(fill("select[]>exist[0]", ["cat"]), "")
    assert [(one.answer, one.label) for one in exist] == [("yes", "entailment"), ("no", "contradiction")]
    assert {one.statement for one in exist} == {"There is a cat in the picture."}
    naming = fill("select[]>query name[0]", ["cat"])
    few = [one.answer for one in judge.claims(naming, "a dog")]
    assert len(few) > 1
    assert set(few) <= {"cat", "dog", "sky", "tree"}
    monkeypatch.setattr(entailment, "FEW", 1)
    assert [one.answer for one in judge.claims(naming, f"a red {few[1]}.")] == [few[1]]
    assert [one.answer for one in judge.claims(naming, "nothing")] == few


def likeliest_layouts(asked: Asked) -> dict[tuple[str, str], Layout]:
    examples, parsed = parse_all(open_scoring(asked.parser, asked.public, asked.layouts / "test", SCORE))
    beams = Beams(TinyFiles.LAYOUTS)
    keys = zip(examples.languages, examples.ids, strict=True)
    return {key: next(beams.layouts(row))[0] for key, row in zip(keys, parsed.scores, strict=True)}


def test_a_judge_must_know_entailment_from_a_text(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.judge = asked.head
    with pytest.raises(DataError, match="found tasks looks, expected one about a text, with the labels entailment"):
        told(asked, monkeypatch)


def test_an_option_for_answer_heads_is_refused(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match=r"score\.prior is for recipes without a system"):
        asked.score(monkeypatch, dataclasses.replace(SCORE, prior="english"))


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
