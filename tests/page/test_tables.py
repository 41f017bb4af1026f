"""Tables and words beside the figures: comparisons, averages over targets, shared data, controls, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xstilts.base.kinds import KINDS
from xstilts.page.differences import heat_figure
from xstilts.page.figure import METRICS, metric_name
from xstilts.page.material import Material
from xstilts.page.tables import averages, comparisons, leaks, recipes
from xstilts.report.summary import NO_RETRIEVAL

from .conftest import TOOK

Make = Callable[..., Material]


def changed(material: Material, **parts: Any) -> Material:
    return Material(**{**vars(material), **parts})


def test_averages_are_shown_with_and_without_retrieval(make: Make) -> None:
    material = make(targets=("xgqa", "tatoeba"))
    found = [dict(one) for one in material.transfer["averages"]]
    for one in found:
        if one["over"] == "without retrieval":
            one |= {"targets": ["xgqa"], "left_out": ["xnli: 12% of its text"], "not_checked": ["xgqa"]}
    (own,) = averages(changed(material, transfer={**material.transfer, "averages": found}))
    assert own.data == "pictograms"
    assert [row[:2] for row in own.table.rows] == [
        [route, over] for route in ("squad", "gqa") for over in ("all targets", "without retrieval")
    ]
    with_all, without = own.table.rows[:2]
    assert with_all[2:] == ["+3.0", "0.0 to +6.0", "0.020", "xgqa, tatoeba", "-"]
    assert without[5:] == ["xgqa (not checked)", "xnli: 12% of its text"]


def test_a_study_without_retrieval_says_so_once(make: Make) -> None:
    (own,) = averages(make())
    assert [row[1] for row in own.table.rows] == [NO_RETRIEVAL] * 2


def test_published_and_embedded_data_share_no_table(make: Make) -> None:
    material = make()
    more = [{**one, "data": "official"} for one in material.transfer["averages"]]
    both = changed(material, transfer={**material.transfer, "averages": [*more, *material.transfer["averages"]]})
    assert [one.data for one in averages(both)] == ["official", "pictograms"]


def test_a_control_is_named_as_one_and_left_out_for_that(make: Make) -> None:
    material = make(routes=("none", "shuffled_labels/gqa", "gqa"), controls=("shuffled_labels/gqa",))
    cells = [dict(cell) for cell in material.transfer["cells"]]
    cells[0] |= {"control": "shuffled labels", "in_averages": False}
    cells[1] |= {"shared_data": "shared", "shared": ["9% of images"], "in_averages": False}
    table = leaks(cells)
    assert table is not None
    control, shared = table.rows
    assert control[0] == "shuffled_labels/gqa (control)"
    assert control[3] == "left out of the averages (control: shuffled labels)"
    assert shared == ["gqa", "shares data", "9% of images", "left out of the averages"]
    figure = heat_figure(changed(material, transfer={**material.transfer, "cells": cells}), "xgqa")
    assert figure is not None
    assert "shuffled_labels/gqa (shuffled labels)" in figure.note
    assert list(dict.fromkeys(row[0] for row in figure.table.rows)) == ["gqa", "shuffled_labels/gqa (control)"]


def test_every_comparison_stands_in_one_table(make: Make) -> None:
    material = make()
    (one,) = material.answer["answers"]
    mixed = {**one, "multimodal": "multimodal", "text": "text"}
    found = comparisons(changed(material, answer={**material.answer, "answers": [one, mixed]}), "xgqa")
    assert found is not None
    assert [row[:2] for row in found.table.rows] == [["multimodal", "text"], ["gqa", "squad"]]
    assert found.table.rows[0][2:4] == ["+5.0", "+2.0 to +8.0"]
    assert [row[6:] for row in found.table.rows] == [["better", "facts, tokens"], ["better", "facts, tokens"]]
    assert {len(row) for row in found.table.rows} == {len(found.table.head)}
    assert len(found.sentences) == 2
    assert all(one.endswith(TOOK) for one in found.sentences)


def test_a_route_stands_beside_its_control_of_equal_exposure(two_recipes: Material) -> None:
    found = comparisons(two_recipes, "xgqa")
    assert found is not None
    *_, last = found.table.rows
    assert last == [
        *("gqa", "longer/none", "+1.0", "−2.0 to +4.0", "+2.0", "−1.0 to +5.0"),
        *("inconclusive", "exposure"),
    ]
    assert found.sentences[-1] == f"On xgqa gqa against longer/none: inconclusive. {TOOK}"


def test_two_recipes_are_compared_on_the_same_intermediate_task(two_recipes: Material, make: Make) -> None:
    found = recipes(two_recipes, "xgqa")
    assert found is not None
    assert [row[:2] for row in found.rows] == [["lora/none", "none"], ["lora/gqa", "gqa"]]
    assert found.rows[0][2:8] == ["+2.0", "−1.0 to +5.0", "−5.0", "−8.0 to −2.0", "−7.0", "−10.0 to −4.0"]
    assert found.rows[0][8] == "better in German; worse in Chinese"
    assert recipes(make(), "xgqa") is None


def test_every_metric_of_a_task_has_a_name() -> None:
    metrics = {metric for kind in KINDS.values() for metric in kind.metrics}
    assert metrics
    assert metrics == set(METRICS)  # that none lacks is said at import; here, that none is left over
    assert metric_name("pos_f1", first=True) == "F1 of parts of speech"
    assert metric_name("accuracy", first=True) == "Accuracy"
