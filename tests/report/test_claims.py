"""Claims of the literature, judged on studies in which their truth was planted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xstilts.report.bootstrap import Interval
from xstilts.report.cases import CASES, chosen_on_english, differ
from xstilts.report.claims import TABLE, claims
from xstilts.report.evidence import UNTESTABLE, Evidence, majority, together
from xstilts.report.shared import Shared
from xstilts.report.side_by_side import read_paired
from xstilts.report.transfer import Transfer, transfer_matrix

KINDS = {"xnli": "classification", "tydiqa": "span", "tatoeba": "retrieval", "xgqa": "vqa"}


@pytest.fixture
def judge(write_cell: Any, tmp_path: Path) -> Any:
    """Judge the claims on a study with the given gains, {target: {route: points}}."""

    def run(gains: Mapping[str, Mapping[str, float]], shared: Any = None, **options: Any) -> Transfer:
        routes = ["none", *next(iter(gains.values()))]
        for target, by_route in gains.items():
            for route in routes:
                write_cell(target, route, more=by_route.get(route, 0.0), kind=KINDS[target], images=150, **options)
        known = {(target, route): Shared() for target in gains for route in routes} | (shared or {})
        return Transfer(read_paired(tmp_path / "items", list(gains), routes, [0]), known)

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
    assert large["evidence"][0]["what"] == "squad less none, all targets: xnli, tatoeba"
    assert large["lacking"] == ["targets pawsx, udpos, panx, xquad, mlqa, tydiqa, bucc2018"]
    assert found["retrieval_gains"]["judgement"] == "supported"
    assert found["retrieval_gains"]["lacking"] == ["targets bucc2018"]
    assert found["three_phases_beat_two"]["judgement"] == "supported"
    assert found["three_phases_beat_two"]["judgement_without_retrieval"] == "cannot tell"
    assert found["tasks_differ"]["judgement"] == "contradicted"
    assert found["mixture_is_best"]["judgement"] == UNTESTABLE
    assert found["stronger_encoder"]["judgement"] == UNTESTABLE


def test_tasks_that_differ_and_the_best_of_them(judge: Any) -> None:
    gains = {"mnli": -0.1, "squad": 0.1, "text": 0.2, "mlm": -0.2, "text_mlm": 0.1}
    transfer = judge({"xnli": dict.fromkeys(gains, 0.0), "tydiqa": gains})
    found = judgements(transfer)
    assert found["tasks_differ"]["judgement"] == "supported"
    assert found["mixture_is_best"]["judgement"] == "supported"
    assert found["english_beats_mlm_and_translation"]["judgement"] == "supported"
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


def test_published_and_embedded_data_share_no_mean(judge: Any, write_cell: Any, tmp_path: Path) -> None:
    judge({"xnli": {"mnli": 0.2}, "tydiqa": {"mnli": 0.0}})
    for route in ("none", "mnli"):
        write_cell("tydiqa", route, kind="span", images=150, data="official")
    transfer = Transfer(read_paired(tmp_path / "items", ["xnli", "tydiqa"], ["none", "mnli"], [0]), {})
    assert claims(transfer)["data"] == "official"
    large = judgements(transfer)["large_average_gains"]
    assert large["evidence"][0]["what"] == "mnli less none, all targets: tydiqa"
    averages = transfer_matrix(transfer)["averages"]
    assert [(one["data"], one["targets"]) for one in averages if one["over"] == "all targets"] == [
        ("official", ["tydiqa"]),
        ("pictograms", ["xnli"]),
    ]


def test_rules_of_judging() -> None:
    above, below, both = (Interval(0, low, high, 0.5, 0.1) for low, high in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1)))
    assert [Evidence("", one).judgement for one in (above, below, both)] == ["supported", "contradicted", "cannot tell"]
    assert Evidence("", above, 0.15).judgement == "cannot tell"
    assert Evidence("", above, no_more=True).judgement == "contradicted"
    assert Evidence("", Interval(0, np.nan, np.nan, np.nan, np.nan)).judgement == "cannot tell"
    assert together([]) == UNTESTABLE
    assert together(["supported", "cannot tell"]) == "cannot tell"
    assert together(["supported", "contradicted"]) == "contradicted"
    assert majority(["supported", "supported", "contradicted"]) == "supported"
    assert majority(["supported", "contradicted"]) == "contradicted"
    assert differ([Evidence("", both), Evidence("", Interval(0, 0, 0, 0.02, 0))]) == "supported"
    assert differ([Evidence("", both), Evidence("", Interval(0, 0, 0, 0.03, 0))]) == "cannot tell"  # 0.06 by Holm
