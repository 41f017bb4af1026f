"""The transfer explorer: what the page's script needs to compare any two routes, and what it may choose from.

With the bits of every example (`items`) any baseline, languages, question types and seeds can be chosen, and the script
computes differences and intervals as `xstilts.report.intervals` does. Without them it shows what the report computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.base.languages import LANGUAGE_NAME
from xstilts.page.figure import metric_name
from xstilts.page.material import Material
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.costs import SAME
from xstilts.report.heat_map import cells_of

ALL = "all"  # the languages other than English together, where languages cannot be chosen freely
MATCHES = {
    "": "whatever it costs",
    "updates": "as many updates (within 10 %)",
    "tokens": "as many tokens (within 10 %)",
    "exposure": "the baseline trained at least as long (equal exposure)",
}


@dataclass(frozen=True)
class Explorer:
    """The choices of the form, and the data of the script.

    Attributes:
        free: whether languages and question types can be combined freely.
        languages: {code: name}, those other than English first; where they cannot be combined, `all` first.
        matches: {key: what routes must have in common with the baseline}; empty where costs are not known.
    """

    target: str
    free: bool
    baselines: Sequence[str]
    languages: Mapping[str, str]
    types: Sequence[str]
    seeds: Sequence[int]
    matches: Mapping[str, str]
    data: Mapping[str, Any]


def explorer(material: Material, target: str) -> Explorer | None:
    """The explorer of a target; None where there is nothing to compare."""
    packed = material.items.get("targets", {}).get(target)
    cells = cells_of(material.transfer, target)
    if not (packed or cells):
        return None
    part = material.study[target]
    others = [code for code in next(iter(part[part["metric"]].values())) if code not in (ENGLISH, ZERO_SHOT, "gap")]
    codes = [*others, *([ENGLISH] if ENGLISH in part[part["metric"]][material.routes[0]] else [])]
    names = {code: language_name(code) for code in codes}
    about = {"target": target, "metric": metric_name(part["metric"]), "routes": list(material.routes), "names": names}
    about |= {"seeds": list(material.seeds), "english": ENGLISH}
    if packed:
        matches = dict(MATCHES) if any(any(one.values()) for own in packed["training"].values() for one in own) else {}
        types = [kind for kind in packed["types"] if kind]
        costs = {route: _costs(own) for route, own in packed["training"].items()}
        data = about | {"packed": packed, "costs": costs, "same": SAME}
        return Explorer(target, True, material.routes, names, types, material.seeds, matches, data)
    baselines = list(dict.fromkeys(cell["baseline"] for cell in cells))
    known = {ALL: "all but English", **names}
    computed = [_computed(cell) for cell in cells]
    return Explorer(target, False, baselines, known, [], [], {}, about | {"names": known, "computed": computed})


def _costs(training: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Updates and tokens of both phases, a mean over seeds."""
    phases = [[own for own in one.values() if own] for one in training]
    return {name: sum(own[name] for one in phases for own in one) / len(phases) for name in ("updates", "tokens")}


def _computed(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A route minus its baseline as the report has it, by language."""
    records = {ALL: cell[ZERO_SHOT], **cell["languages"], **({ENGLISH: cell[ENGLISH]} if ENGLISH in cell else {})}
    kept = {name: {key: own[key] for key in ("difference", "interval", "p")} for name, own in records.items()}
    return {"route": cell["route"], "baseline": cell["baseline"], "records": kept}


def language_name(code: str) -> str:
    """`Bengali` of `bn`; an unknown code stays as it is."""
    return LANGUAGE_NAME.get(code, code)
