"""The study as it is printed: every target readable at 120 columns."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from xstilts.report.table import print_study

LANGUAGES = (
    "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur vi zh"
)


def printed(study: dict[str, Any]) -> str:
    out = io.StringIO()
    print_study(study, Console(file=out, width=120))
    assert max(len(line) for line in out.getvalue().splitlines()) <= 120
    assert "…" not in out.getvalue()
    return out.getvalue()


def cells_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def part(metric: str, routes: dict[str, dict[str, float]], **more: Any) -> dict[str, Any]:
    return {"data": "pictograms", "metric": metric, "seeds": 1, metric: routes, **more}


def test_a_target_with_pictures() -> None:
    rows = {"none": {"en": 0.5, "de": 0.25, "zero_shot": 0.25, "gap": 0.25}}
    blind = {"none": {"en": 0.25, "de": 0.2, "zero_shot": 0.2}}
    types = {"none": {"query": 0.8, "verify": 0.5}}
    text = printed({"xgqa": part("accuracy", rows, blind=blind, shuffled=blind, types=types)})
    assert "xgqa: accuracy in %, pictograms data, one seed" in text
    assert ["route", "en", "de", "zero-shot", "gap", "blind", "en", "blind", "zero-shot"] in cells_of(text)
    assert ["none", "50.0", "25.0", "25.0", "25.0", "25.0", "20.0"] in cells_of(text)
    assert ["none", "80.0", "50.0"] in cells_of(text)  # query, verify
    assert " ".join(text.split()).count("in %") == 2  # one table by language, one by type


def test_the_eight_languages_of_xgqa_fit() -> None:
    row = dict.fromkeys("en bn de id ko pt ru zh zero_shot gap".split(), 1.0)
    blind = {"multimodal": {language: 1.0 for language in row if language != "gap"}}
    text = printed({"xgqa": part("accuracy", {"multimodal": row}, blind=blind)})
    assert ["multimodal", *["100.0"] * 12] in cells_of(text)  # however wide the numbers


def test_a_table_a_metric_and_no_controls() -> None:
    scores = {"none": {"en": 0.8, "de": 0.6, "zero_shot": 0.6, "gap": 0.2}}
    exact = {"none": {"en": 0.5, "de": 0.3, "zero_shot": 0.3}}
    text = printed({"xquad": part("f1", scores, exact_match=exact)})
    assert "xquad: f1 in %" in text
    assert ["none", "80.0", "60.0", "60.0", "20.0"] in cells_of(text)
    assert "xquad: exact_match in %" in text
    assert ["none", "50.0", "30.0", "30.0"] in cells_of(text)
    assert "blind" not in text


def test_many_languages_are_folded() -> None:
    """English (where there is any), the mean, and the ends of the range; the rest is in the file."""
    row = {language: 0.3 + i / 100 for i, language in enumerate(LANGUAGES.split())}
    tatoeba = part("accuracy", {"none": {**row, "zero_shot": 0.475}, "gqa": {**row, "zh": 0.01, "zero_shot": 0.4}})
    text = printed({"tatoeba": tatoeba})
    assert "tatoeba: accuracy in %, pictograms data, one seed, 36 languages" in " ".join(text.split())
    assert ["route", "zero-shot", "lowest", "highest"] in cells_of(text)
    assert ["none", "47.5", "af", "30.0", "zh", "65.0"] in cells_of(text)
    assert ["gqa", "40.0", "zh", "1.0", "vi", "64.0"] in cells_of(text)
    panx = part("f1", {"none": {"en": 0.9, **row, "zero_shot": 0.475, "gap": 0.425}})
    text = printed({"panx": panx})
    assert ["route", "en", "zero-shot", "gap", "lowest", "highest"] in cells_of(text)
    assert ["none", "90.0", "47.5", "42.5", "af", "30.0", "zh", "65.0"] in cells_of(text)


def test_targets_of_different_kinds_follow_one_another() -> None:
    row = {"none": {"de": 0.5, "zero_shot": 0.5}}
    text = printed({"tatoeba": part("accuracy", row), "bucc2018": part("f1", row)})
    assert text.index("tatoeba: accuracy") < text.index("bucc2018: f1")
