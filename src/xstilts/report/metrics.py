"""Metrics of one cell (route, seed, target): what `metrics/*.json` keeps in git of a scores.json.

All values are fractions in 0..1, rounded to `DIGITS`; English comes first, then the other languages by code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from xstilts.cache import read_json
from xstilts.errors import DataError

ENGLISH = "en"
ZERO_SHOT = "zero_shot"  # unweighted mean over the languages other than English
DIGITS = 4
_KEYS = ("target", "route", "seed", "metric", "data", "accuracy", "blind", "types")
_AGAIN = "run `dvc repro` to score the cell again"


def read_scores(path: Path) -> dict[str, Any]:
    """Read the scores.json of a cell.

    Raises:
        DataError: missing or broken file, a missing key, or languages without English and one other.
    """
    scores: dict[str, Any] = read_json(path)
    missing = [key for key in _KEYS if key not in scores]
    if missing:
        raise DataError(path, None, f"no {', '.join(missing)}", f"the keys {', '.join(_KEYS)}", _AGAIN)
    for key in ("accuracy", "blind"):
        languages = scores[key]
        if ENGLISH not in languages or len(languages) < 2:
            found = ", ".join(languages) or "none"
            raise DataError(path, None, f"{key} in {found}", "English and another language", _AGAIN)
    return scores


def target_metrics(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return what metrics/<target>.json holds: accuracy and blind control by language, and the gap."""
    accuracy = scores["accuracy"]
    return {
        "data": scores["data"],
        "accuracy": by_language(accuracy),
        "gap": round(accuracy[ENGLISH] - zero_shot(accuracy), DIGITS),
        "blind": by_language(scores["blind"]),
    }


def study_metrics(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a cell of metrics/study holds: the same, and accuracies by question type."""
    types = scores["types"].get("structural", {})
    others = [language for language in types if language != ENGLISH]
    names = sorted({name for language in types for name in types[language]})
    zero_shot_types = {
        name: round(fmean(values), DIGITS)
        for name in names
        if (values := [types[language][name] for language in others if name in types[language]])
    }
    english = types.get(ENGLISH, {})
    return {
        "metric": scores["metric"],
        **target_metrics(scores),
        "types": {
            ENGLISH: {name: round(english[name], DIGITS) for name in names if name in english},
            ZERO_SHOT: zero_shot_types,
        },
    }


def zero_shot(values: Mapping[str, float]) -> float:
    """Return the unweighted mean over the languages other than English."""
    return fmean(value for language, value in values.items() if language != ENGLISH)


def by_language(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values rounded, English first, the others by code, their mean last."""
    ordered = sorted(values, key=lambda language: (language != ENGLISH, language))
    return {language: round(values[language], DIGITS) for language in ordered} | {
        ZERO_SHOT: round(zero_shot(values), DIGITS)
    }
