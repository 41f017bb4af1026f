"""Metrics of one cell (recipe, route, seed, target): what `metrics/*.json` keeps in git of a scores.json.

All values are fractions in 0..1, rounded to `DIGITS`; English comes first, then the other languages by code.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from xstilts.base.errors import DataError
from xstilts.base.files import read_json
from xstilts.base.kinds import KINDS

ENGLISH = "en"
ZERO_SHOT = "zero_shot"  # unweighted mean over the languages other than English
GAP = "gap"  # English minus that mean
NAMES = {ZERO_SHOT: "zero-shot", ENGLISH: "English", GAP: "gap"}  # what a reader sees
CONTROLS = ("blind", "shuffled")
DIGITS = 4
EMBEDDED, OFFICIAL = "pictograms", "official"  # what scores were made from, as `data` says it
_KEYS = ("target", "recipe", "route", "seed", "data", "kind", "metric", "rows", "scores", "controls")
_AGAIN = "run `dvc repro` to score the cell again"


def read_scores(path: Path) -> dict[str, Any]:
    """Read the scores.json of a cell.

    Raises:
        DataError: missing or broken file, a missing key (files of an earlier layout have no `scores`), an unknown kind
            of task, no values of the main metric, or scores of some languages only.
    """
    scores: dict[str, Any] = read_json(path)
    missing = [key for key in _KEYS if key not in scores]
    if missing:
        raise DataError(path, None, f"no {', '.join(missing)}", f"the keys {', '.join(_KEYS)}", _AGAIN)
    kinds = [kind for kind, facts in KINDS.items() if facts.is_scored]
    if scores["kind"] not in kinds:
        raise DataError(path, None, f"task kind '{scores['kind']}'", f"one of {_listed(kinds)}", _AGAIN)
    metric, languages = scores["metric"], sorted(scores["rows"])
    if not scores["scores"].get(metric):
        raise DataError(path, None, f"no scores by {metric}", "the target's own metric", _AGAIN)
    for name, values in {**scores["scores"], **scores["controls"]}.items():
        if sorted(values) != languages:
            raise DataError(path, None, f"{name} in {_listed(values)}", f"a value in {_listed(languages)}", _AGAIN)
    return scores


def target_metrics(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return what metrics/<target>.json holds: scores by language, the gap, and controls by language.

    The main metric comes first. `gap`, English minus the mean of the others, is there if both are; the
    controls `blind` and `shuffled` are there if the target has pictures.
    """
    own = dict(scores["scores"])
    main = own.pop(scores["metric"])
    metrics = {"data": scores["data"], scores["metric"]: by_language(main)}
    metrics |= {name: by_language(values) for name, values in own.items()}
    mean = zero_shot(main)
    if ENGLISH in main and mean is not None:
        metrics["gap"] = round(main[ENGLISH] - mean, DIGITS)
    return metrics | {name: by_language(scores["controls"][name]) for name in CONTROLS if name in scores["controls"]}


def study_metrics(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return what metrics/cells.json holds of a cell: the same, and accuracies by question type if there are any."""
    metrics = {"metric": scores["metric"], **target_metrics(scores)}
    types = scores.get("types", {}).get("structural")
    return {**metrics, "types": _type_metrics(types)} if types else metrics


def metric_names(cell: Mapping[str, Any]) -> list[str]:
    """The metrics in what `study_metrics` returns, the main one first."""
    return [name for name in cell if name not in ("metric", "data", "gap", "types", *CONTROLS)]


def _type_metrics(types: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Accuracy by question type, in English and as the mean over the other languages that have the type."""
    names = sorted({name for language in types for name in types[language]})
    means = {name: zero_shot({code: own[name] for code, own in types.items() if name in own}) for name in names}
    english = types.get(ENGLISH, {})
    return {
        ENGLISH: {name: round(english[name], DIGITS) for name in names if name in english},
        ZERO_SHOT: {name: round(mean, DIGITS) for name, mean in means.items() if mean is not None},
    }


def zero_shot(values: Mapping[str, float]) -> float | None:
    """Return the unweighted mean over the languages other than English, None if there are none."""
    others = [value for language, value in values.items() if language != ENGLISH]
    return fmean(others) if others else None


def by_language(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values rounded, English first, the others by code, their mean last."""
    codes = sorted(values, key=lambda code: (code != ENGLISH, code))
    ordered = {code: round(values[code], DIGITS) for code in codes}
    mean = zero_shot(values)
    return ordered if mean is None else {**ordered, ZERO_SHOT: round(mean, DIGITS)}


def _listed(languages: Iterable[str]) -> str:
    return ", ".join(languages) or "none"
