"""Whatever the study, there is a page, and it says what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xstilts.page.content import page_content
from xstilts.page.material import Material
from xstilts.page.render import render

Make = Callable[..., Material]


def html(material: Material) -> str:
    return render(page_content(material))


def test_one_route_has_nothing_to_compare(make: Make) -> None:
    page = html(make(routes=("none",)))
    assert "Nothing to compare:" in page
    assert "add one to study.intermediates" in page
    assert "No answer yet" in page
    assert "add gqa to study.intermediates" in page
    assert "data-spec" in page  # types, controls and curves are shown all the same


def test_a_study_without_the_baseline_says_what_to_add(make: Make) -> None:
    material = make()
    transfer = {**material.transfer, "cells": [], "missing": "add none to study.intermediates"}
    page = html(Material(**{**vars(material), "transfer": transfer}))
    assert "Nothing to compare:</strong> add none to study.intermediates." in page


@pytest.mark.parametrize(
    ("options", "words", "absent"),
    [
        (
            {"seeds": (0, 1, 2)},
            [
                "3 seeds",
                "(seed 0) and in how many of 3 runs",
                "data, means over 3 seeds.",
                "test items and training runs (3 seeds)",
            ],
            ["test items only"],
        ),
        (
            {"targets": ("xgqa", "xvnli")},
            [
                "2 targets",
                'data-spec="heat-xvnli-1"',
                "Error atlas of xvnli",
                "gqa minus none, zero-shot on xgqa",
                "Comparisons on xvnli",
            ],
            [],
        ),
        ({"pictures": False}, ["No error atlas of xgqa: it has none."], ["Controls", "Question types", "<img"]),
        ({"languages": ("de", "zh")}, ["Zero-shot is the unweighted mean"], ["The gap and pretraining"]),
        ({"languages": ("en", "de")}, ["The gap and pretraining"], ["Rank correlation"]),
        ({"data": "official"}, ["official data"], ["Drawn scenes made by this project"]),
        (
            {},
            ["Drawn scenes made by this project", "one seed", "Licence: CC0."],
            ["runs it was right", " less ", "cannot tell"],
        ),
    ],
)
def test_any_study_has_a_page(make: Make, options: dict[str, Any], words: list[str], absent: list[str]) -> None:
    page = html(make(**options)).split("<script")[0].replace("\n", " ")
    assert [one for one in words if one not in page] == []
    assert [one for one in absent if one in page.split("</style>")[1]] == []


@pytest.mark.parametrize(("seeds", "advice"), [((0,), "One run: no verdict"), ((0, 1, 2), "Use gqa")])
def test_the_best_task_and_every_seed_come_first(make: Make, seeds: tuple[int, ...], advice: str) -> None:
    material = make(seeds=seeds)
    cells = [dict(cell) for cell in material.transfer["cells"]]
    if len(seeds) == 1:
        cells = [cell | {"zero_shot": cell["zero_shot"] | {"p": None}} for cell in cells]
    content = page_content(Material(**{**vars(material), "transfer": {**material.transfer, "cells": cells}}))
    assert content.best is not None
    assert (content.best.advice, content.best.what) == (advice, "gqa minus none")
    assert content.best.kind == ("one run" if len(seeds) == 1 else "better")
    figure = content.targets[0].best
    assert figure is not None
    assert figure.table.rows[0][:3] == ["gqa", "none", "+4.0"]
    assert figure.table.rows[0][4].count("+4.0") == len(seeds)
    drawn = [layer for layer in figure.panels[0].spec["layer"] if layer["mark"].get("fill") == "var(--ghost)"]
    assert [len(layer["data"]["values"]) for layer in drawn] == ([] if len(seeds) == 1 else [2 * len(seeds)])


def test_a_gain_is_told_at_equal_exposure_and_the_protocols_comparison_beside_it(make: Make) -> None:
    material = make(seeds=(0, 1), routes=("none", "squad", "gqa", "longer/none"), controls=("longer/none",))
    exposed = {
        "target": "xgqa", "route": "gqa", "control": "longer/none", "verdict": "inconclusive", "matching": "exposure",
        "matched": ["exposure"], "sentence": "", "details": [], "languages": {},
        "zero_shot": {"difference": 0.01, "interval": [-0.02, 0.04], "p": 0.5, "detectable": 0.04},
    }  # fmt: skip
    (one,) = material.answer["answers"]
    answer = {**material.answer, "exposure": [exposed], "answers": [{**one, "primary": True}]}
    best = page_content(Material(**{**vars(material), "answer": answer})).best
    assert best is not None
    assert (best.advice, best.kind) == ("Inconclusive", "inconclusive")
    assert "At equal exposure, gqa minus longer/none" in best.lines[0]
    assert "+1.0 points (−2.0 to +4.0), inconclusive." in best.lines[0]
    assert best.lines[-1].startswith("The comparison named in advance: longer/none minus squad, +5.0 points")


def test_claims_that_cannot_be_tested_are_a_number(make: Make) -> None:
    material = make()
    (claim,) = material.claims["claims"]
    untested = {**claim, "name": "x", "claim": "Nobody knows.", "judgement": "not testable"}
    page = html(Material(**{**vars(material), "claims": {**material.claims, "claims": [claim, untested]}}))
    assert "Nobody knows." not in page
    assert "1 more need targets or tasks that this study does not have" in page.replace("\n", " ")
    none = html(Material(**{**vars(material), "claims": {**material.claims, "claims": [untested]}}))
    assert 'id="claims"' not in none
    assert "this study has the targets and tasks for none of the 1" in none


def test_where_the_numbers_come_from_stands_on_the_page(make: Make) -> None:
    origin = {"encoder": "e5", "version": "9.9", "revisions": ["abc1234"], "date": "2026-11-29"}
    page = html(Material(**{**vars(make()), "origin": origin | {"repository": "https://example.org/x"}}))
    for words in ("encoder e5", "scored at abc1234 of 2026-11-29", "xstilts 9.9", 'href="https://example.org/x"'):
        assert words in page


def test_recipes_are_explained_where_there_are_two_and_nowhere_else(two_recipes: Material, make: Make) -> None:
    page = html(two_recipes).split("<script")[0]
    assert "lora/gqa is gqa by the recipe lora." in page
    assert "The same intermediate task by another recipe" in page
    assert 'aria-label="Recipes on xgqa, in points"' in page
    alone = html(make()).split("</style>")[1].split("<script")[0]
    assert "recipe" not in alone.lower()
    assert "plain" not in alone


def test_shared_data_are_marked(make: Make) -> None:
    material = make()
    cells = [dict(cell) for cell in material.transfer["cells"]]
    cells[0] |= {"shared_data": "shared", "shared": ["12% of the test split's image in gqa"], "in_averages": False}
    page = html(Material(**{**vars(material), "transfer": {**material.transfer, "cells": cells}}))
    row = page[
        page.index('<th scope="row" role="rowheader">squad</th><td role="cell" data-label="found">shares data') :
    ].split("</tr>")[0]
    assert "12% of the test split&#39;s image in gqa" in row
    assert "left out of the averages" in row


def test_shuffled_labels_stand_with_the_controls(make: Make) -> None:
    material = make(pictures=False)
    said = [
        {"target": "xgqa", "sentence": "shuffled_labels/gqa GAINS <b>much</b>."},
        {"target": "other", "sentence": "No."},
    ]
    page = html(Material(**{**vars(material), "answer": {**material.answer, "shuffled_labels": said}}))
    section = page[page.index('id="controls-of-xgqa"') :].split("</section>")[0]
    assert "<li>shuffled_labels/gqa GAINS &lt;b&gt;much&lt;/b&gt;.</li>" in section
    assert "<li>No.</li>" not in page
    assert 'href="#controls-of-xgqa"' in page
