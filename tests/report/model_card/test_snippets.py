"""The code of a card, taken out of the README of an export and run there, says what our model says."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.base.cells import PUBLIC, Cell
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, write_json
from xstilts.base.parameters import STAGES, read_yaml
from xstilts.export import export_cell, export_model
from xstilts.model.checkpoint import load_model, save_checkpoint
from xstilts.model.multitask import MultitaskModel
from xstilts.predict.answers import one_question
from xstilts.report.model_card.facts import read_facts
from xstilts.report.model_card.snippets import CODE
from xstilts.report.model_card.text import model_card
from xstilts.score.beams import Beams
from xstilts.train.examples import Examples, open_examples

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def blocks(card: str) -> list[str]:
    return BLOCK.findall(card)


@pytest.fixture
def run(write_cell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Export a cell with its card, and run the first code of the README in the folder; its names."""

    def run(target: str, **options: Any) -> dict[str, Any]:
        export_cell(write_cell(target, **options), tmp_path / "out")
        monkeypatch.chdir(tmp_path / "out")
        names: dict[str, Any] = {}
        exec(blocks(Path("README.md").read_text(encoding="utf-8"))[0], names)
        return names

    return run


def trained_model(root: Path, target: str) -> MultitaskModel:
    return load_model(root / PUBLIC, root / Cell("plain", "gqa", 0, target).target_checkpoint)


@pytest.fixture
def everything(every_kind: Path) -> Examples:
    return open_examples(every_kind, "train")


@pytest.mark.equivalence
@pytest.mark.parametrize("task", ["looks", "follows", "matches"])
@torch.inference_mode()
def test_labels_with_and_without_a_picture(
    task: str, run: Any, everything: Examples, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every cached row the same label as our model's, asked through the words of its tokens."""
    names = run(task)
    assert capsys.readouterr().out.strip() in names["labels"]
    model = trained_model(tmp_path, task)
    rows, answers = np.flatnonzero(everything.tasks == task)[:12], []
    assert len(rows) == 12
    for row in rows:
        batch = everything.batch(np.array([row]))
        text = names["tokenizer"].decode(batch.input_ids[0, 1:-1])
        picture = (batch.features[0], batch.boxes[0]) if batch.features.shape[1] else None
        answers.append(names["answer"](text, picture=picture))
        assert answers[-1] == names["labels"][model.logits(batch)[0].argmax()]
    assert task == "matches" or len(set(answers)) > 1  # of two random labels one may always win


@pytest.mark.equivalence
@torch.inference_mode()
def test_photographs_and_sentences_are_compared_as_well(
    tiny: Any, run: Any, everything: Examples, tmp_path: Path
) -> None:
    """Phase 0 aligned on captions: the same logits, within 1e-4, with a picture and without."""
    shutil.rmtree(tmp_path / PUBLIC)
    shutil.copytree(tiny.photo_public(), tmp_path / PUBLIC)
    names = run("matches")
    model = trained_model(tmp_path, "matches")
    for row in np.flatnonzero(everything.tasks == "matches")[:8]:
        batch = replace(everything.batch(np.array([row])), tokens_per_region=1)
        text = names["tokenizer"].decode(batch.input_ids[0, 1:-1])
        found = names["logits"](text, picture=(batch.features[0], batch.boxes[0]))
        torch.testing.assert_close(found, model.logits(batch)[0], atol=1e-4, rtol=0)
        assert model.encode(batch).similarity is not None
        blind = model.logits(batch.without_pictures())[0]
        torch.testing.assert_close(names["logits"](text), blind, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_published_features_go_through_the_map_of_their_task(run: Any, tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(0)
    names = run("looks", features={"path": "data/features/detector", "sha256": "0", "dim": 5})
    assert len(blocks(Path("README.md").read_text(encoding="utf-8"))) == 1  # no picture file has such features
    model, answers = trained_model(tmp_path, "looks"), set()
    for _ in range(12):
        regions, boxes = torch.randn(3, 5, generator=random), torch.rand(3, 7, generator=random)
        ids = names["tokenizer"]("what is the cat").input_ids
        expected = names["labels"][model.logits(one_question("looks", ids, regions, boxes))[0].argmax()]
        answers.add(names["answer"]("what is the cat", picture=(regions, boxes)))
        assert names["answer"]("what is the cat", picture=(regions, boxes)) == expected
    assert len(answers) > 1


@pytest.mark.parametrize("task", ["finds", "tags", "picks"])
def test_other_kinds_answer(task: str, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names = run(task)
    said = capsys.readouterr().out.strip()
    assert said
    if task == "finds":
        context = "the cat is left the dog is right"
        assert names["answer"]("where is the cat", context) in context
    if task == "tags":
        answers = names["answer"](["the", "cat", "is"])
        assert [word for word, _ in answers] == ["the", "cat", "is"]
        assert {tag for _, tag in answers} <= set(names["labels"])
    if task == "picks":
        assert names["answer"]("the cat", ["is red", "is blue", "yes"]) in ("is red", "is blue", "yes")


@torch.inference_mode()
def test_layouts_are_those_of_our_model(run: Any, everything: Examples, tmp_path: Path) -> None:
    names, found = run("parses"), set()
    model, rows = trained_model(tmp_path, "parses"), np.flatnonzero(everything.tasks == "parses")[:12]
    assert len(rows) == 12
    beams = Beams(names["labels"])
    for row in rows:
        batch = everything.batch(np.array([row]))
        best, _ = next(beams.layouts(model.logits(batch)[0].numpy()))
        found.add(str(best))
        assert names["answer"](names["tokenizer"].decode(batch.input_ids[0, 1:-1])) == str(best)
    assert len(found) > 1


def test_every_kind_that_is_scored_is_tried_above_or_below(tiny: Any) -> None:
    tried = ("looks", "follows", "parses", "matches", "finds", "tags", "picks", "searches")
    assert {tiny.KINDS[task] for task in tried} == set(CODE)


def test_retrieval_compares_vectors(
    write_cell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was trained for it; its card names the layer that was scored."""
    cell = write_cell("looks", with_scores=True)
    nothing: dict[str, Any] = {"tasks": {}, "training": None}
    save_checkpoint(cell.target_checkpoint, {}, {**nothing, "intermediate": nothing})
    scores = read_json(cell.scores / "scores.json")
    write_json(cell.scores / "scores.json", scores | {"kind": "retrieval", "layer": 1})
    card = model_card(read_facts(cell))
    export_model(cell.target_checkpoint, PUBLIC, tmp_path / "out", {"README.md": card.encode()})
    assert "hidden_states[1]" in card
    monkeypatch.chdir(tmp_path / "out")
    names: dict[str, Any] = {}
    exec(blocks(card)[0], names)
    assert capsys.readouterr().out.startswith("[[")
    same = names["vectors"](["the cat is red"]) @ names["vectors"](["the cat is red", "the sky"]).T
    assert same[0, 0] == pytest.approx(1, abs=1e-5)
    assert same[0, 1] < same[0, 0]


def test_a_model_that_nothing_says_the_kind_of_gets_no_code(write_cell: Any) -> None:
    """Of a target for which nothing was trained only the scores say it."""
    cell = write_cell("looks")
    nothing: dict[str, Any] = {"tasks": {}, "training": None}
    save_checkpoint(cell.target_checkpoint, {}, {**nothing, "intermediate": nothing})
    with pytest.raises(
        DataError, match=r"scores\.json: found no such file, expected scores, since nothing was trained"
    ):
        read_facts(cell)


def test_a_picture_is_read_by_the_image_model_of_the_export(write_cell: Any) -> None:
    card = model_card(read_facts(write_cell("looks")))
    first, second = blocks(card)
    assert "xstilts import" not in first  # transformers alone
    defaults = read_yaml(STAGES / "defaults.yaml")["features"]
    assert defaults
    assert f"FeatureSettings({', '.join(f'{name}={json.dumps(value)}' for name, value in defaults.items())})" in second
    compile(second, "README.md", "exec")


def test_a_text_task_has_no_picture(write_cell: Any) -> None:
    card = model_card(read_facts(write_cell("follows")))
    assert len(blocks(card)) == 1
    assert "picture.png" not in card
