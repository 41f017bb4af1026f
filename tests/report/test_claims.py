"""Claims of the literature, judged on studies in which their truth was planted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from xstilts.report.claims import CASES, SINGLE_TEXT, TABLE, chosen_on_english, claims, differ
from xstilts.report.evidence import UNTESTABLE, Evidence, adjusted, judged, many, together, undecided
from xstilts.report.intervals import Interval
from xstilts.report.shared import Shared
from xstilts.report.transfer import Transfer, transfer_matrix

KINDS = {
    "xnli_small": "classification",
    "xnli": "classification",
    "tydiqa": "span",
    "tatoeba": "retrieval",
    "xgqa": "vqa",
}


@pytest.fixture
def judge(write_cell: Any, read: Any) -> Any:
    """Judge the claims on a study with the given gains, {target: {route: points}}."""

    def run(gains: Mapping[str, Mapping[str, float]], shared: Any = None, **options: Any) -> Transfer:
        routes = ["none", *next(iter(gains.values()))]
        for target, by_route in gains.items():
            for route in routes:
                write_cell(target, route, more=by_route.get(route, 0.0), kind=KINDS[target], images=150, **options)
        known = {(target, route): Shared() for target in gains for route in routes} | (shared or {})
        return read(list(gains), routes, shared=known).transfer

    return run


def judgements(transfer: Transfer) -> dict[str, Any]:
    return {claim["name"]: claim for claim in claims(transfer)["claims"]}


def test_every_claim_has_words_and_a_predicate(judge: Any) -> None:
    found = judgements(judge({"xnli": {"mnli": 0.0}}))
    assert list(found) == list(CASES)
    assert len(found) == 9
    for claim in found.values():
        assert {"claim", "averages_over", "source", "tested", "judgement", "evidence", "lacking"} <= set(claim)
    assert "BUCC and Tatoeba" in found["large_average_gains"]["averages_over"]
    assert TABLE.is_file()


def test_gains_that_retrieval_alone_brings(judge: Any) -> None:
    """As published: a large average that is not there without retrieval."""
    flat = {"mnli": 0.0, "squad": 0.0, "hellaswag": 0.0}
    found = judgements(judge({"xnli": flat, "tatoeba": dict.fromkeys(flat, 0.4)}))
    large = found["large_average_gains"]
    assert large["judgement"] == "supported"
    assert large["judgement_without_retrieval"] == "contradicted"
    assert len(large["evidence"]) == 3 * 2
    assert large["evidence"][0]["what"] == "squad minus none, all targets: xnli, tatoeba"
    assert large["lacking"] == ["targets pawsx, udpos, panx, xquad, mlqa, tydiqa, bucc2018"]
    assert found["retrieval_gains"]["judgement"] == "inconclusive"  # BUCC is the other half of the claim
    assert found["retrieval_gains"]["evidence"][0]["says"] == "supported"
    assert found["retrieval_gains"]["lacking"] == ["targets bucc2018"]
    assert found["three_phases_beat_two"]["judgement"] == "supported"
    assert found["three_phases_beat_two"]["judgement_without_retrieval"] == "inconclusive"
    assert found["tasks_differ"]["judgement"] == "inconclusive"  # three of nine tasks are alike
    assert found["mixture_is_best"]["judgement"] == UNTESTABLE
    assert found["stronger_encoder"]["judgement"] == UNTESTABLE


def test_tasks_that_differ_and_the_best_of_them(judge: Any) -> None:
    gains = {"mnli": -0.1, "squad": 0.1, "text": 0.2, "mlm": -0.2, "text_mlm": 0.1}
    transfer = judge({"xnli": dict.fromkeys(gains, 0.0), "tydiqa": gains})
    found = judgements(transfer)
    assert found["tasks_differ"]["judgement"] == "supported"
    assert found["mixture_is_best"]["judgement"] == "inconclusive"  # text is a mixture of two tasks, not of nine
    assert {one["says"] for one in found["mixture_is_best"]["evidence"]} == {"supported"}
    assert found["english_beats_mlm_and_translation"]["judgement"] == "inconclusive"  # there are no translated data
    assert {one["says"] for one in found["english_beats_mlm_and_translation"]["evidence"]} == {"supported"}
    assert "translated intermediate data" in found["english_beats_mlm_and_translation"]["lacking"]
    assert chosen_on_english(transfer, "tydiqa") == "text"
    assert found["best_task_per_target"]["judgement"] == "supported"
    assert "text on tydiqa" in found["best_task_per_target"]["evidence"][0]["what"]
    assert found["tydiqa_gains_xnli_does_not"]["judgement"] == "supported"  # three of five, and none on xnli
    assert "judgement_without_retrieval" in found["tasks_differ"]


def test_a_gain_on_xnli_contradicts(judge: Any) -> None:
    gains = {"mnli": 0.1, "squad": 0.0}
    found = judgements(judge({"xnli": gains, "tydiqa": {"mnli": 0.1, "squad": 0.1}}))
    assert found["tydiqa_gains_xnli_does_not"]["judgement"] == "contradicted"


@pytest.mark.parametrize("target", ["xnli", "tydiqa"])
def test_half_of_a_claim_supports_none(judge: Any, target: str) -> None:
    """TyDiQA gains and XNLI does not: each is as planted, and says nothing of the other."""
    found = judgements(judge({target: {"mnli": 0.1 if target == "tydiqa" else 0.0}}))["tydiqa_gains_xnli_does_not"]
    assert found["judgement"] == "inconclusive"
    assert found["evidence"]
    assert found["lacking"] == [f"target {'tydiqa' if target == 'xnli' else 'xnli'}"]


def test_what_a_claim_names_has_to_be_there(judge: Any) -> None:
    gains = {"squad": 0.2, "mnli": 0.2}
    assert judgements(judge({"tydiqa": gains}))["large_average_gains"]["judgement"] == "inconclusive"
    gains["hellaswag"] = 0.2
    assert judgements(judge({"tydiqa": gains}))["large_average_gains"]["judgement"] == "supported"


def test_all_nine_tasks_and_their_mixture(judge: Any) -> None:
    gains = dict.fromkeys(SINGLE_TEXT, 0.0) | {"text_nine": 0.2, "text": 0.3}
    found = judgements(judge({"tydiqa": gains}))
    assert found["mixture_is_best"]["judgement"] == "supported"
    assert found["tasks_differ"]["judgement"] == "contradicted"
    found = judgements(judge({"tydiqa": {"text_nine": 0.0, "mnli": 0.2}}))
    assert found["mixture_is_best"]["judgement"] == "contradicted"  # by one task that does better
    found = judgements(judge({"tydiqa": {"text": 0.0, "mnli": 0.2}}))
    assert found["mixture_is_best"]["judgement"] == "inconclusive"


def test_a_part_of_a_set_stands_for_it_and_is_named(judge: Any) -> None:
    gains = {"squad": 0.2, "cosmosqa_small": -0.2}
    found = judgements(judge({"xnli_small": gains}))
    assert found["tasks_differ"]["judgement"] == "supported"
    assert found["tasks_differ"]["evidence"][0]["what"] == "squad minus cosmosqa_small, all targets: xnli_small"
    assert found["tasks_differ"]["lacking"][-1] == "the whole of xnli"
    assert found["tydiqa_gains_xnli_does_not"]["judgement"] == "contradicted"
    assert found["tydiqa_gains_xnli_does_not"]["lacking"] == ["target tydiqa", "the whole of xnli"]


def test_a_study_of_xgqa_tests_no_claim_on_xtreme(judge: Any) -> None:
    found = judgements(judge({"xgqa": {"gqa": 0.1, "squad": 0.0}}))
    assert {claim["judgement"] for claim in found.values()} == {UNTESTABLE}
    assert all(claim["lacking"] for claim in found.values())


def test_cells_that_share_data_are_no_evidence(judge: Any) -> None:
    shared = {("xnli", "mnli"): Shared(("100% of the train split's pair in mnli",))}
    found = judgements(judge({"xnli": {"mnli": 0.2}}, shared))
    assert found["large_average_gains"]["judgement"] == UNTESTABLE
    assert found["large_average_gains"]["evidence"] == []
    assert found["large_average_gains"]["lacking"][-1] == "cells that share data: mnli on xnli"


def test_published_and_embedded_data_share_no_mean(judge: Any, write_cell: Any, read: Any) -> None:
    judge({"xnli": {"mnli": 0.2}, "tydiqa": {"mnli": 0.0}})
    for route in ("none", "mnli"):
        write_cell("tydiqa", route, kind="span", images=150, data="official")
    transfer = read(["xnli", "tydiqa"], ["none", "mnli"]).transfer
    assert claims(transfer)["data"] == "official"
    large = judgements(transfer)["large_average_gains"]
    assert large["evidence"][0]["what"] == "mnli minus none, all targets: tydiqa"
    averages = transfer_matrix(transfer)["averages"]
    assert [(one["data"], one["targets"]) for one in averages if one["over"] == "all targets"] == [
        ("official", ["tydiqa"]),
        ("pictograms", ["xnli"]),
    ]


def test_rules_of_judging() -> None:
    ends = ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))
    above, below, both = (Interval((low + high) / 2, low, high, 0.5, 0.025) for low, high in ends)
    assert [Evidence("", one).judgement for one in (above, below, both)] == [
        "supported",
        "contradicted",
        "inconclusive",
    ]
    assert Evidence("", above, 0.15).judgement == "inconclusive"
    assert Evidence("", above, no_more=True).judgement == "contradicted"
    assert Evidence("", Interval(0, np.nan, np.nan, np.nan, np.nan)).judgement == "inconclusive"
    assert together([]) == UNTESTABLE
    assert together(["supported", "inconclusive"]) == "inconclusive"
    assert together(["supported", "contradicted"]) == "contradicted"
    assert many(["supported", "contradicted", "contradicted"]) == "supported"
    assert many(["supported", *["contradicted"] * 3]) == "contradicted"
    assert many(["supported", "inconclusive", *["contradicted"] * 2]) == "inconclusive"
    assert undecided([Evidence("", above)]) == "inconclusive"
    assert undecided([]) == UNTESTABLE
    assert differ([Evidence("", both), Evidence("", Interval(0.1, 0.01, 0.19, 0.02, 0))]) == "supported"
    assert (
        differ([Evidence("", both), Evidence("", Interval(0.1, 0.01, 0.19, 0.03, 0))]) == "inconclusive"
    )  # 0.06 by Holm


def test_one_of_many_differences_contradicts_by_holm_alone() -> None:
    """Of nine differences one is below the bound at 5 %, as chance may have it; Holm's test asks for more."""
    near, slightly, far = (Interval(value, value - 0.02, value + 0.02, 0, 0.01) for value in (0.06, 0.028, 0.01))
    others = [Evidence("", near, above=0.05)] * 8
    by_chance, certain = (Evidence("", one, above=0.05) for one in (slightly, far))
    assert by_chance.judgement == certain.judgement == "contradicted"
    assert judged([by_chance]) == "contradicted"
    assert judged([*others, by_chance]) == "inconclusive"
    assert judged([*others, certain]) == "contradicted"
    high = Evidence("", Interval(0.1, 0.08, 0.12, 0, 0.01), above=0.05)
    assert adjusted([high, *others]) == ["supported", *["inconclusive"] * 8]
    no_more = Evidence("", Interval(0.08, 0.0501, 0.11, 0, 0.015), above=0.05, no_more=True)
    assert no_more.judgement == "contradicted"
    assert adjusted([no_more] * 2) == ["inconclusive"] * 2


def test_p_against_a_bound_is_that_of_the_interval() -> None:
    half = 0.1 * float(stats.t.ppf(0.975, 4))
    one = Interval(0.3, 0.3 - half, 0.3 + half, 0.01, 0.1, freedom=4)
    assert one.p_against(one.low) == pytest.approx(0.05)
    assert one.p_against(one.high) == pytest.approx(0.05)
    assert one.p_against(0.3) == pytest.approx(1)
    assert one.p_against(0.0) < 0.05 < one.p_against(0.2)


def test_the_first_recipe_alone_is_judged(judge: Any, write_cell: Any, read: Any) -> None:
    """What another recipe does is no evidence, and neither is a control; names and numbers are those of one recipe."""
    alone = claims(judge({"tydiqa": {"mnli": 0.1, "squad": 0.05}}))
    for task in ("none", "mnli", "squad"):
        write_cell("tydiqa", f"lora/{task}", kind="span", images=150, more=-0.2)
    write_cell("tydiqa", "longer/none", kind="span", images=150)
    routes, both = ["none", "mnli", "squad", "longer/none"], ["plain", "lora"]
    assert claims(read(["tydiqa"], routes, recipes=both).transfer) == alone
    of_lora = claims(read(["tydiqa"], routes, recipes=both[::-1]).transfer)
    assert of_lora["claims"] != alone["claims"]
    assert [one["what"] for one in of_lora["claims"][0]["evidence"]] == [
        one["what"] for one in alone["claims"][0]["evidence"]
    ]
