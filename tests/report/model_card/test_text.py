"""A card says what its files say, no more; and what data sets and task files say stays text."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from xstilts.base.errors import DataError
from xstilts.base.files import read_json, sha256_of, write_json
from xstilts.report.model_card.facts import read_facts
from xstilts.report.model_card.header import base_model
from xstilts.report.model_card.licences import model_name
from xstilts.report.model_card.markdown import code, escaped
from xstilts.report.model_card.text import INTERVALS, NO_INTERVALS, NOT_SCORED, model_card


def card_of(places: Any, route: str = "gqa") -> str:
    return model_card(read_facts(route, 0, "looks", places, {"proposals": "grid", "limit": 9}))


def test_scores_stand_with_their_intervals(write_cell: Any) -> None:
    places = write_cell(with_scores=True)
    facts = read_facts("gqa", 0, "looks", places, {})
    card = card_of(places)
    for language in ("en", "de", "zh"):
        found, value = facts.intervals[language], 100 * facts.scores["scores"]["accuracy"][language]
        assert 0 < found.low < found.value < found.high < 1
        row = f"| `{language}` | {value:.1f} | {100 * found.low:.1f} to {100 * found.high:.1f} |"
        assert row in card
    mean = 50 * sum(facts.scores["scores"]["accuracy"][language] for language in ("de", "zh"))
    assert f"| mean of the others | {mean:.1f} | " in card
    assert INTERVALS in card
    assert "They cover the test items of **this one checkpoint**" in card


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


def test_published_data_are_named(write_cell: Any) -> None:
    card = card_of(write_cell(data="official", with_scores=True))
    data = ModelCard(card).data
    assert {one.dataset_type for one in data.eval_results} == {"looks"}
    assert data.datasets == ["looks"]
    assert "Embedded data." not in card
    assert "| `looks`, official data | target task, " in card
    assert "| CC0 | A and B 2020 |" in card


def test_provenance(write_cell: Any) -> None:
    places = write_cell(with_scores=True)
    card = card_of(places)
    for folder in (places.intermediate, places.target):
        assert f"`sha256:{sha256_of(folder / 'model.safetensors')}`" in card
    assert "| code, at scoring | `abc123` |" in card
    assert "python 3.11.7, torch 2.13.0" in card
    assert "1,234 | 5,678 | 91,011 | 75.0 |" in card
    assert str(places.target.parent) not in card
    assert "| vision | `eyes` |" in card  # of a folder its name, not its path
    assert "/somewhere" not in card


def test_the_same_files_give_the_same_card(write_cell: Any) -> None:
    places = write_cell(with_scores=True)
    assert card_of(places) == card_of(places)


def test_a_checkpoint_without_scores_has_none(write_cell: Any) -> None:
    card = card_of(write_cell())
    assert NOT_SCORED in card
    assert "model-index" not in card
    assert ModelCard(card).data.language == ["en"]


def test_a_control_says_that_it_is_one(write_cell: Any) -> None:
    card = card_of(write_cell(shuffled_labels=True), "gqa_shuffled")
    assert "> **A control.** The labels of `looks` were exchanged among examples" in card
    assert "control-shuffled-labels" in ModelCard(card).data.tags


def test_no_other_route_is_a_control(write_cell: Any) -> None:
    assert "control" not in card_of(write_cell())


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
    places = write_cell(with_scores=True)
    write_json(places.scores / "scores.json", {"target": "looks"})
    with pytest.raises(DataError, match=r"scores\.json: found no route"):
        card_of(places)
    (places.target / "checkpoint.json").unlink()
    with pytest.raises(DataError, match=r"after/checkpoint\.json: found no such file"):
        card_of(places)


def test_spans_whose_paragraphs_are_not_known_have_no_intervals(write_cell: Any) -> None:
    """Of a checkpoint that was pulled with its scores alone: the test cache says which paragraph a question is on."""
    places = write_cell(with_scores=True)
    scores = read_json(places.scores / "scores.json")
    write_json(places.scores / "scores.json", scores | {"kind": "span"})
    assert not read_facts("gqa", 0, "looks", places, {}).intervals
    card = card_of(places)
    assert NO_INTERVALS in card
    assert f"| `en` | {100 * scores['scores']['accuracy']['en']:.1f} | - |" in card
