"""The heat map shows what metrics/transfer.json says: the same differences, and hatching where they say nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.report.heat_map import PAPER, STEPS, baseline_name, cells_of, heat_map, heat_map_png, heat_rows, limit_of
from xstilts.report.numbers import inconclusive
from xstilts.report.study import read_cells, study_tables
from xstilts.report.transfer import transfer_matrix

Json = dict[str, Any]


@pytest.fixture
def transfer(files: Json) -> Json:
    return copy.deepcopy(files["transfer"])


@pytest.fixture
def study(files: Json) -> Json:
    return copy.deepcopy(files["study"])


def record(low: float | None, high: float | None, p_holm: float | None = None) -> Json:
    return {"difference": 0.1, "interval": [low, high], "p": 0.01} | ({} if p_holm is None else {"p_holm": p_holm})


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (record(0.01, 0.2), False),
        (record(-0.2, -0.01), False),
        (record(-0.01, 0.2), True),
        (record(0.0, 0.2), True),
        (record(None, None), True),
        (record(0.01, 0.2, p_holm=0.04), False),
        (record(0.01, 0.2, p_holm=0.06), True),  # not significant over all languages together
    ],
)
def test_a_cell_says_nothing_where_its_interval_holds_0_or_holm_does_not_reject(one: Json, expected: bool) -> None:
    assert inconclusive(one) is expected


def test_every_cell_has_the_numbers_of_the_file(transfer: Json, study: Json) -> None:
    rows = {(row["route"], row["column"]): row for row in heat_rows(transfer, study, "xgqa") if "difference" in row}
    count = 0
    for cell in cells_of(transfer, "xgqa"):
        for column, own in {**cell["languages"], **{name: cell[name] for name in ("en", "zero_shot", "gap")}}.items():
            row = rows[cell["route"], column]
            assert row["difference"] == pytest.approx(100 * own["difference"])
            assert [row["low"], row["high"]] == pytest.approx([100 * value for value in own["interval"]])
            assert row["hatched"] is inconclusive(own)
            count += 1
    assert count == len(rows) > 0


def test_the_baseline_comes_first_with_its_scores(transfer: Json, study: Json) -> None:
    rows = heat_rows(transfer, study, "xgqa")
    first = [row for row in rows if "score" in row]
    assert rows[: len(first)] == first
    assert {row["column"]: row["score"] for row in first} == study["xgqa"]["accuracy"]["none"]


def layers(transfer: Json, study: Json, narrow: bool = False) -> list[list[Json]]:
    return [layer["data"]["values"] for layer in heat_map(transfer, study, "xgqa", narrow=narrow).to_dict()["layer"]]


def test_what_is_hatched_is_what_the_file_inconclusive(transfer: Json, study: Json) -> None:
    _, _, hatched, strongly, *_ = layers(transfer, study)
    expected = {(row["route"], row["column"]) for row in heat_rows(transfer, study, "xgqa") if row.get("hatched")}
    assert {(row["route"], row["column"]) for row in [*hatched, *strongly]} == expected
    assert expected


def test_a_strong_colour_has_its_own_ink_and_hatching(transfer: Json, study: Json) -> None:
    cell = cells_of(transfer, "xgqa")[0]
    cell["languages"]["de"] |= {"difference": 0.3, "interval": [-0.1, 0.7]}
    _, _, soft, loud, loud_numbers, *_ = layers(transfer, study)
    assert [(row["route"], row["column"]) for row in loud] == [(cell["route"], "de")]
    assert loud[0] in loud_numbers
    assert loud[0] not in soft


def test_a_control_comes_last_and_is_named_as_one(transfer: Json, study: Json) -> None:
    transfer["cells"][0]["control"] = "shuffled labels"
    routes = [cell["route"] for cell in transfer["cells"]]
    for narrow in (False, True):
        spec = heat_map(transfer, study, "xgqa", narrow=narrow).to_dict()
        names = ["none, in %", *routes[1:], f"{routes[0]} (control)"]
        assert spec["layer"][0]["encoding"]["y"]["sort"] == names
    assert [row["name"] for row in spec["layer"][-1]["data"]["values"]] == names


def test_the_gap_is_not_coloured_as_if_more_were_better(transfer: Json, study: Json) -> None:
    filled, outlined, *_ = layers(transfer, study)
    assert "gap" not in {row["column"] for row in filled}
    assert {row["column"] for row in outlined} == {"gap"}


def test_the_scale_is_symmetric_and_ends_above_the_largest_difference(transfer: Json, study: Json) -> None:
    spec = heat_map(transfer, study, "xgqa").to_dict()
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    rows = heat_rows(transfer, study, "xgqa")
    limit = limit_of(rows)
    assert scale["domain"] == [-limit, limit]
    assert len(scale["range"]) == len(PAPER.steps) == STEPS
    largest = max(abs(row["difference"]) for row in rows if "difference" in row and row["column"] != "gap")
    assert largest <= limit


def test_a_phone_has_the_same_cells(transfer: Json, study: Json) -> None:
    wide, narrow = layers(transfer, study), layers(transfer, study, narrow=True)
    *cells, headings = wide
    assert cells == narrow[: len(cells)]
    assert [row["column"] for row in headings] == [row["column"] for row in narrow[len(cells)]]
    assert [row["route"] for row in narrow[-1]] == ["none", *(cell["route"] for cell in cells_of(transfer, "xgqa"))]


def test_a_target_in_one_language_has_no_gap(transfer: Json, study: Json) -> None:
    for cell in transfer["cells"]:
        cell["languages"] = {}
        del cell["gap"], cell["zero_shot"]
    assert {row["column"] for row in heat_rows(transfer, study, "xgqa")} == {"en"}


def test_a_cell_without_a_difference_is_left_out(transfer: Json, study: Json) -> None:
    cell = cells_of(transfer, "xgqa")[0]
    cell["languages"]["de"] |= {"difference": None, "interval": [None, None]}
    rows = heat_rows(transfer, study, "xgqa")
    assert not [row for row in rows if (row["route"], row["column"]) == (cell["route"], "de")]
    assert heat_map(transfer, study, "xgqa").to_dict()["layer"]


def test_it_is_drawn_as_a_picture(transfer: Json, study: Json) -> None:
    assert heat_map_png(transfer, study, "xgqa", scale=1).startswith(b"\x89PNG")


def test_nothing_to_compare_is_an_error_in_words(transfer: Json, study: Json) -> None:
    with pytest.raises(DataError, match=r"no cells of xgqa.*name none and another route in study\.intermediates"):
        heat_map_png(transfer | {"cells": []}, study, "xgqa")


def test_every_recipe_has_its_baseline_above_it(write_cell: Any, read: Any) -> None:
    routes = ["none", "gqa", "longer/none"]
    for route, more in {"none": 0, "gqa": 0.1, "lora/none": 0.05, "lora/gqa": 0.05, "longer/none": 0.02}.items():
        write_cell("xgqa", route, more=more)
    found = read(["xgqa"], routes, recipes=["plain", "lora"])
    transfer, study = transfer_matrix(found.transfer), study_tables(read_cells(found.study))
    rows = heat_rows(transfer, study, "xgqa")
    names = ["none, in %", "gqa", "lora/none, in %", "lora/gqa", "longer/none (control)"]
    assert list(dict.fromkeys(row["name"] for row in rows)) == names
    assert baseline_name(cells_of(transfer, "xgqa")) == "none by the same recipe (of a control: by plain)"
    headings = heat_map(transfer, study, "xgqa").to_dict()["layer"][-1]["data"]["values"]
    assert {row["name"] for row in headings} == {"none, in %"}
    assert heat_map_png(transfer, study, "xgqa", scale=1)
