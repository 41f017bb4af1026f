"""Both phases and the scores of a decoder, on a tiny task with pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import open_rows, read_json, write_table
from xstilts.decoder.rows import Rows
from xstilts.decoder.score import score_decoder
from xstilts.decoder.settings import DecoderSettings
from xstilts.decoder.training import train_decoder_phase
from xstilts.model.checkpoint import read_weights
from xstilts.report.cells.collect import collect
from xstilts.report.cells.items import read_items
from xstilts.report.cells.metrics import read_scores
from xstilts.scenes import QUESTIONS
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import open_examples

SCORE = ScoreSettings(precision="fp32", batch_size=8, top=2)
CELL = Cell("decoder", "none", 0, "looks")


def trained(task: Any, out: Path, start: Path | None = None, **settings: Any) -> Path:
    train_decoder_phase(task.learn, out, replace(task.settings, **settings), 0, start, task.raw)
    return out


def scored(task: Any, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Path:
    monkeypatch.chdir(task.root)
    if not CELL.test_cache.exists():
        CELL.test_cache.parent.mkdir(parents=True)
        CELL.test_cache.symlink_to(task.test)
    score_decoder(checkpoint, CELL, replace(task.settings, **settings), SCORE, task.raw)
    return task.root / CELL.scores


def test_a_phase_lowers_the_loss_and_the_next_one_goes_on_with_its_adapters(task: Any, tmp_path: Path) -> None:
    first = trained(task, tmp_path / "first", epochs=8, learning_rate=0.01, evaluations=1, warmup=0.0)
    card = read_json(first / "checkpoint.json")
    losses = [point["loss"] for point in card["training"]["curve"]]
    assert losses[-1] < 0.7 * losses[0]
    assert card["training"]["updates"] == 16
    assert card["training"]["examples"] == 8 * 12
    second = trained(task, tmp_path / "second", first, epochs=1, learning_rate=0.0)
    assert read_json(second / "checkpoint.json")["intermediate"]["training"] == card["training"]
    before, after = (load_file(one / "adapter_model.safetensors") for one in (first, second))
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_the_same_run_writes_the_same_bytes(task: Any, tmp_path: Path) -> None:
    one, two = (trained(task, tmp_path / name, epochs=0.5) for name in ("one", "two"))
    for file in ("adapter_model.safetensors", "checkpoint.json"):
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_a_cell_is_read_like_any_other(task: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the collector, which report, page and review read."""
    nothing = tmp_path / "nothing"
    train_decoder_phase(task.nothing, nothing, task.settings, 0, None, task.raw)
    out = scored(task, trained(task, tmp_path / "second", nothing), monkeypatch)
    scores, table = read_scores(out / "scores.json"), open_rows(out / "predictions.arrow")
    about = {"target": "looks", "recipe": "decoder", "route": "none", "kind": "vqa", "metric": "accuracy"}
    assert {key: scores[key] for key in about} == about
    assert set(scores["controls"]) == {"blind", "shuffled"}
    labels = read_json(task.test / "card.json")["tasks"]["looks"]["labels"]
    for column in ("prediction", "blind", "shuffled"):
        assert set(table[column].to_pylist()) <= set(labels)
    assert all(len(set(top)) == 2 for top in table["top"].to_pylist())
    chances = [chance for chance, _ in table["probability"].to_pylist()]
    assert 0 < min(chances) < max(chances) < 1
    write_table(tmp_path / "questions.arrow", QUESTIONS.empty_table())
    collect(out, tmp_path / "questions.arrow", tmp_path / "collected")
    items, cell = read_items(tmp_path / "collected" / "items.arrow")
    assert len(items) == len(table) == 16
    assert cell["training"]["intermediate"] is None
    assert cell["training"]["target"]["updates"] == 2


def test_without_epochs_the_public_model_answers(task: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does with adapters that were trained at a rate of 0; the checkpoint has no adapters."""
    untuned = trained(task, tmp_path / "untuned", epochs=0)
    assert [path.name for path in sorted(untuned.iterdir())] == ["SHA256SUMS", "checkpoint.json"]
    assert read_json(untuned / "checkpoint.json")["training"] is None
    with pytest.raises(DataError, match="found the checkpoint of a decoder, expected one of an encoder"):
        read_weights(untuned)  # as `predict`, `demo` and `export` do
    still = trained(task, tmp_path / "still", learning_rate=0.0)
    tables = []
    for checkpoint in (untuned, still):
        card = read_json(checkpoint / "checkpoint.json") | {"intermediate": {"tasks": {}, "training": None}}
        (checkpoint / "SHA256SUMS").unlink()
        (checkpoint / "checkpoint.json").write_text(json.dumps(card))
        tables.append(open_rows(scored(task, checkpoint, monkeypatch) / "predictions.arrow").to_pydict())
    assert tables[0] == tables[1]


def test_controls_have_the_pictures_that_every_cell_gives_them(task: Any) -> None:
    shown, blind, shuffled = (
        Rows.of(open_examples(task.test, "test", pictures), task.settings, task.raw)
        for pictures in ("shown", "blind", "shuffled")
    )
    assert shown.images == shown.examples.table["image_id"].to_pylist()
    assert set(blind.images) == {""}
    assert blind.source is None
    assert all(one != other for one, other in zip(shown.images, shuffled.images, strict=True))
    assert shown.prompts == shuffled.prompts == blind.prompts
    first, numbers = blind.distinct()
    assert [blind.prompts[first[number]] for number in numbers] == blind.prompts
    assert len(first) == len(set(blind.prompts))


def test_what_a_decoder_cannot_do_is_refused(task: Any, tmp_path: Path) -> None:
    for cache, message in ((task.parses, "parses: a decoder answers questions"), (task.root.parent / "x", "card.json")):
        with pytest.raises((ParameterError, DataError), match=message):
            train_decoder_phase(cache, tmp_path / "out", task.settings, 0, None, task.raw)
    with pytest.raises(DataError, match=r"images.zip"):
        train_decoder_phase(task.learn, tmp_path / "out", task.settings, 0, None, tmp_path / "elsewhere")
    with pytest.raises(ParameterError, match=r"prompt is 'what', expected a text with \{question\} in it"):
        DecoderSettings("model", prompt="what")


def test_a_checkpoint_of_another_model_is_refused(task: Any, tmp_path: Path, folders: Any) -> None:
    start = trained(task, tmp_path / "start", epochs=0)
    with pytest.raises(DataError, match="expected one of"):
        trained(task, tmp_path / "out", start, model=str(folders("Gemma 3")))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [(["is {description} red?"], "ask is {description} red?"), (["who?", "a {question}"], "a {question} who?")],
)
def test_braces_in_a_question_stay(texts: list[str], expected: str) -> None:
    from xstilts.decoder.rows import _prompt

    settings = DecoderSettings("model", prompt="ask {question}", prompt_told="{description} {question}")
    assert _prompt(texts, settings) == expected
