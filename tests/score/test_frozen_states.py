"""States behind frozen layers: read from disk they give the same predictions to the bit, and only where they may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from xstilts.base.errors import ParameterError
from xstilts.model.checkpoint import FILE, load_model
from xstilts.model.multitask import MultitaskModel
from xstilts.score.frozen_states import FOLDER, LIMIT, untrained_layers
from xstilts.score.predictions import answer_all
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples, open_examples

Change = Callable[[str], Path]


@pytest.fixture
def changed(checkpoint: Path, public: Path, tmp_path: Path) -> Change:
    """A checkpoint in which those weights of the encoder were trained whose names contain a text; "": none of them."""

    def change(part: str) -> Path:
        out = tmp_path / f"checkpoint-{part}"
        out.mkdir()
        weights = load_file(checkpoint / FILE)
        trained = {
            name: 1.5 * weights[name] for name in weights if part and name.startswith("encoder.") and part in name
        }
        assert bool(trained) == bool(part)
        heads = {name: weight for name, weight in weights.items() if not name.startswith("encoder.")}
        save_file(heads | trained, out / FILE)
        (out / "checkpoint.json").write_bytes((checkpoint / "checkpoint.json").read_bytes())
        return out

    return change


def answers(model: MultitaskModel, rows: Examples, precision: Any) -> tuple[list[bytes], int]:
    """What is answered, and how often the first layer was computed."""
    computed: list[int] = []
    handle = model.encoder.layers[0].attention.register_forward_hook(lambda *_: computed.append(1))
    found = answer_all(model, rows, ScoreSettings(token_budget=200, precision=precision), "test")
    handle.remove()
    return [found.labels.tobytes(), found.probabilities.tobytes()], len(computed)


@pytest.mark.parametrize("pictures", ["shown", "blind"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_second_cell_reads_the_states_and_answers_the_same(
    pictures: Any, precision: str, cache: Path, public: Path, changed: Change, tmp_path: Path, monkeypatch: Any
) -> None:
    """Two checkpoints with another last layer each: only the first one computes the first layer of every batch."""
    monkeypatch.chdir(tmp_path)
    rows, found = open_examples(cache, "test", pictures=pictures), {}
    checkpoints = [changed("layer.1.attention"), changed("layer.1.output")]
    for limit in ("0", "1"):
        monkeypatch.setenv(LIMIT, limit)
        found[limit] = [answers(load_model(public, one), rows, precision) for one in checkpoints]
    plain, kept = found["0"], found["1"]
    assert [one for one, _ in plain] == [one for one, _ in kept]
    assert plain[0][0] != plain[1][0]
    batches = plain[0][1]
    assert batches > 3
    assert [count for _, count in kept] == [batches, 1]  # the first batch of the second cell is compared
    assert len(list(FOLDER.iterdir())) == 1


def test_what_is_trained_decides_how_many_layers_are_shared(public: Path, changed: Change) -> None:
    expected = {"": 2, "layer.1.": 1, "layer.0.": 0, "word_embeddings": 0, "prefix": 0}
    found = {part: untrained_layers(load_model(public, changed(part)), {"looks"}) for part in expected}
    assert found == expected
    model = load_model(public, changed("layer.1.output"))
    model.inputs["looks"] = nn.Linear(1, 1)
    assert untrained_layers(model, {"looks"}) == 0


def test_states_of_other_numbers_are_not_used(
    cache: Path, public: Path, changed: Change, tmp_path: Path, monkeypatch: Any
) -> None:
    """A file that another machine rounded otherwise, or that is broken, is made again."""
    monkeypatch.chdir(tmp_path)
    rows, checkpoint = open_examples(cache, "test"), changed("")
    expected, batches = answers(load_model(public, checkpoint), rows, "fp32")
    monkeypatch.setenv(LIMIT, "1")
    answers(load_model(public, checkpoint), rows, "fp32")
    (file,) = FOLDER.iterdir()
    right = load_file(file)
    save_file({name: torch.nextafter(states, states + 1) for name, states in right.items()}, file)
    assert answers(load_model(public, checkpoint), rows, "fp32") == (expected, batches + 1)
    again = load_file(file)
    assert all(torch.equal(again[name], states) for name, states in right.items())
    file.write_bytes(file.read_bytes()[:100])
    assert answers(load_model(public, checkpoint), rows, "fp32") == (expected, batches)


def test_the_size_is_said_and_the_limit_kept(
    cache: Path, public: Path, changed: Change, tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows, model = open_examples(cache, "test"), load_model(public, changed(""))
    monkeypatch.setenv(LIMIT, "0.00000001")
    answers(model, rows, "fp32")
    assert "so they are not kept; 0.00 GB of XSTILTS_STATES_GB are free" in capsys.readouterr().err
    assert not FOLDER.exists()
    monkeypatch.setenv(LIMIT, "much")
    with pytest.raises(ParameterError, match=r"XSTILTS_STATES_GB: found 'much', expected a number of gigabytes"):
        answers(model, rows, "fp32")
