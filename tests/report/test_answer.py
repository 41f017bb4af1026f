"""The answer, its sentences, and the controls."""

from __future__ import annotations

import re
from typing import Any

import pytest

from xstilts.base.cells import Route
from xstilts.base.errors import ParameterError
from xstilts.base.parameters import task_section
from xstilts.report.answer import answers
from xstilts.report.claims import claims
from xstilts.report.comparisons import Comparisons, Twins, read_comparisons
from xstilts.report.intervals import holm
from xstilts.report.numbers import percent, verdict
from xstilts.report.sentences import NAMES, details, sentence, sentences
from xstilts.report.transfer import transfer_matrix

GQA, SQUAD = {"updates": 450, "examples": 7200, "tokens": 185_000}, {"updates": 216, "tokens": 207_000}
ROUTES = ["none", "squad", "gqa"]
LACKING = "what {} gains over none may be more training, for lack of none at equal exposure"
EMPTY = ("languages", "types", "against_none")
BLIND = "none trained blind: add blind/none to study.controls"
CONTROLS = ["shuffled_labels/gqa", "blind/none"]
KINDS = ("answers", "exposure", "shuffled_labels", "trained_blind")
MOST_WORDS = 25


@pytest.fixture
def contents(write_cell: Any, read: Any) -> Any:
    """A study in which gqa adds 10 points by its labels."""
    write_cell("xgqa", "none")
    write_cell("xgqa", "gqa", more=0.1, cost=GQA)
    write_cell("xgqa", "squad", more=-0.05, cost=SQUAD)
    write_cell("xgqa", "shuffled_labels/gqa", cost={**GQA, "shuffled_labels": ["gqa"]})
    write_cell("xgqa", "blind/none", more=-0.2, phase2={"pictures": "blind"})
    return lambda routes, **options: answers_of(read(["xgqa"], routes, **options))


def answers_of(found: Any) -> dict[str, Any]:
    return answers(found.paired, found.design)


def test_what_training_took_stands_beside_every_comparison(write_cell: Any, contents: Any) -> None:
    write_cell("xgqa", "longer/none", more=0.04, phase2={"updates": 750, "examples": 10_800, "tokens": 225_000})
    content = contents([*ROUTES, "longer/none", *CONTROLS])
    found = {kind: content[kind] for kind in KINDS}
    assert all(found.values())
    for one in (one for own in found.values() for one in own):
        assert re.match(r"Both phases of \S+ took [\d,]+ updates, [\d,]+ examples, [\d,]+ tokens; ", one["details"][0])
    (one,) = content["answers"]
    assert one["details"][0] == (
        "Both phases of gqa took 750 updates, 10,800 examples, 225,000 tokens; those of squad took 516 updates, "
        "7,200 examples, 247,000 tokens."
    )
    assert (one["training"]["multimodal"], one["matched"]) == (GQA, ["facts"])
    write_cell("xgqa", "squad", more=-0.05, cost={**SQUAD, "updates": 410})
    assert contents(ROUTES)["answers"][0]["matched"] == ["facts", "updates"]


def test_the_answer_is_one_short_sentence() -> None:
    """Verdict, number and interval, whatever they are."""
    record = {"difference": -0.1234, "interval": [-0.2234, -0.0234], "p": 0.01}
    roles = {"multimodal": "gqa", "text": "squad", "route": "gqa", "control": "longer/none", "baseline": "none"}
    said = [
        sentence(kind, {**roles, "target": "xgqa", "verdict": one, "matched": [], "zero_shot": record | {"p": p}})
        for kind in NAMES
        for one, p in (("better", 0.01), ("worse", 0.01), ("inconclusive", 0.01), ("one run", None))
    ]
    assert max(len(one.split()) for one in said) <= MOST_WORDS
    assert said[1] == (
        "On xgqa, gqa (multimodal) does worse than squad (text-only) in the languages without labels: −12.3 points "
        "(−22.3 to −2.3)."
    )


def test_what_is_lacking_for_a_controlled_answer(contents: Any) -> None:
    assert contents(ROUTES)["controls_missing"] == [
        LACKING.format("gqa") + ": add longer/none to study.controls",
        LACKING.format("squad") + ": add longer/none to study.controls",
        "gqa with shuffled labels: add shuffled_labels/gqa to study.controls",
        "squad with shuffled labels: add shuffled_labels/squad to study.controls",
        BLIND,
    ]
    assert contents(["none"])["controls_missing"] == [BLIND]
    assert contents(ROUTES + CONTROLS)["controls_missing"] == [
        LACKING.format("gqa") + ": add longer/none to study.controls",
        LACKING.format("squad") + ": add longer/none to study.controls",
        "squad with shuffled labels: add shuffled_labels/squad to study.controls",
    ]


def test_a_route_is_compared_with_a_model_that_never_saw_a_picture(write_cell: Any, contents: Any) -> None:
    (one,) = contents([*ROUTES, "blind/none"])["trained_blind"]
    assert one["sentence"].startswith("On xgqa, none does better than blind/none (trained blind) in the languages ")
    assert (one["target"], one["route"], one["control"]) == ("xgqa", "none", "blind/none")
    assert one["zero_shot"]["difference"] == pytest.approx(0.2, abs=0.03)
    write_cell("xgqa", "blind/none", more=-0.2)
    with pytest.raises(ParameterError, match=r"comparisons\.yaml: blind/none is declared as none trained blind"):
        contents([*ROUTES, "blind/none"])


def test_shuffled_labels_that_give_nothing(contents: Any) -> None:
    (one,) = contents(ROUTES + CONTROLS)["shuffled_labels"]
    assert (one["route"], one["task"], one["baseline"], one["verdict"]) == (
        "shuffled_labels/gqa",
        "gqa",
        "none",
        "inconclusive",
    )
    assert one["labels_teach"]["zero_shot"]["interval"][0] > 0
    assert one["sentence"].startswith("On xgqa, shuffled_labels/gqa (control) against none is inconclusive in ")
    assert one["details"][-1].startswith("The labels of gqa are worth +1")
    found = f"A difference of {percent(one['zero_shot']['detectable'])} points would have been found in four of five "
    assert one["details"][-2] == f"{found}such studies."
    covers = "Scored on pictograms data; the interval covers test items and training runs (3 seeds); p by Holm over "
    assert one["details"][2] == f"{covers}3 comparisons is 1.000."


@pytest.mark.parametrize(
    ("more", "verdict"),
    [(0.1, "better"), (-0.1, "worse")],
)
def test_shuffled_labels_that_give_or_take(write_cell: Any, contents: Any, more: float, verdict: str) -> None:
    write_cell("xgqa", "shuffled_labels/gqa", more=more, cost={"shuffled_labels": ["gqa"]})
    content = contents(["none", "shuffled_labels/gqa"])
    (one,) = content["shuffled_labels"]
    assert one["verdict"] == verdict
    assert f"(control) does {verdict} than none" in one["sentence"]
    assert "labels_teach" not in one  # gqa itself is not in the study
    said = "Its labels say nothing, so what gqa gains is not all due to its labels."
    assert (said in one["details"]) == (verdict == "better")
    assert f"{one['sentence']} {one['details'][0]}" in sentences(content)


def test_the_details_say_where(contents: Any) -> None:
    found = contents(ROUTES + CONTROLS)["answers"][0]["details"]
    _, english, _, unlike, languages, types, masked, masked_in_english, none = found
    assert english.startswith("In English: +")
    assert unlike == "Of the same scenes squad asks the query questions alone."
    assert languages.startswith("By language (Holm), gqa minus squad: better in ")
    assert types.startswith("By question type in these languages (Holm), gqa minus squad: better in ")
    start = "With the pictures masked at test time the difference"
    assert re.match(rf"{start} is \+.*; the pictures add \+.* to it\.", masked)
    assert masked_in_english.startswith(f"{start} in English is +")
    assert none.startswith("Against no intermediate training: gqa +")
    assert ", squad −" in none


def test_pictures_that_may_add_nothing_are_not_said_to_add() -> None:
    def of(low: float, high: float) -> dict[str, Any]:
        return {"zero_shot": {"difference": (low + high) / 2, "interval": [low, high], "p": 0.01, "detectable": 0.1}}

    result: dict[str, Any] = {key: {} for key in ("languages", "types", "against_none")}
    result |= {"multimodal": "gqa", "text": "squad", "data": "pictograms", "primary": True, "unlike": ""}
    result |= {"matched": ["facts"], "verdict": "better", "exposure": {"multimodal": {}, "text": {}}} | of(0.0, 0.1)
    said = [
        details("answers", result | {"controls": {"blind": of(0.1, 0.2), "above_blind": of(*ends)}}, 3)[-1]
        for ends in ((-0.001, 0.037), (0.01, 0.03), (-0.03, -0.01))
    ]
    start = "With the pictures masked at test time the difference is +15.0 points (+10.0 to +20.0);"
    assert said == [
        f"{start} whether the pictures add anything to it is inconclusive: +1.8 points (−0.1 to +3.7).",
        f"{start} the pictures add +2.0 points (+1.0 to +3.0) to it.",
        f"{start} the pictures add −2.0 points (−3.0 to −1.0) to it.",
    ]


def test_what_twins_do_not_have_in_common_is_said(contents: Any, write_cell: Any) -> None:
    """squad asks only those of the scenes' questions that a text answers by a span."""
    (one,) = contents(ROUTES + CONTROLS)["answers"]
    assert "Of the same scenes squad asks the query questions alone." in one["details"]
    write_cell("xgqa", "snli_ve")
    write_cell("xgqa", "mnli")
    (one,) = contents(["none", "snli_ve", "mnli"])["answers"]
    assert ("facts" in one["matched"], one["unlike"]) == (True, "")
    assert "of the same scenes" not in " ".join(one["details"]).lower()
    write_cell("xgqa", "mnli", trained_on="official")
    (one,) = contents(["none", "snli_ve", "mnli"])["answers"]
    assert "facts" not in one["matched"]
    assert "The two tasks do not carry the same facts." in one["details"]


def test_controls_stand_in_the_matrix_and_in_no_mean(contents: Any, read: Any) -> None:
    transfer, without = (read(["xgqa"], routes).transfer for routes in (ROUTES + CONTROLS, ROUTES))
    content = transfer_matrix(transfer)
    marks = {cell["route"]: cell.get("control") for cell in content["cells"]}
    controls = {"shuffled_labels/gqa": "shuffled labels", "blind/none": "trained blind"}
    assert marks == {"squad": None, "gqa": None, **controls}
    assert {cell["baseline"] for cell in content["cells"]} == {"none"}
    assert {average["route"] for average in content["averages"]} == {"squad", "gqa"}
    assert claims(transfer) == claims(without)


def test_the_declared_controls_are_trained_as_what_they_are_matched_in() -> None:
    """A recipe of equal exposure trains phase 2 for longer."""
    sections = {
        "exposure": ("target", "epochs"),
        "input": ("intermediate", "labels"),
        "questions": ("target", "pictures"),
    }
    controls = read_comparisons().controls
    assert {one.matched for one in controls} == set(sections)
    for one in controls:
        (section, key), route, of = sections[one.matched], Route.parse(one.control), Route.parse(one.of)
        task = "xgqa" if section == "target" else route.task
        changed, plain = task_section(task, section, route.recipe), task_section(task, section, of.recipe)
        differing = {name for name in changed if changed[name] != plain.get(name)}
        assert differing == ({key, "patience"} if one.matched == "exposure" else {key})
        assert route.task == ("none" if one.matched == "exposure" else of.task)


def test_equal_exposure(write_cell: Any, contents: Any) -> None:
    """What both phases took stands beside the difference; gqa has as many updates in two phases as none in one."""
    write_cell("xgqa", "longer/none", more=0.04, phase2={"updates": 750, "examples": 10_800, "tokens": 225_000})
    content = contents([*ROUTES, "longer/none"])
    gqa, squad = content["exposure"]
    assert (gqa["route"], gqa["control"], gqa["verdict"]) == ("gqa", "longer/none", "better")
    assert gqa["exposure"] == {
        "route": {"updates": 750, "examples": 10_800, "tokens": 225_000},
        "control": {"updates": 750, "examples": 10_800, "tokens": 225_000},
    }
    assert gqa["matched"] == ["exposure"]
    assert 0.02 < gqa["zero_shot"]["difference"] < 0.1
    assert set(gqa["languages"]) == {"de", "zh"}
    assert gqa["sentence"].startswith(
        "At equal exposure on xgqa, gqa does better than longer/none (control) in the lang"
    )
    assert gqa["details"][0] == (
        "Both phases of gqa took 750 updates, 10,800 examples, 225,000 tokens; "
        "those of longer/none took 750 updates, 10,800 examples, 225,000 tokens."
    )
    assert squad["matched"] == ["exposure"]  # the control had more of everything
    assert squad["sentence"].startswith("At equal exposure on xgqa")
    assert [f"{one['sentence']} {one['details'][0]}" for one in (gqa, squad)] == list(sentences(content))[-2:]
    assert not [one for one in content["controls_missing"] if "exposure" in one]


def test_a_control_with_less_exposure_is_no_control(write_cell: Any, contents: Any) -> None:
    """Fewer tokens are less exposure, even at as many updates."""
    write_cell("xgqa", "longer/none", phase2={"updates": 750, "tokens": 185_000})
    gqa, _ = contents([*ROUTES, "longer/none"])["exposure"]
    assert gqa["matched"] == []
    assert gqa["details"][0].endswith(
        " 225,000 tokens; those of longer/none took 750 updates, 3,600 examples, 185,000 tokens."
    )
    assert gqa["sentence"].startswith("Not at equal exposure on xgqa, ")


def test_one_run_gives_no_verdict(write_cell: Any, contents: Any) -> None:
    """However certain it is of its test items: neither in the sentence, nor by language, nor of a control."""
    write_cell("xgqa", "longer/none", more=0.04)
    content = contents([*ROUTES, "longer/none", *CONTROLS], seeds=[0])
    every = [one for kind in KINDS for one in content[kind]]
    assert len(every) == 5
    for one in every:
        assert (one["verdict"], one["zero_shot"]["p"], one["zero_shot"]["p_holm"]) == ("one run", None, None)
        assert all(verdict(own) == "one run" for own in one.get("languages", {}).values())
        assert not re.search("better|worse|inconclusive|gains [+−]|loses", one["sentence"])
    first = content["answers"][0]
    assert first["zero_shot"]["interval"][0] > 0.05
    assert re.search(
        r"\(text-only\), one run, .*: \+1\d\.\d points \(items \+\d+\.\d to \+\d+\.\d\)", first["sentence"]
    )
    needed, said = first["zero_shot"]["seeds_needed"], first["details"]
    assert f"; one run decides nothing, about {needed} seeds would settle a difference of this size." in said[2]
    assert re.match(r"By language \(one run\), gqa minus squad: (de|zh) \(\+1\d\.\d points\), ", said[4])


def test_the_primary_comparison_is_tested_alone_and_the_others_together(contents: Any, read: Any) -> None:
    """Holm is over everything that the file answers; its p-values follow from the p-values in the file."""
    alone = Comparisons([Twins("gqa", "squad", primary="xgqa")], read_comparisons().controls)
    found = answers_of(read(["xgqa"], ROUTES + CONTROLS, declared=alone))
    first, *others = [one for kind in KINDS for one in found[kind]]
    assert (first["primary"], "p_holm" in first["zero_shot"]) == (True, False)
    assert first["details"][2].endswith("; p of this primary comparison is <0.001.")
    assert len(others) == 2  # shuffled labels, and trained blind
    assert [one["tested_with"] for one in others] == [len(others)] * len(others)
    assert [one["zero_shot"]["p_holm"] for one in others] == pytest.approx(
        holm([one["zero_shot"]["p"] for one in others]), abs=1e-4
    )
    (together,) = contents(ROUTES + CONTROLS)["answers"]
    assert (together["primary"], together["tested_with"]) == (False, 3)


def test_form_and_content(contents: Any) -> None:
    """A right answer has the right form, so that the form is right at least as often as the answer."""
    found = contents(ROUTES)["answers"][0]["form"]
    assert set(found) == {"form", "content"}
    for own in found.values():
        assert set(own) == {"en", "zero_shot"}
        assert own["zero_shot"]["difference"] >= 0


def test_what_target_examples_are_worth(write_cell: Any, read: Any) -> None:
    for route, rows, more in (
        ("none", 7200, 0.1),
        ("q360/none", 360, 0.0),
        ("gqa", 7200, 0.12),
        ("q360/gqa", 360, 0.08),
    ):
        write_cell("xgqa", route, more=more, phase2={"rows": rows})
    write_cell("xgqa", "squad", phase2={"rows": 7200})
    found = answers_of(read(["xgqa"], ["none", "gqa", "squad", "q360/none", "q360/gqa"]))["budgets"]
    assert [(one["task"], [point["examples"] for point in one["points"]]) for one in found] == [
        ("none", [360, 7200]),
        ("gqa", [360, 7200]),
    ]
    low, high = (point["zero_shot"]["score"] for point in found[0]["points"])
    assert high - low == pytest.approx(0.1, abs=0.03)
    assert {point["route"] for point in found[1]["points"]} == {"gqa", "q360/gqa"}


def test_a_control_that_was_trained_on_its_own_labels_is_refused(write_cell: Any, contents: Any) -> None:
    write_cell("xgqa", "shuffled_labels/gqa", cost=GQA)
    with pytest.raises(
        ParameterError, match=r"comparisons\.yaml: shuffled_labels/gqa is declared as gqa with other lab"
    ):
        contents(ROUTES + CONTROLS)


def test_an_answer_of_an_earlier_revision_is_read(contents: Any) -> None:
    content = contents(ROUTES)
    earlier = {key: content[key] for key in ("answers", "missing")}
    earlier["answers"] = [{"sentence": one["sentence"]} for one in content["answers"]]
    assert sentences(earlier) == [content["answers"][0]["sentence"]]
