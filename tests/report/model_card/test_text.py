"""A card says what its files say, no more; and what data sets and task files say stays text."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from PIL import Image

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, sha256_of, write_json
from xstilts.base.parameters import recipe_file
from xstilts.report.model_card.facts import read_facts
from xstilts.report.model_card.header import base_model
from xstilts.report.model_card.licences import model_name
from xstilts.report.model_card.markdown import code, escaped
from xstilts.report.model_card.picture import FILE, scores_picture
from xstilts.report.model_card.text import INTERVALS, NOT_SCORED, dev_score, model_card
from xstilts.report.numbers import percent, percent_interval


def card_of(cell: Cell) -> str:
    return model_card(read_facts(cell))


def test_scores_stand_with_their_intervals(write_cell: Any) -> None:
    cell = write_cell(with_scores=True)
    facts = read_facts(cell)
    card, scores = card_of(cell), facts.metrics["accuracy"]
    for language in ("en", "de", "zh"):
        found = facts.intervals[language]
        assert 0 < found.low < found.value < found.high < 1
        assert found.value == pytest.approx(scores[language], abs=1e-4)
        row = f"| `{language}` | {percent(scores[language])} | {percent_interval((found.low, found.high))} |"
        assert row in card
    assert f"| mean of the others | {percent(scores['zero_shot'])} | " in card
    assert INTERVALS in card
    assert "They cover the test items of **this one checkpoint**" in card


def test_it_links_its_licences_names_what_to_cite_and_has_a_picture(write_cell: Any) -> None:
    cell = write_cell(with_scores=True)
    card, facts = card_of(cell), read_facts(cell)
    assert ModelCard(card).data.license_link == "README.md#data-and-licences"
    assert "## Data and licences\n" in card
    assert "@software{xstilts," in card.partition("## Citation\n")[2].partition("\n## ")[0]
    assert f"]({FILE})" in card
    picture = Image.open(io.BytesIO(scores_picture(facts)))
    assert (picture.format, picture.height > 40 * len(facts.languages)) == ("PNG", True)


def test_the_header_is_the_hubs(write_cell: Any) -> None:
    data = ModelCard(card_of(write_cell(with_scores=True))).data
    assert data.language == ["en", "de", "zh"]
    assert (data.pipeline_tag, data.library_name, data.metrics) == (
        "visual-question-answering",
        "transformers",
        ["accuracy"],
    )
    assert [result.dataset_config for result in data.eval_results] == ["en", "de", "zh"]
    assert all(0 < result.metric_value < 100 for result in data.eval_results)


def test_embedded_data_are_never_the_published_set(write_cell: Any) -> None:
    card = card_of(write_cell(with_scores=True))
    results = ModelCard(card).data.eval_results
    assert results
    assert all(one.dataset_type == "pictograms-looks" for one in results)
    assert all(one.dataset_name.startswith("embedded pictogram scenes in the format of looks") for one in results)
    assert "datasets" not in yaml.safe_load(card.split("---")[1])
    assert "No number here is a result on that set." in card


@pytest.mark.parametrize(("features", "named"), [({"dim": 8}, True), (None, False), ("not said", True)])
def test_the_image_model_is_named_where_phase_1_may_have_looked_at_pictures(
    features: Any, named: bool, write_cell: Any
) -> None:
    """Its licence holds for a model of texts that comes after a task with pictures, too."""
    cell = write_cell("follows")
    path = cell.target_checkpoint / "checkpoint.json"
    card = read_json(path)
    phase1 = card["intermediate"]["tasks"]["looks"]
    assert not card["tasks"]["follows"]["features"]
    del phase1["features"]
    if features != "not said":
        phase1["features"] = features
    write_json(path, card)
    assert ("| vision model | start of every route |" in card_of(cell)) == named


def test_published_data_are_named(write_cell: Any) -> None:
    card = card_of(write_cell(data="official", with_scores=True))
    data = ModelCard(card).data
    assert {one.dataset_type for one in data.eval_results} == {"looks"}
    assert data.datasets == ["looks"]
    assert "Embedded data." not in card
    assert "| `looks`, official data | target task, " in card
    assert "| CC0 | A and B 2020 |" in card


def test_provenance(write_cell: Any) -> None:
    cell = write_cell(with_scores=True)
    card = card_of(cell)
    assert f"`sha256:{sha256_of(cell.target_checkpoint / 'model.safetensors')}`" in card
    assert "| code, at scoring | `abc123` |" in card
    assert "python 3.11.7, torch 2.13.0" in card
    assert card.count("1,234 | 5,678 | 91,011 | 75.0 (accuracy) |") == 2  # both phases
    assert str(Path.cwd()) not in card
    assert "| vision | `eyes` |" in card  # of a folder its name, not its path
    assert "/somewhere" not in card


def test_a_score_on_english_dev_says_what_it_is(write_cell: Any) -> None:
    """Training judges by kind, not by the target's own metric."""
    spans = {"doubts": {"kind": "span"}}
    assert "| 1,234 | 5,678 | 91,011 | 75.0 (F1 of tokens) |" in card_of(write_cell("doubts"))
    assert dev_score(spans, {"english_dev": {"mean": 0.5}}) == "50.0 (F1 of tokens)"
    both = {**spans, "looks": {"kind": "vqa"}}
    assert dev_score(both, {"english_dev": {"mean": 0.5}}) == "50.0 (mean of F1 of tokens and accuracy)"
    assert dev_score({}, {}) == percent(None)


def test_the_same_files_give_the_same_card(write_cell: Any) -> None:
    cell = write_cell(with_scores=True)
    assert card_of(cell) == card_of(cell)


def test_a_checkpoint_without_scores_has_none(write_cell: Any) -> None:
    card = card_of(write_cell())
    assert NOT_SCORED in card
    assert FILE not in card  # nothing was scored, so nothing is drawn
    assert "model-index" not in card
    assert ModelCard(card).data.language == ["en"]


def test_a_control_says_that_it_is_one(write_cell: Any) -> None:
    card = card_of(write_cell(recipe="shuffled_labels"))
    assert "> **A control.** The labels of `looks` were exchanged among examples" in card
    assert "control-shuffled-labels" in ModelCard(card).data.tags


def test_no_other_route_is_a_control(write_cell: Any) -> None:
    assert "control" not in card_of(write_cell())


def test_a_recipe_stands_with_what_it_changes(write_cell: Any) -> None:
    cell = write_cell(recipe="lora", with_scores=True)
    card, changed = card_of(cell), recipe_file("lora")["target"]
    assert changed
    said = ", ".join(f"target `{name}: {json.dumps(value)}`" for name, value in changed.items())
    assert f"It was trained by the recipe `lora`, which changes: {said}." in card
    assert "# `looks` after `lora/gqa`, seed 0" in card
    assert "xstilts export --route gqa --recipe lora --seed 0 --target looks" in card
    data = ModelCard(card).data
    assert {"recipe-lora", "intermediate-task-gqa"} <= set(data.tags)
    assert {one.dataset_config for one in data.eval_results} == {"en", "de", "zh"}


def test_of_the_plain_recipe_nothing_is_said(write_cell: Any) -> None:
    assert "recipe" not in card_of(write_cell(with_scores=True))


NASTY = "<script>alert(1)</script> [x](http://evil.example) | `a` **b**\n# c ![i](//e) www.evil.example a@b.c"


def test_text_of_data_stays_text(write_cell: Any) -> None:
    card = card_of(write_cell(with_scores=True, licence=NASTY, citation=NASTY))
    body = card.split("\n---\n", 1)[1]
    assert "<script>" not in card
    assert "](http" not in body
    assert "http://" not in body
    assert "www.evil" not in body
    row = next(line for line in body.splitlines() if "alert" in line)
    assert row.replace("\\|", "").count("|") == 5
    assert "\\*\\*b\\*\\*" in row


@pytest.mark.parametrize(("text", "shown"), [("a`b", "`` a`b ``"), ("x|y", "`x\\|y`"), ("``", "``` `` ```")])
def test_code_holds_backticks_and_bars(text: str, shown: str) -> None:
    assert code(text) == shown


def test_escaped_text_is_one_line() -> None:
    assert escaped(" a\n\n# b ") == "a \\# b"


def test_no_path_of_a_machine_is_told() -> None:
    assert [model_name(name) for name in ("/home/me/enc", "./enc/", "owner/name@rev")] == [
        "enc",
        "enc",
        "owner/name@rev",
    ]
    assert base_model("/home/me/enc") is None
    assert base_model("./enc") is None
    assert base_model("FacebookAI/xlm-roberta-base@main") == "FacebookAI/xlm-roberta-base"
    assert base_model("multilingual-e5-small") == "intfloat/multilingual-e5-small"


def test_a_damaged_file_is_named(write_cell: Any) -> None:
    cell = write_cell(with_scores=True)
    write_json(cell.scores / "scores.json", {"target": "looks"})
    with pytest.raises(DataError, match=r"scores\.json: found no (recipe, )?route"):
        card_of(cell)
    (cell.target_checkpoint / "checkpoint.json").unlink()
    with pytest.raises(DataError, match=r"looks/checkpoint\.json: found no such file"):
        card_of(cell)


def test_a_checkpoint_of_an_earlier_version_says_nothing_of_phase_1(write_cell: Any) -> None:
    cell = write_cell()
    path = cell.target_checkpoint / "checkpoint.json"
    write_json(path, {key: own for key, own in read_json(path).items() if key != "intermediate"})
    with pytest.raises(DataError, match=r"checkpoint\.json: found no key 'intermediate'"):
        card_of(cell)
