"""metrics/claims.json: claims of the literature as predicates over the transfer matrix, each with its intervals.

`claims.yaml` has their words. A claim is judged with what a study has: the XTREME targets and the routes that it names.
What it lacks of the claim is listed, and without any of it the claim is not testable. A claim that joins several is not
supported by some of them; one difference can contradict it, if it does so by Holm's test over all of them. A claim on
averages is judged as it stands, with sentence retrieval where the study has it, and once more without. A verdict on
embedded data is one on drawn scenes in the formats of the published sets, not on those; where a study has both,
published data are judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xstilts.base.parameters import read_yaml
from xstilts.report.cases import CASES, Case
from xstilts.report.differences import about, spelled
from xstilts.report.transfer import BASELINE, OVER, Transfer

TABLE = Path(__file__).with_suffix(".yaml")
SCORES = (
    "zero-shot: unweighted means over the languages other than English, by each target's main metric (F1 for spans)"
)


def claims(transfer: Transfer) -> dict[str, Any]:
    """Return the content of metrics/claims.json: a record for each claim of `claims.yaml`."""
    paired = transfer.paired
    data = transfer.kinds_of_data()[0]
    records = [_record(transfer.of_data(data), name, text) for name, text in read_yaml(TABLE).items()]
    return about(paired) | {"data": data, "scores": SCORES, "claims": records}


def _record(transfer: Transfer, name: str, text: Mapping[str, str]) -> dict[str, Any]:
    ready = transfer.has_baseline and transfer.routes
    case = CASES[name](transfer) if ready else Case(lacking=[f"{BASELINE} and another route"])
    everything, trained = OVER
    evidence = [{"what": one.what, **spelled(one.interval), "says": one.judgement} for one in case.evidence]
    record = {"name": name, **text, "judgement": case.judgement([one for one in case.evidence if one.over != trained])}
    without = [one for one in case.evidence if one.over == trained]
    if without and any(one.over == everything for one in case.evidence):
        record["judgement_without_retrieval"] = case.judgement(without)
    return record | {"evidence": evidence, "lacking": list(case.lacking)}
