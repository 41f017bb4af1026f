"""The answer at matched cost, and the control with shuffled labels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.parameters import task_section
from xstilts.encode.recipe import load_mixture
from xstilts.report.answer import answers
from xstilts.report.claims import claims
from xstilts.report.comparisons import TWINS, VARIANTS
from xstilts.report.sentences import details, sentences
from xstilts.report.side_by_side import read_paired
from xstilts.report.transfer import Transfer, transfer_matrix

GQA, SQUAD = {"updates": 450, "examples": 7200, "tokens": 185_000}, {"updates": 216, "tokens": 207_000}
ROUTES = ["none", "squad", "gqa"]
CONTROLS = ["gqa_updates", "squad_tokens", "gqa_shuffled"]


@pytest.fixture
def items(write_cell: Any, tmp_path: Path) -> Path:
    """A study in which gqa adds 10 points by its labels, and each side was cut to the other's cost."""
    write_cell("xgqa", "none")
    write_cell("xgqa", "gqa", more=0.1, cost=GQA)
    write_cell("xgqa", "squad", more=-0.05, cost=SQUAD)
    write_cell("xgqa", "gqa_updates", more=0.05, cost={"updates": 216, "tokens": 88_000})
    write_cell("xgqa", "squad_tokens", more=-0.05, cost={"updates": 193, "tokens": 185_100})
    write_cell("xgqa", "gqa_shuffled", cost={**GQA, "shuffled_labels": ["gqa"]})
    return tmp_path / "items"


def content_of(items: Path, routes: list[str]) -> dict[str, Any]:
    return answers(read_paired(items, ["xgqa"], routes, [0]))


def test_each_cost_is_matched_in_a_comparison_of_its_own(items: Path) -> None:
    found = content_of(items, ROUTES + CONTROLS)["answers"]
    said = [(one["multimodal"], one["text"], one["matching"], one["matched"]) for one in found]
    assert said == [
        ("gqa", "squad", "facts", ["facts"]),
        ("gqa_updates", "squad", "updates", ["updates", "examples"]),
        ("gqa", "squad_tokens", "tokens", ["tokens"]),
    ]
    facts, updates, tokens = (one["sentence"] for one in found)
    assert facts.startswith("On xgqa (pictograms data)")
    assert updates.startswith("At a matched number of updates: on xgqa (pictograms data)")
    assert tokens.startswith("At a matched number of tokens: on xgqa (pictograms data)")
    assert "; one of the two saw a part of its examples only; " in updates
    assert updates.endswith("; not matched: tokens 88,000 against 207,000.")
    assert "saw a part" not in facts
    assert found[1]["zero_shot"]["difference"] < found[0]["zero_shot"]["difference"]


def test_a_cost_that_was_not_matched_is_not_said_to_be(write_cell: Any, items: Path) -> None:
    write_cell("xgqa", "gqa_updates", more=0.05, cost={"updates": 250})
    one = content_of(items, ROUTES + CONTROLS)["answers"][1]
    assert "updates" not in one["matched"]
    assert one["sentence"].startswith("Not at a matched number of updates, though meant so: on xgqa")


def test_what_is_lacking_for_a_controlled_answer(items: Path) -> None:
    assert content_of(items, ROUTES)["controls_missing"] == [
        "gqa against squad at matched updates: add gqa_updates to study.intermediates",
        "gqa against squad at matched tokens: add squad_tokens to study.intermediates",
        "gqa with shuffled labels: add gqa_shuffled to study.intermediates",
        "squad with shuffled labels: add squad_shuffled to study.intermediates",
    ]
    assert content_of(items, ["none"])["controls_missing"] == []
    assert content_of(items, ROUTES + CONTROLS)["controls_missing"] == [
        "squad with shuffled labels: add squad_shuffled to study.intermediates"
    ]


def test_shuffled_labels_that_give_nothing(items: Path) -> None:
    (one,) = content_of(items, ROUTES + CONTROLS)["shuffled_labels"]
    assert (one["route"], one["task"], one["baseline"], one["verdict"]) == (
        "gqa_shuffled",
        "gqa",
        "none",
        "cannot tell",
    )
    assert one["labels_teach"]["zero_shot"]["interval"][0] > 0
    assert one["sentence"].startswith(
        "gqa_shuffled (control) gains nothing that this study can see on xgqa: +0.0 points"
    )
    assert "; the labels of gqa are worth +1" in one["sentence"]
    smallest = f"{100 * one['zero_shot']['smallest']:.1f} points would have been found in four of five such studies"
    assert smallest in one["sentence"]
    assert one["sentence"].endswith("; the interval covers test items, not other training runs.")


@pytest.mark.parametrize(
    ("more", "verdict", "words"),
    [(0.1, "better", "(control) GAINS +"), (-0.1, "worse", "(control) loses −")],
)
def test_shuffled_labels_that_give_or_take(write_cell: Any, items: Path, more: float, verdict: str, words: str) -> None:
    write_cell("xgqa", "gqa_shuffled", more=more, cost={"shuffled_labels": ["gqa"]})
    content = content_of(items, ["none", "gqa_shuffled"])
    (one,) = content["shuffled_labels"]
    assert one["verdict"] == verdict
    assert words in one["sentence"]
    assert "labels_teach" not in one  # gqa itself is not in the study
    assert ("though its labels say nothing" in one["sentence"]) == (verdict == "better")
    assert one["sentence"] in sentences(content)


def test_the_details_say_where(items: Path) -> None:
    languages, types, blind, none = content_of(items, ROUTES + CONTROLS)["answers"][0]["details"]
    assert languages.startswith("By language (Holm), gqa less squad: better in ")
    assert types.startswith("By question type in these languages (Holm), gqa less squad: better in ")
    assert re.match(r"Without the pictures the difference is \+.*; they add \+.* to it\. Without", blind)
    assert " Without the pictures the difference in English is +" in blind
    assert none.startswith("Against no intermediate training: gqa +")
    assert ", squad −" in none


def test_pictures_that_may_add_nothing_are_not_said_to_add() -> None:
    def of(low: float, high: float) -> dict[str, Any]:
        return {"zero_shot": {"difference": (low + high) / 2, "interval": [low, high], "smallest": 0.1}}

    result = {"multimodal": "gqa", "text": "squad", "languages": {}, "types": {}, "against_none": {}}
    said = {
        ends: details(result | {"controls": {"blind": of(0.1, 0.2), "above_blind": of(*ends)}})[1]
        for ends in ((-0.001, 0.037), (0.01, 0.03), (-0.03, -0.01))
    }
    start = "Without the pictures the difference is +15.0 points (+10.0 to +20.0);"
    assert list(said.values()) == [
        f"{start} whether they add anything to it one cannot tell: +1.8 points (−0.1 to +3.7).",
        f"{start} they add +2.0 points (+1.0 to +3.0) to it.",
        f"{start} they add −2.0 points (−3.0 to −1.0) to it.",
    ]


def test_what_twins_do_not_have_in_common_is_said(items: Path, write_cell: Any) -> None:
    """squad asks only those of the scenes' questions that a text answers by a span."""
    only = "; of the same scenes squad asks the query questions alone; not matched: "
    for one in content_of(items, ROUTES + CONTROLS)["answers"]:
        assert only in one["sentence"]
    write_cell("xgqa", "snli_ve")
    write_cell("xgqa", "mnli")
    (one,) = content_of(items, ["none", "snli_ve", "mnli"])["answers"]
    assert (one["same_facts"], one["unlike"]) == (True, "")
    assert "of the same scenes" not in one["sentence"]


def test_controls_stand_in_the_matrix_and_in_no_mean(items: Path) -> None:
    transfer = Transfer(read_paired(items, ["xgqa"], ROUTES + CONTROLS, [0]), {})
    content = transfer_matrix(transfer)
    marks = {cell["route"]: cell.get("control") for cell in content["cells"]}
    cut = dict.fromkeys(("gqa_updates", "squad_tokens"), "cut short")
    assert marks == {"squad": None, "gqa": None, **cut, "gqa_shuffled": "shuffled labels"}
    assert {average["route"] for average in content["averages"]} == {"squad", "gqa"}
    without = Transfer(read_paired(items, ["xgqa"], ROUTES, [0]), {})
    assert claims(transfer) == claims(without)


def test_the_variants_are_the_routes_of_a_pair_cut_short(parameter_files: object) -> None:
    assert {pair.of for pair in VARIANTS} == {("gqa", "squad"), ("multimodal", "text")}
    twins = {(pair.multimodal, pair.text) for pair in TWINS}
    for pair in VARIANTS:
        assert pair.of in twins
        (cut,) = {pair.multimodal, pair.text} - set(pair.of)
        assert cut.endswith(f"_{pair.matching}")
        whole = cut.removesuffix(f"_{pair.matching}")
        members = load_mixture(whole).members if whole in ("text", "multimodal") else (whole,)
        assert load_mixture(cut).members == members
        assert 0 < task_section(cut, "intermediate")["epochs"] < 1
        assert task_section(whole, "intermediate") == task_section(cut, "intermediate") | {"epochs": 1.0}


def test_an_answer_of_an_earlier_revision_is_read(items: Path) -> None:
    content = content_of(items, ROUTES)
    earlier = {key: content[key] for key in ("answers", "missing")}
    earlier["answers"] = [{"sentence": one["sentence"]} for one in content["answers"]]
    assert sentences(earlier) == [content["answers"][0]["sentence"]]
