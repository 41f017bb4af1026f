"""Every chart shows the numbers of the study's files, and its table the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xstilts.base.parameters import read_yaml
from xstilts.page.content import figures_of, page_content
from xstilts.page.controls import control_differences, control_figure, control_rows
from xstilts.page.differences import heat_figure, twin_rows
from xstilts.page.material import Material
from xstilts.page.pretraining import TABLE, correlation, pretraining_figure, pretraining_rows
from xstilts.page.scores import interval_figure, type_figure, type_rows
from xstilts.page.training import cost_rows, curve_figures, curve_rows
from xstilts.report.numbers import inconclusive, percent, points

Make = Callable[..., Material]


def values(spec: Any) -> list[dict[str, Any]]:
    """Every row that a spec draws."""
    layers = spec.get("layer", [spec])
    return [row for layer in layers for row in layer.get("data", {}).get("values", [])]


def test_the_heat_map_hatches_what_is_inconclusive(make: Make) -> None:
    material = make()
    figure = heat_figure(material, "xgqa")
    assert figure is not None
    layers = figure.panels[0].spec["layer"][2:4]
    hatched = {(row["route"], row["column"]) for layer in layers for row in layer["data"]["values"]}
    expected = {
        (cell["route"], column)
        for cell in material.transfer["cells"]
        for column, own in {**cell["languages"], **{n: cell[n] for n in ("zero_shot", "en", "gap")}}.items()
        if inconclusive(own)
    }
    assert hatched == expected
    said = {(row[0], row[1]) for row in figure.table.rows if row[-1] == "inconclusive"}
    named = {"en": "English", "zero_shot": "zero-shot"}
    assert said == {(route, named.get(column, column)) for route, column in expected}
    assert len(said) > 0


def test_scores_by_type_are_means_over_seeds(make: Make) -> None:
    material = make(seeds=(0, 1))
    types = {"en": {"query": 0.9, "verify": 0.5}, "zero_shot": {"query": 0.1, "verify": 0.5}}
    own = material.cells["xgqa"]
    changed = {"xgqa": {**own, "gqa": [own["gqa"][0], {"types": types}]}}
    rows = type_rows(Material(**{**vars(material), "cells": changed}), "xgqa")
    found = {(row["route"], row["where"], row["type"]): row["score"] for row in rows}
    assert found["gqa", "en", "query"] == pytest.approx(70)
    assert found["gqa", "zero_shot", "query"] == pytest.approx(30)
    assert found["none", "en", "verify"] == pytest.approx(50)
    assert len(found) == 3 * 2 * 2


def test_types_have_a_panel_each(make: Make) -> None:
    figure = type_figure(make(), "xgqa")
    assert figure is not None
    assert [panel.title for panel in figure.panels] == ["query", "verify"]
    assert [row[:2] for row in figure.table.rows][:3] == [["query", route] for route in ("none", "squad", "gqa")]


def test_controls_stand_beside_the_score(make: Make) -> None:
    material = make()
    part = material.study["xgqa"]
    rows = {(row["where"], row["route"], row["what"]): row["score"] for row in control_rows(material, "xgqa")}
    for route in material.routes:
        assert rows["en", route, "seen"] == pytest.approx(100 * part["accuracy"][route]["en"])
        assert rows["zero_shot", route, "blind"] == pytest.approx(100 * part["blind"][route]["zero_shot"])
    assert control_figure(make(pictures=False), "xgqa") is None


def test_scores_without_intervals_say_so_and_lead_to_differences_which_have_them(make: Make) -> None:
    material = make()
    for figure in (type_figure(material, "xgqa"), control_figure(material, "xgqa")):
        assert figure is not None
        assert "These scores have no intervals: see the differences below." in figure.note
    table = control_differences(material, "xgqa")
    assert table is not None
    assert [row[1] for row in table.rows] == ["seen", "blind", "seen minus blind"]
    assert table.rows[0][2:] == ["+5.0", "+2.0 to +8.0", "+4.0", "+1.0 to +7.0"]
    assert table.rows[1][2:] == ["+2.0", "−1.0 to +5.0", "-", "-"]
    alone = make(routes=("none",))
    figure = type_figure(alone, "xgqa")
    assert figure is not None
    assert figure.note == "No intervals."
    assert control_differences(alone, "xgqa") is None


def test_the_gap_is_english_minus_the_language(make: Make) -> None:
    material = make()
    rows = pretraining_rows(material, "xgqa")
    known = read_yaml(TABLE)
    assert {(row["route"], row["language"]) for row in rows} == {(r, c) for r in material.routes for c in ("de", "zh")}
    for row in rows:
        own = material.study["xgqa"]["accuracy"][row["route"]]
        assert row["behind"] == pytest.approx(100 * (own["en"] - own[row["language"]]))
        assert row["text"] == points(own["en"] - own[row["language"]])
        assert [row["gib"], row["script"]] == known[row["language"]]


def test_a_language_without_a_size_is_named(make: Make) -> None:
    figure = pretraining_figure(make(languages=("en", "de", "qu")), "xgqa")
    assert figure is not None
    assert "Not drawn, since no size is known: Quechua." in figure.note


@pytest.mark.parametrize(("behind", "expected"), [([4, 3, 2, 1], -1.0), ([1, 2, 3, 4], 1.0), ([1, 1, 1, 1], None)])
def test_rank_correlation(behind: list[float], expected: float | None) -> None:
    rows = [{"behind": own, "gib": 10**number} for number, own in enumerate(behind)]
    assert correlation(rows) == (None if expected is None else pytest.approx(expected))
    assert correlation(rows[:3]) is None


def test_curves_are_those_of_the_checkpoints(make: Make) -> None:
    material = make(seeds=(0, 1))
    rows = curve_rows(material, "xgqa", "intermediate")
    assert {row["route"] for row in rows} == {"squad", "gqa"}  # nothing was trained for the baseline
    assert [(row["update"], row["dev"]) for row in rows[:2]] == [(150, pytest.approx(60)), (300, pytest.approx(70))]
    assert len(rows) == 2 * 2 * 2
    first, second = curve_figures(material, "xgqa")
    assert [panel.title for panel in first.panels] == ["squad", "gqa"]
    drawn = values(second.panels[0].spec)
    assert {row["route"] for row in drawn} == set(material.routes)  # the others in grey


def test_costs_are_those_of_both_phases(make: Make) -> None:
    rows = list(cost_rows(make(), "xgqa"))
    found = {(row["route"], row["phase"], row["cost"]): row["count"] for row in rows}
    assert found["gqa", "intermediate", "updates"] == found["none", "target", "updates"] == 300
    assert ("none", "intermediate", "updates") not in found


def test_twins_keep_their_intervals(make: Make) -> None:
    (one,) = make().answer["answers"]
    rows = list(twin_rows(one))
    assert {(row["type"], row["where"]) for row in rows} == {
        (t, w) for t in one["types"] for w in ("English", "zero-shot")
    }
    for row in rows:
        own = one["types"][row["type"]]["en" if row["where"] == "English" else "zero_shot"]
        assert [row["low"], row["high"]] == pytest.approx([100 * end for end in own["interval"]])


def test_every_figure_has_a_table_and_words(make: Make) -> None:
    (part,) = page_content(make()).targets
    figures = list(figures_of(part))
    assert len(figures) == 10
    for figure in figures:
        assert figure.table.rows
        assert {len(row) for row in figure.table.rows} == {len(figure.table.head)}
        assert figure.summary
        assert all(values(panel.spec) for panel in figure.panels)
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2, 3, 4)])
def test_scores_stand_with_their_intervals_and_what_these_cover(make: Make, seeds: tuple[int, ...]) -> None:
    material = make(seeds=seeds)
    figure = interval_figure(material, "xgqa")
    assert figure is not None
    assert [panel.title for panel in figure.panels] == ["zero-shot", "English", "gap"]
    part = material.study["xgqa"]
    for panel, name in zip(figure.panels, ("zero_shot", "en", "gap"), strict=True):
        drawn = {row["route"]: row for row in values(panel.spec)}
        assert list(drawn) == list(material.routes)
        for route, row in drawn.items():
            assert row["score"] == pytest.approx(100 * part["accuracy"][route][name])
            assert [row["low"], row["high"]] == pytest.approx([100 * end for end in part["intervals"][route][name]])
    several = len(seeds) > 1
    assert len(figure.table.head) == 1 + 3 * (3 if several else 2)
    assert {len(row) for row in figure.table.rows} == {len(figure.table.head)}
    assert ("sd over seeds" in figure.table.head) == several
    meanings = [mark.meaning for mark in figure.legend]
    assert ("mean over 5 seeds" in meanings) == several
    assert meanings[1].endswith("training runs (5 seeds)" if several else "test items")


def test_a_score_without_an_interval_is_a_dot_alone(make: Make) -> None:
    """An earlier study has none at all, and of a score in one cluster there is none."""
    material = make()
    part = dict(material.study["xgqa"])
    none = {**part["intervals"], "gqa": {**part["intervals"]["gqa"], "en": [None, None]}}
    figure = interval_figure(Material(**{**vars(material), "study": {"xgqa": {**part, "intervals": none}}}), "xgqa")
    assert figure is not None
    assert next(row for row in figure.table.rows if row[0] == "gqa")[4] == "-"
    del part["intervals"]
    assert interval_figure(Material(**{**vars(material), "study": {"xgqa": part}}), "xgqa") is None


def test_charts_show_numbers_as_they_are_written_and_round_none(make: Make) -> None:
    """A chart that formatted a number itself would round 0.2445 to 24.4 where the table says 24.5."""
    material = make()
    part = material.study["xgqa"]
    table = {route: {**row, "en": 0.2445} for route, row in part["accuracy"].items()}
    changed = Material(**{**vars(material), "study": {"xgqa": {**part, "accuracy": table}}})
    layers = [layer for one in page_content(changed).figures for panel in one.panels for layer in panel.spec["layer"]]
    tips = [tip for layer in layers for tip in layer["encoding"].get("tooltip", [])]
    assert tips
    assert [tip for tip in tips if tip["type"] != "nominal" or "format" in tip] == []
    seen = {row["text"] for row in control_rows(changed, "xgqa") if (row["where"], row["what"]) == ("en", "seen")}
    assert seen == {percent(0.2445)} == {"24.5"}


def test_of_two_recipes_each_route_stands_beside_the_baseline_of_its_own(two_recipes: Material) -> None:
    figure = heat_figure(two_recipes, "xgqa")
    assert figure is not None
    assert list(dict.fromkeys((row[0], row[3]) for row in figure.table.rows)) == [
        ("gqa", "none"),
        ("lora/gqa", "lora/none"),
        ("longer/none (control)", "none"),
    ]
    scores = two_recipes.study["xgqa"]["accuracy"]
    row = next(row for row in figure.table.rows if row[:2] == ["lora/gqa", "English"])
    assert [row[2], row[4]] == [percent(scores[route]["en"]) for route in ("lora/gqa", "lora/none")]
    assert "Rows in % are scores of none, lora/none;" in figure.note
