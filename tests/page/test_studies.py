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
            ["3 seeds", "Answers of seed 0.", "data, means over 3 seeds.", "test items and training runs (3 seeds)"],
            ["test items only"],
        ),
        (
            {"targets": ("xgqa", "xvnli")},
            [
                "2 targets",
                'data-spec="heat-xvnli-1"',
                "Gallery of xvnli",
                "minus squad on xgqa",
                "Comparisons on xvnli",
            ],
            [],
        ),
        ({"pictures": False}, ["No gallery: it has none."], ["Controls", "Question types", "<img"]),
        ({"languages": ("de", "zh")}, ["Zero-shot is the unweighted mean"], ["The gap and pretraining"]),
        ({"languages": ("en", "de")}, ["The gap and pretraining"], ["Rank correlation"]),
        ({"data": "official"}, ["official data"], ["Drawn scenes made by this project"]),
        (
            {},
            ["Drawn scenes made by this project", "one seed", "Licence: CC0."],
            ["Answers of seed", " less ", "cannot tell"],
        ),
    ],
)
def test_any_study_has_a_page(make: Make, options: dict[str, Any], words: list[str], absent: list[str]) -> None:
    page = html(make(**options)).split("<script")[0].replace("\n", " ")
    assert [one for one in words if one not in page] == []
    assert [one for one in absent if one in page.split("</style>")[1]] == []


def test_the_comparison_of_the_mixtures_comes_first(make: Make) -> None:
    material = make()
    (one,) = material.answer["answers"]
    mixed = {**one, "multimodal": "multimodal", "text": "text"}
    content = page_content(Material(**{**vars(material), "answer": {**material.answer, "answers": [one, mixed]}}))
    assert content.answer is not None
    assert content.answer.multimodal == "multimodal"


def test_recipes_are_explained_where_there_are_two_and_nowhere_else(two_recipes: Material, make: Make) -> None:
    page = html(two_recipes).split("<script")[0]
    assert "lora/gqa is gqa trained by the recipe lora; a task without a recipe" in page
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
    row = page[page.index('<th scope="row">squad</th><td>shares data') :].split("</tr>")[0]
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
