"""Programs to layouts and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from random_layouts import layouts
from xstilts.base.errors import DataError
from xstilts.programs.layout import (
    Layout,
    LayoutError,
    Slot,
    Step,
    fill,
    read_layout,
    slot_types,
    to_semantic,
)

Questions = Mapping[str, Mapping[str, Any]]
LANGUAGES = ("bn", "de", "id", "ko", "pt", "ru", "zh")
DRESS = [
    {"operation": "select", "dependencies": [], "argument": "dress (12)"},
    {"operation": "relate", "dependencies": [0], "argument": "person,wearing,s (7)"},
    {"operation": "query", "dependencies": [1], "argument": "name"},
]


def test_a_program_is_taken_apart() -> None:
    layout = read_layout(DRESS, "dev.json", "201640614")
    assert layout.skeleton == "select[]>relate subject[0]>query name[1]"
    assert layout.slots == (Slot("object", "dress"), Slot("object", "person"), Slot("relation", "wearing"))
    assert layout.structural == "query"
    assert [step.tail for step in layout.steps] == [" (12)", " (7)", ""]
    assert [step.argument for step in layout.steps] == ["dress", "person,wearing,s", "name"]


def test_every_real_program_comes_back_as_it_was(real_questions: Questions, real_layouts: dict[str, Layout]) -> None:
    for key, layout in real_layouts.items():
        assert to_semantic(layout) == real_questions[key]["semantic"], key


def test_the_last_operation_tells_the_structural_type(
    real_questions: Questions, real_layouts: dict[str, Layout]
) -> None:
    for key, layout in real_layouts.items():
        assert layout.structural == real_questions[key]["types"]["structural"], key


def test_every_real_layout_is_its_skeleton_filled(real_layouts: dict[str, Layout]) -> None:
    assert len({layout.skeleton for layout in real_layouts.values()}) == 120
    for key, layout in real_layouts.items():
        assert slot_types(layout.skeleton) == tuple(slot.type for slot in layout.slots), key
        assert fill(layout.skeleton, [slot.value for slot in layout.slots]) == layout, key


def test_real_files_have_one_program_in_every_language(shared_data: Path, real_questions: Questions) -> None:
    for language in LANGUAGES:
        for name in ("dev", "train_48"):
            path = shared_data / f"xgqa/few_shot/{language}/{name}.json"
            for key, entry in json.loads(path.read_text(encoding="utf-8")).items():
                assert entry["semantic"] == real_questions[key]["semantic"], (language, key)


def test_every_program_of_the_embedded_world_comes_back(world_questions: Questions) -> None:
    assert len({entry["types"]["detailed"] for entry in world_questions.values()}) > 10
    for key, entry in world_questions.items():
        layout = read_layout(entry["semantic"], "test.json", key)
        assert to_semantic(layout) == entry["semantic"]
        assert layout.structural == entry["types"]["structural"]


@given(layouts())
def test_any_layout_survives_both_ways(layout: Layout) -> None:
    assert read_layout(to_semantic(layout), "any", "0") == layout
    assert fill(layout.skeleton, [slot.value for slot in layout.slots]) == layout


def test_gold_ids_do_not_make_layouts_differ() -> None:
    other = [{**step, "argument": step["argument"].replace("12", "-")} for step in DRESS]
    assert read_layout(other, "dev.json", "1") == read_layout(DRESS, "dev.json", "1")
    assert to_semantic(read_layout(other, "dev.json", "1")) == other


def _with(number: int, **changes: object) -> list[dict[str, Any]]:
    return [{**step, **changes} if place == number else dict(step) for place, step in enumerate(DRESS)]


@pytest.mark.parametrize(
    ("semantic", "says"),
    [
        (_with(1, operation="relay"), "found operation 'relay' with argument 'person,wearing,s (7)' and 1 input"),
        (_with(1, argument="person,wearing"), "expected 'relate: {object},{relation},s' with 1 input or"),
        (_with(2, argument="colour"), "expected 'query: name' with 1 input or 'query: {category}' with 1 input"),
        (_with(1, dependencies=[0, 0]), "and 2 inputs as step 1"),
        (_with(1, dependencies=[1]), "found inputs 1 of step 1, 'relate subject', expected steps before 1"),
        (_with(2, operation="exist", argument="?", dependencies=[0]), "found step 1, which no later step takes"),
        (DRESS[:2], "found 'relate subject' as the last step, expected one that gives an answer"),
        ([], "found no steps, expected at least one"),
        (["select"], "expected a mapping of operation, argument and dependencies"),
        (_with(1, operation=["relate"]), "expected texts as operation and argument"),
        (_with(1, dependencies="0"), "expected a list of earlier steps' numbers as dependencies"),
        (_with(1, dependencies=[None]), "expected a list of earlier steps' numbers as dependencies"),
        (
            [*DRESS, {"operation": "and", "argument": "", "dependencies": [0, 2]}],
            "found objects and answer as inputs of step 3, 'and', expected truth and truth",
        ),
    ],
)
def test_a_broken_program_is_named_in_a_sentence(semantic: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(DataError) as error:
        read_layout(semantic, Path("few_shot/de/dev.json"), "201640614")
    assert str(error.value).startswith("few_shot/de/dev.json, row 201640614: found ")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("skeleton", "values", "says"),
    [
        ("select[]>exist[0]", [], "found 0 values for 'select[]>exist[0]', expected 1 (object)"),
        ("select[]>exists[0]", ["dog"], "found 'exists[0]' in skeleton"),
        ("select[]>exist[" + "9" * 5000 + "]", ["dog"], "found 'exist[999"),
        ("select[]>exist[0]", ["dog,cat"], "found 'dog,cat' in step 0, 'select', expected a value of type object"),
        ("select[]>query[0]", ["dog", "red"], "found 'red' in step 1, 'query', expected a value of type category"),
    ],
)
def test_a_parser_cannot_fill_a_skeleton_with_anything(skeleton: str, values: list[str], says: str) -> None:
    with pytest.raises(LayoutError) as error:
        fill(skeleton, values)
    assert says in str(error.value)


def test_a_layout_of_an_unknown_form_is_refused() -> None:
    with pytest.raises(LayoutError, match="found form 'find' in step 0, expected one of select"):
        Layout((Step("find", ("dog",)),))
