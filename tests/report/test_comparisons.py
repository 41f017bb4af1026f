"""stages/comparisons.yaml, what is wrong in it, and what a study has of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from xstilts.base.cells import Study
from xstilts.base.errors import ParameterError
from xstilts.report.comparisons import FILE, REASONS, UNDECLARED, Design, Twins, read_comparisons

TWINS = {"multimodal": "gqa", "text": "squad"}
BLIND = {"control": "blind/gqa", "of": "gqa", "matched": "questions"}


def design(recipes: list[str], tasks: list[str], controls: list[str]) -> Design:
    return Design(Study(recipes, tasks, controls, [0], ["xgqa"]), read_comparisons())


@pytest.fixture
def declare(folder: Path) -> Any:
    """Read a file with these entries."""

    def read(twins: Any = (TWINS,), controls: Any = (), **more: Any) -> Any:
        listed = {"twins": list(twins), "controls": list(controls), **more}
        (folder / "comparisons.yaml").write_text(yaml.safe_dump(listed))
        return read_comparisons(Path("comparisons.yaml"))

    return read


def test_the_shipped_file_is_sound_and_has_every_kind_of_control() -> None:
    declared = read_comparisons()
    assert {one.matched for one in declared.controls} == set(REASONS)
    assert Twins("gqa", "squad", "squad asks the query questions alone") in declared.twins
    assert str(FILE) == "stages/comparisons.yaml"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"twins": [TWINS | {"txt": "mnli"}]}, "yaml: twins, entry 1: unknown key 'txt'. Did you mean 'text'?"),
        ({"twins": [TWINS, {"text": "mnli"}]}, "comparisons.yaml: twins, entry 2: missing multimodal"),
        ({"twins": ["gqa"]}, "comparisons.yaml: twins, entry 1: found 'gqa', expected a mapping"),
        ({"twins": [TWINS | {"text": "sqad"}]}, "twins, entry 1: unknown task 'sqad'. Did you mean 'squad'?"),
        ({"controls": [BLIND | {"matched": "cost"}]}, "controls, entry 1: matched is 'cost', expected one of exp"),
        ({"controls": [BLIND | {"control": "blnd/gqa"}]}, "entry 1: unknown recipe 'blnd'. Did you mean 'blind'?"),
        ({"controls": [BLIND, BLIND | {"of": "longer/gka"}]}, "controls, entry 2: unknown task 'gka'"),
        ({"controls": [BLIND | {"against": "squad"}]}, "controls, entry 1: unknown key 'against'"),
        ({"controls": [BLIND | {"control": "gqa"}]}, "controls, entry 1: 'gqa' is named as its own control"),
        ({"twins": [TWINS | {"primary": "xqga"}]}, "twins, entry 1: unknown task 'xqga'. Did you mean 'xgqa'?"),
        ({"twins": [TWINS | {"primary": "xgqa"}] * 2}, "yaml: twins: 2 are primary, expected one"),
        ({"pairs": []}, "comparisons.yaml: unknown key 'pairs'. Valid: controls, twins."),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_and_entry(declare: Any, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        declare(**entries)


def test_a_file_without_a_list_is_named(folder: Path) -> None:
    (folder / "comparisons.yaml").write_text("twins: []\n")
    with pytest.raises(ParameterError, match=r"comparisons\.yaml: missing controls"):
        read_comparisons(Path("comparisons.yaml"))


def test_the_baseline_is_none_by_the_same_recipe_and_of_a_control_by_plain() -> None:
    routes = ["longer/none", "shuffled_labels/gqa", "lora/mnli"]
    found = design(["plain", "lora"], ["none", "gqa"], routes)
    assert found.routes == ["none", "gqa", "lora/none", "lora/gqa", *routes]
    baselines = {route: found.baseline_of(route) for route in found.routes}
    assert baselines == {
        "none": "none", "gqa": "none", "lora/none": "lora/none", "lora/gqa": "lora/none",
        "longer/none": "none", "shuffled_labels/gqa": "none", "lora/mnli": "none",
    }  # fmt: skip
    assert found.compared == ["gqa", "lora/gqa", *routes]
    assert [found.control_of(route) for route in routes] == ["equal exposure", "shuffled labels", UNDECLARED]
    assert found.recipes_compared == [("lora/none", "none"), ("lora/gqa", "gqa")]


def test_a_control_within_the_study_is_one_all_the_same() -> None:
    """`longer` is a recipe of the study: its none is the baseline of its routes, and the control of plain ones."""
    found = design(["plain", "longer"], ["none", "gqa"], [])
    assert found.compared == ["gqa", "longer/none", "longer/gqa"]
    assert (found.baseline_of("longer/gqa"), found.baseline_of("longer/none")) == ("longer/none", "none")
    assert [found.control_of(route) for route in found.compared] == ["", "equal exposure", ""]
    assert [(one.of, one.control) for one in found.controls("exposure")] == [("gqa", "longer/none")]


def test_pairs_are_made_for_each_recipe() -> None:
    unlike = "squad asks the query questions alone"
    assert design(["plain", "lora"], ["none", "squad", "gqa"], ["longer/none"]).pairs() == [
        Twins("gqa", "squad", unlike),
        Twins("lora/gqa", "lora/squad", unlike),
    ]
