"""Every claim, judged on the paper's own table: what its numbers say, without any noise, is the known answer."""

from __future__ import annotations

from typing import Any

import pytest

from xstilts.report.claims import CASES, claims
from xstilts.report.comparisons import Design, read_comparisons
from xstilts.report.evidence import UNTESTABLE
from xstilts.report.shared import Shared
from xstilts.report.transfer import Transfer

TARGETS = "xnli pawsx udpos panx xquad mlqa tydiqa bucc2018 tatoeba".split()
KINDS = dict.fromkeys(TARGETS, "classification") | dict.fromkeys(("bucc2018", "tatoeba"), "retrieval")
# Phang et al. 2020, the main table: points over XLM-R Large on dev data, by the main metric (F1 for spans).
BASE = (80.1, 86.5, 75.7, 62.8, 76.1, 70.1, 65.6, 71.5, 31.0)
GAINS = {
    "anli_plus": (-0.8, 0.0, -1.6, -3.5, -1.1, -0.6, -0.6, 19.9, 48.2),
    "mnli": (-1.2, 1.4, -0.7, 0.5, -0.3, 0.2, -1.0, 20.0, 48.8),
    "qqp": (-4.4, -4.8, -6.5, -45.4, -3.8, -3.9, -11.1, 17.1, 49.5),
    "squad": (-1.9, 1.2, -0.8, -0.4, 1.8, 2.2, 9.7, 18.9, 41.3),
    "squad_v2": (-1.6, 1.9, -1.1, 0.8, -0.5, -0.4, 10.4, 19.3, 43.4),
    "hellaswag": (-7.1, 1.8, -0.7, 1.6, 0.0, -0.1, 0.0, 20.3, 47.6),
    "ccg": (-2.6, -3.4, -2.0, -1.5, -1.5, -1.6, -2.8, 11.7, 41.9),
    "cosmosqa": (-2.1, -0.3, -1.4, -1.5, -0.9, -1.5, 0.5, 19.2, 43.9),
    "commonsenseqa": (-2.9, -2.4, -1.7, -1.6, -1.0, -1.0, 3.5, 18.1, 48.1),
    "text_nine": (-0.9, 1.7, -1.0, 1.8, 0.3, 0.2, 5.8, 19.6, 49.9),
}
SAYS = {
    "large_average_gains": "supported",
    "mixture_is_best": "supported",
    "retrieval_gains": "supported",
    "tydiqa_gains_xnli_does_not": "supported",
    "best_task_per_target": "supported",
    "english_beats_mlm_and_translation": UNTESTABLE,  # the table has no such routes
    "stronger_encoder": UNTESTABLE,
    "three_phases_beat_two": "supported",
    "tasks_differ": "supported",
}
WITHOUT_RETRIEVAL = {
    "large_average_gains": "contradicted",
    "mixture_is_best": "contradicted",  # SQuAD alone does better
    "three_phases_beat_two": "contradicted",
    "tasks_differ": "supported",
}


@pytest.fixture
def published(write_scores: Any, read: Any) -> Transfer:
    """The table as a study of two runs that agree, on items that differ in nothing."""
    for route, gains in {"none": (0.0,) * 9, **GAINS}.items():
        for target, base, gain in zip(TARGETS, BASE, gains, strict=True):
            write_scores(target, route, (base + gain) / 100, kind=KINDS[target])
    found = read(TARGETS, ["none", *GAINS], (0, 1))
    known = {(target, route): Shared() for target in TARGETS for route in GAINS}
    return Transfer(found.paired, Design(found.study, read_comparisons()), known)


def test_the_papers_own_table_supports_what_the_paper_claims(published: Transfer) -> None:
    found = {one["name"]: one for one in claims(published)["claims"]}
    assert set(SAYS) == set(CASES)
    assert {name: one["judgement"] for name, one in found.items()} == SAYS
    beside = {name: one["judgement_without_retrieval"] for name, one in found.items() if name in WITHOUT_RETRIEVAL}
    assert beside == WITHOUT_RETRIEVAL
