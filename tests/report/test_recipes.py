"""A study of two recipes: what each changes, paired; and a study of one, in which nothing tells of recipes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from xstilts.base.files import read_json
from xstilts.report.answer import answers
from xstilts.report.metrics_files import print_files, study_files, write_files
from xstilts.report.review import differences
from xstilts.report.summary import print_summary
from xstilts.report.transfer import transfer_matrix, transfer_rows

ROUTES = ["none", "squad", "gqa", "longer/none"]
GAINS = {"none": 0.0, "squad": -0.05, "gqa": 0.1, "longer/none": 0.02}
LORA = {"lora/none": 0.1, "lora/squad": 0.05, "lora/gqa": 0.15}


@pytest.fixture
def two(write_cell: Any, read: Any) -> Any:
    """LoRA adds ten points to none and squad, and five to gqa."""
    for route, more in (GAINS | LORA).items():
        write_cell("xgqa", route, more=more, english=0.1)
    return read(["xgqa"], ROUTES, recipes=["plain", "lora"])


def test_the_baseline_of_a_route_is_none_by_its_recipe(two: Any) -> None:
    content = transfer_matrix(two.transfer)
    cells = {cell["route"]: cell for cell in content["cells"]}
    assert {route: cell["baseline"] for route, cell in cells.items()} == {
        "squad": "none", "gqa": "none", "lora/squad": "lora/none", "lora/gqa": "lora/none", "longer/none": "none",
    }  # fmt: skip
    found = two.paired.difference("lora/gqa", "lora/none", two.paired.zero_shot("xgqa"))
    assert cells["lora/gqa"]["zero_shot"]["difference"] == pytest.approx(found.value, abs=1e-4)
    assert cells["lora/gqa"]["zero_shot"]["difference"] < cells["gqa"]["zero_shot"]["difference"]
    assert {one["route"]: one["baseline"] for one in content["averages"]} == {
        "squad": "none", "gqa": "none", "lora/squad": "lora/none", "lora/gqa": "lora/none",
    }  # fmt: skip
    assert {row["route"] for row in transfer_rows(content)} == set(cells)


def test_each_recipe_minus_the_first_on_the_same_task(two: Any) -> None:
    recipes = transfer_matrix(two.transfer)["recipes"]
    assert [(one["task"], one["route"], one["baseline"]) for one in recipes] == [
        ("none", "lora/none", "none"), ("squad", "lora/squad", "squad"), ("gqa", "lora/gqa", "gqa"),
    ]  # fmt: skip
    for one, planted in zip(recipes, (0.1, 0.1, 0.05), strict=True):
        assert {"en", "zero_shot", "gap", "languages", "data", "metric", "examples", "clusters"} <= set(one)
        assert one["zero_shot"]["difference"] == pytest.approx(planted, abs=0.03)
        assert one["zero_shot"]["interval"][0] > 0
        assert all(own["p_holm"] >= own["p"] for own in one["languages"].values())
    assert [one["zero_shot"]["detectable"] for one in recipes] != []


def test_the_answer_is_given_for_each_recipe(two: Any) -> None:
    found = answers(two.paired, two.design)["answers"]
    assert [(one["multimodal"], one["text"]) for one in found] == [("gqa", "squad"), ("lora/gqa", "lora/squad")]
    assert list(found[1]["against_none"]) == ["lora/gqa", "lora/squad"]
    assert found[1]["sentence"].startswith("On xgqa, lora/gqa (multimodal) does better than lora/squad")


def printed(found: Any) -> str:
    console = Console(file=io.StringIO(), width=120)
    print_summary(transfer_matrix(found.transfer), answers(found.paired, found.design), console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 120
    assert "…" not in text
    return text


def test_recipes_are_printed_beside_one_another(two: Any) -> None:
    text = printed(two)
    assert "xgqa: accuracy minus that of none by the same recipe (of a control: by plain) in points" in text
    assert "xgqa: accuracy by each recipe minus that by plain in points, pictograms data" in text
    assert [line.split()[:2] for line in text.splitlines() if " lora " in line] == [
        ["none", "lora"], ["squad", "lora"], ["gqa", "lora"],
    ]  # fmt: skip


def test_a_review_comment_has_the_recipes_too(two: Any) -> None:
    titles, tables = (differences({"transfer": transfer_matrix(two.transfer)})[half::2] for half in (0, 1))
    assert titles[0].startswith("xgqa minus none by the same recipe (of a control: by plain), in points")
    assert titles[1].startswith("xgqa, each recipe minus plain, in points")
    assert [line.split("|")[1].strip() for line in tables[1].splitlines()[2:]] == [
        "lora/none",
        "lora/squad",
        "lora/gqa",
    ]


def test_the_longest_names_and_numbers_fit() -> None:
    own = {"difference": -0.1885, "interval": [-0.2171, -0.1599], "p": 0.0, "detectable": 0.1203}
    cell = {
        "target": "xgqa",
        "route": "shuffled_labels/squad",
        "control": "trained blind",
        "baseline": "none",
    }
    cell |= {"metric": "accuracy", "data": "pictograms", "shared_data": "not checked", "zero_shot": own, "en": own}
    console = Console(file=io.StringIO(), width=120)
    transfer = {"cells": [cell], "intervals": "95 %", "covers": "test items"}
    print_summary(transfer, {"answers": [], "missing": []}, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    assert "shuffled_labels/squad (control)" in text
    assert text.count("−21.7 to −16.0") == 2
    assert "…" not in text


def test_with_one_recipe_nothing_tells_of_recipes(write_cell: Any, read: Any) -> None:
    for route, more in GAINS.items():
        write_cell("xgqa", route, more=more)
    found = read(["xgqa"], ROUTES[:3])
    found.write_leaks()
    files = study_files(found.study)
    assert "recipe" not in json.dumps(files).lower()
    assert "plain" not in json.dumps(files)
    assert "recipe" not in printed(found)


def test_what_git_keeps_of_a_study(two: Any, capsys: pytest.CaptureFixture[str]) -> None:
    two.write_leaks()
    files = study_files(two.study)
    write_files(files)
    for name in ("study", "answer", "transfer", "claims", "cells", "plots/transfer"):
        assert read_json(two.folder / f"metrics/{name}.json") == json.loads(json.dumps(files[name]))
    assert set(files) == {"study", "answer", "transfer", "claims", "cells", "items", "plots/transfer"}
    routes = ["none", "squad", "gqa", "lora/none", "lora/squad", "lora/gqa", "longer/none"]
    assert list(files["cells"]["xgqa"]) == list(files["study"]["xgqa"]["accuracy"]) == routes
    print_files(files)
    assert "by each recipe minus that by plain" in capsys.readouterr().out


def test_what_a_control_shares_with_a_target_is_that_of_its_task(two: Any, read: Any) -> None:
    two.write_leaks()
    shared = {cell["route"]: cell["shared_data"] for cell in study_files(two.study)["transfer"]["cells"]}
    assert shared == dict.fromkeys(["squad", "gqa", "lora/squad", "lora/gqa", "longer/none"], "none")
