"""The transfer matrix and the answer: what they say of planted effects, and of what they cannot know."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from xstilts.report.answer import answers
from xstilts.report.differences import to_json
from xstilts.report.intervals import Interval
from xstilts.report.numbers import difference
from xstilts.report.shared import Shared, shared_of
from xstilts.report.summary import in_cells, print_summary
from xstilts.report.transfer import transfer_matrix

ROUTES = ["none", "squad", "gqa"]


@pytest.fixture
def study(write_cell: Any, read: Any) -> Any:
    """On two targets, gqa adds 10 points and squad takes 5; on retrieval everything adds 30."""
    for route, more in (("none", 0.0), ("squad", -0.05), ("gqa", 0.1)):
        write_cell("xgqa", route, more=more, english=0.1)
        write_cell("xnli", route, more=more / 2, kind="classification")
        write_cell("tatoeba", route, more=0.0 if route == "none" else 0.3, kind="retrieval")
    write_cell("xgqa", "gqa", more=0.1, english=0.1, cost={"examples": 7200, "tokens": 41_000})
    return lambda targets=("xgqa", "xnli", "tatoeba"), routes=ROUTES, **options: read(targets, routes, **options)


def matrix(
    study: Any, shared: dict[tuple[str, str], Shared] | None = None, routes: list[str] = ROUTES
) -> dict[str, Any]:
    targets = ["xgqa", "xnli", "tatoeba"]
    known = {(target, route): Shared() for target in targets for route in routes} | (shared or {})
    return transfer_matrix(study(targets, routes, shared=known).transfer)


def cell_of(content: dict[str, Any], target: str, route: str) -> dict[str, Any]:
    (cell,) = (one for one in content["cells"] if (one["target"], one["route"]) == (target, route))
    return dict(cell)


def average_of(content: dict[str, Any], route: str, over: str) -> dict[str, Any]:
    (average,) = (one for one in content["averages"] if (one["route"], one["over"]) == (route, over))
    return dict(average)


def test_differences_to_none(study: Any) -> None:
    content = matrix(study)
    assert content["covers"].startswith("test items and training runs (3 seeds)")
    assert len(content["cells"]) == 3 * 2
    cell = cell_of(content, "xgqa", "gqa")
    low, high = cell["zero_shot"]["interval"]
    assert 0 < low < 0.1 < high
    assert cell["zero_shot"]["p"] < 0.01
    assert list(cell["languages"]) == ["de", "zh"]
    assert all(one["p_holm"] >= one["p"] for one in cell["languages"].values())
    assert {"en", "gap"} <= set(cell)
    assert (cell["clusters"], cell["examples"], cell["shared_data"]) == (200, 1000, "none")


def test_what_would_have_been_found_is_of_holms_test(study: Any) -> None:
    """What is detectable in a language, of a question type or of a route's mean is by the test that judges it."""
    known = study(["xgqa"])
    paired = known.paired
    cell = cell_of(transfer_matrix(known.transfer), "xgqa", "gqa")
    for code in ("de", "zh"):
        found = paired.difference("gqa", "none", paired.mix("xgqa", [code]))
        assert cell["languages"][code]["detectable"] == pytest.approx(found.detectable(2), abs=1e-4)
        assert found.detectable(2) > 1.1 * found.detectable()
    found = paired.difference("gqa", "none", paired.zero_shot("xgqa"))
    assert cell["zero_shot"]["detectable"] == pytest.approx(found.detectable(), abs=1e-4)
    average = average_of(transfer_matrix(known.transfer), "gqa", "all targets")
    assert average["zero_shot"]["detectable"] == pytest.approx(found.detectable(2), abs=1e-4)
    typed = paired.difference("gqa", "squad", paired.zero_shot("xgqa", type="query"))
    (answer,) = answers(paired, known.design)["answers"]
    assert answer["types"]["query"]["zero_shot"]["detectable"] == pytest.approx(typed.detectable(2), abs=1e-4)


@pytest.mark.parametrize(
    ("freedom", "detectable", "printed"), [(1, None, "none"), (4, 0.3717, "37.2")], ids=["2 seeds", "5 seeds"]
)
def test_a_difference_larger_than_scores_can_have_is_not_said_to_be_findable(
    freedom: int, detectable: float | None, printed: str
) -> None:
    found = to_json(Interval(0.01, -0.2, 0.2, 0.9, error=0.1, freedom=freedom))
    assert found["detectable"] == detectable
    assert in_cells(found)[-1] == printed


def test_published_data_come_first_whatever_the_others_are_called(write_cell: Any, read: Any) -> None:
    for data, target in (("another", "xnli"), ("official", "pawsx"), ("pictograms", "xgqa")):
        for route in ("none", "mnli"):
            write_cell(target, route, kind="classification", data=data)
    assert read(["xnli", "pawsx", "xgqa"], ["none", "mnli"]).transfer.kinds_of_data() == [
        "official",
        "another",
        "pictograms",
    ]


def test_averages_with_and_without_retrieval(study: Any) -> None:
    content = matrix(study)
    both, trained = (average_of(content, "gqa", over) for over in ("all targets", "without retrieval"))
    assert both["targets"] == ["xgqa", "xnli", "tatoeba"]
    assert trained["targets"] == ["xgqa", "xnli"]
    cells = [cell_of(content, target, "gqa")["zero_shot"]["difference"] for target in both["targets"]]
    assert both["zero_shot"]["difference"] == pytest.approx(sum(cells) / 3, abs=1e-4)
    assert trained["zero_shot"]["difference"] == pytest.approx(sum(cells[:2]) / 2, abs=1e-4)
    assert average_of(content, "squad", "all targets")["zero_shot"]["difference"] > 0
    assert average_of(content, "squad", "without retrieval")["zero_shot"]["difference"] < 0


def test_shared_data_is_marked_and_never_averaged_silently(study: Any) -> None:
    shared = {("xgqa", "gqa"): Shared(("20% of the test split's image in gqa",)), ("xnli", "gqa"): Shared((), ("gqa",))}
    content = matrix(study, shared)
    assert cell_of(content, "xgqa", "gqa")["shared_data"] == "shared"
    assert not cell_of(content, "xgqa", "gqa")["in_averages"]
    average = average_of(content, "gqa", "all targets")
    assert average["targets"] == ["xnli", "tatoeba"]
    assert average["left_out"] == ["xgqa: 20% of the test split's image in gqa"]
    assert average["not_checked"] == ["xnli"]
    assert average_of(content, "squad", "all targets")["targets"] == ["xgqa", "xnli", "tatoeba"]


def test_what_counts_as_shared_data() -> None:
    """Images and whole examples do; half an example, and a share that chance brings about, do not."""
    leak = {"split": "test", "member": "mnli", "kind": "text", "met_as": "", "shared": 9, "fraction": 0.3}
    facts = {"kind": "classification", "not_compared": []}

    def status(kind: str = "classification", **one: Any) -> str:
        return shared_of({**facts, "kind": kind, "shared": [{**leak, "field": "", **one}]}).status

    assert status(field="hypothesis") == "none"
    assert status(field="pair") == "shared"
    assert status(field="pair", fraction=0.04) == "none"
    assert status(field="caption") == "shared"
    assert status(field="sentence") == "none"
    assert status("tagging", field="sentence") == "shared"
    assert shared_of({**facts, "shared": [{**leak, "kind": "image", "field": ""}]}).words == (
        "30% of the test split's image in mnli",
    )
    assert shared_of({**facts, "shared": [], "not_compared": ["xnli"]}).status == "not checked"


def test_without_the_baseline_there_is_nothing_to_compare_with(study: Any) -> None:
    content = matrix(study, routes=["squad", "gqa"])
    assert content["cells"] == []
    assert content["missing"] == "add none to study.intermediates"


def test_the_answer_finds_what_was_planted(study: Any) -> None:
    known = study()
    content = answers(known.paired, known.design)
    assert [one["target"] for one in content["answers"]] == ["xgqa", "xnli", "tatoeba"]
    one = content["answers"][0]
    assert one["verdict"] == "better"
    assert 0.1 < one["zero_shot"]["difference"] < 0.2
    assert one["matched"] == ["facts", "updates", "tokens"]  # 41,000 tokens against 40,000 are the same
    assert set(one["types"]) == {"query", "verify"}
    assert set(one["controls"]) == {"blind", "shuffled", "above_blind"}
    shown, blind = one["zero_shot"]["difference"], one["controls"]["blind"]["zero_shot"]["difference"]
    above = one["controls"]["above_blind"]
    assert above["zero_shot"]["difference"] == pytest.approx(shown - blind, abs=1e-4)
    english = one["en"]["difference"] - one["controls"]["blind"]["en"]["difference"]
    assert above["en"]["difference"] == pytest.approx(english, abs=1e-4)
    said = f"{difference(one['zero_shot'])}."
    assert one["sentence"].startswith("On xgqa, gqa (multimodal) does better than squad (text-only) in the languages")
    assert one["sentence"].endswith(said)
    assert "the interval covers test items and training runs (3 seeds)" in one["details"][2]
    assert not any("same facts" in said for said in one["details"])
    assert content["answers"][2]["verdict"] == "inconclusive"
    assert "would have been found in four of five" in content["answers"][2]["details"][3]
    assert content["missing"] == [
        "gqa against gqa_told: add gqa_told to study.intermediates",
        "gqa against gqa_blind: add gqa_blind to study.intermediates",
        "snli_ve against mnli: add snli_ve and mnli to study.intermediates",
        "visual7w against cosmosqa: add visual7w and cosmosqa to study.intermediates",
        "multimodal against text: add multimodal and text to study.intermediates",
    ]


def test_published_tasks_do_not_carry_the_same_facts(write_cell: Any, study: Any) -> None:
    write_cell("xgqa", "gqa", more=0.1, trained_on="official")
    known = study(["xgqa"])
    (answer,) = answers(known.paired, known.design)["answers"]
    assert "facts" not in answer["matched"]
    assert "The two tasks do not carry the same facts." in answer["details"]
    assert not any(said.startswith("Of the same scenes") for said in answer["details"])


def test_what_is_printed(study: Any) -> None:
    out = io.StringIO()
    known, alone = study(["xgqa"]), study(["xgqa"], ["none"])
    answer = answers(known.paired, known.design)
    print_summary(matrix(study), answer, Console(file=out, width=120))
    text = " ".join(out.getvalue().split())
    assert max(len(line) for line in out.getvalue().splitlines()) <= 120
    assert "xgqa: accuracy minus that of none in points, pictograms data" in text
    assert "They cover test items and training runs (3 seeds)." in text
    assert "On xgqa, gqa (multimodal) does better than squad" in text
    out = io.StringIO()
    none = answers(alone.paired, alone.design)
    print_summary(matrix(study, routes=["none"]), none, Console(file=out, width=120))
    assert (
        " ".join(out.getvalue().split())
        == "No answer yet; gqa against gqa_told: add gqa and gqa_told to study.intermediates."
    )
