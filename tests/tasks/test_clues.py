"""What stands in for a picture: clues line by line, descriptions, and scene graphs told in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.edits import clues_on
from xstilts.tasks.clues import _perceived, joined, perceived_clues, read_clues, read_descriptions

Write = Callable[..., Path]
CLUE = {"image": "n1.jpg", "clue": "a tall man", "box": [0.1, 0, 0.4, 1], "score": 0.9, "source": "captioner"}
QUESTIONS = {
    "1": {"question": "Is he tall?", "imageId": "n1", "answer": "yes"},
    "2": {"question": "Is it?", "imageId": "n2", "answer": "no"},
}
# Of GQA's file: keys and kinds of values are those of train_sceneGraphs.json.
GRAPH = {
    "width": 100,
    "height": 80,
    "location": "outdoors",
    "objects": {
        "7": {
            "name": "man", "x": 60, "y": 0, "w": 30, "h": 30, "attributes": ["tall", "happy"],
            "relations": [{"name": "to the right of", "object": "8"}, {"name": "wearing", "object": "9"}],
        },
        "8": {"name": "man", "x": 5, "y": 40, "w": 20, "h": 40, "attributes": [], "relations": []},
        "9": {"name": "hat", "x": 65, "y": 0, "w": 10, "h": 5, "attributes": ["red"], "relations": []},
    },
}  # fmt: skip
TOLD = (
    "outdoors. man 2: at the bottom left. man 1: tall, happy, at the top right; to the right of man 2, wearing hat. "
    "hat: red, at the top right."
)


def test_the_clues_of_an_image_are_one_text(write: Write) -> None:
    rows = [CLUE, {"image": "n2", "clue": "It rains!"}, {"image": "n1", "clue": " He smiles. "}]
    assert read_clues(write(rows, "clues.jsonl")) == {"n1": "a tall man. He smiles.", "n2": "It rains!"}
    assert joined(["一只狗。", "কুকুর।", "a cat"]) == "一只狗。 কুকুর। a cat."


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"clue": " "}, "an empty clue"),
        ({"clue": None}, "no clue"),
        ({"image": None}, "no image"),
        ({"box": [0, 0, 120, 80]}, "the box [0, 0, 120, 80]"),
        ({"box": [0.4, 0, 0.1, 1]}, "the box [0.4, 0, 0.1, 1]"),
        ({"box": [0, 1]}, "the box [0, 1]"),
        ({"score": 2}, "the score 2"),
        ({"score": "high"}, "the score 'high'"),
    ],
)
def test_a_bad_clue_is_one_error_that_names_the_line(write: Write, change: dict[str, Any], found: str) -> None:
    path = write([CLUE, {**CLUE, **change}], "clues.jsonl")
    with pytest.raises(DataError, match=rf"row 2: found {re.escape(found)}[^\n]*, expected [^\n]*; [^\n]*$"):
        read_clues(path)


def test_a_scene_graph_is_told_from_left_to_right(write: Write) -> None:
    assert read_descriptions(write({"n1": GRAPH, "n2": "A dog."})) == {"n1": TOLD, "n2": "A dog."}


@pytest.mark.parametrize("key", ["width", "objects"])
def test_a_scene_graph_that_lacks_a_key_is_an_error(write: Write, key: str) -> None:
    graph = {name: value for name, value in GRAPH.items() if name != key}
    with pytest.raises(DataError, match=f"row n1: found a scene graph that cannot be read: '{key}'"):
        read_descriptions(write({"n1": graph}))


@pytest.mark.parametrize(
    ("change", "why"), [({"objects": []}, "no attribute 'items'"), ({"width": 0}, "division by zero")]
)
def test_a_scene_graph_of_other_values_is_an_error(write: Write, change: dict[str, Any], why: str) -> None:
    with pytest.raises(DataError, match=f"row n1: found a scene graph that cannot be read: .*{why}"):
        read_descriptions(write({"n1": {**GRAPH, **change}}))


def test_a_relation_to_an_object_that_is_not_there_is_an_error(write: Write) -> None:
    lost = {"7": {**GRAPH["objects"]["7"]}}  # type: ignore[index]
    with pytest.raises(DataError, match="row n1: found a scene graph that cannot be read: '8'"):
        read_descriptions(write({"n1": {**GRAPH, "objects": lost}}))


@pytest.mark.parametrize(
    ("name", "second", "file"),
    [
        ("gqa_clues", [CLUE, {"image": "n2", "clue": "It rains!"}], "clues.jsonl"),
        ("gqa_told", {"n1": "a tall man.", "n2": "It rains!"}, "told.json"),
    ],
)
def test_questions_come_with_what_is_told_of_their_image(
    write: Write, read: Callable[..., Any], name: str, second: Any, file: str
) -> None:
    paths = write(QUESTIONS), write(second, file)
    plain, told = read("vqa", "gqa", paths[0]).examples, read("vqa", name, *paths).examples
    assert [one.description for one in plain] == [None, None]
    assert [one.description for one in told] == ["a tall man.", "It rains!"]
    for one, other in zip(plain, told, strict=True):
        assert (one.id, one.question, one.answer, one.image) == (other.id, other.question, other.answer, other.image)


def test_a_question_about_an_image_of_which_nothing_is_told_is_an_error(write: Write, read: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="row 2: found no description of image 'n2', expected one for the image of"):
        read("vqa", "gqa_clues", write(QUESTIONS), write([CLUE], "clues.jsonl"))


SCENE = {
    "id": "n1",
    "things": [
        {"names": {"owl": 0.2, "cat": 0.7}, "attributes": {"red": 0.9}, "box": [0.6, 0.6, 0.9, 0.9], "score": 1.0},
        {"names": {"dog": 0.9}, "attributes": {"blue": 0.6, "red": 0.4}, "box": [0.05, 0.1, 0.46, 0.5], "score": 0.8},
    ],
}


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("projector", "Top left: dog (large blue card). Bottom right: cat (small red card)."),
        ("detector", "Top left: dog (blue, red). Bottom right: cat (red)."),
    ],
)
def test_what_was_perceived_is_told_row_by_row(write: Write, by: str, told: str) -> None:
    folder = write({"perception": by}, "set/card.json").parent
    write([SCENE, {"id": "n2", "things": []}], "set/scenes.jsonl")
    assert perceived_clues(folder) == {"n1": told, "n2": ""}


def test_a_damaged_scene_is_an_error_that_names_the_line(write: Write) -> None:
    folder = write({"perception": "projector"}, "set/card.json").parent
    write([{"id": "n1", "things": [{"names": {}}]}], "set/scenes.jsonl")
    with pytest.raises(DataError, match="row 1: found a scene in which 'box' is wrong"):
        perceived_clues(folder)


def test_clues_in_the_embedded_world_are_what_its_projector_would_perceive() -> None:
    """The template of perception and that of the scene graphs tell an object in the same words."""
    scenes = World(Path("unused"), share=0.05).scenes("xgqa", "test")
    clues: dict[str, list[str]] = {}
    boxes: dict[str, list[dict[str, Any]]] = {}
    for row, placed in zip(clues_on(scenes), (one for scene in scenes for one in scene.objects), strict=True):
        clues.setdefault(row["image"], []).append(row["clue"])
        thing = {"names": {placed.noun: 1.0}, "attributes": {placed.colour: 1.0}, "box": row["box"]}
        boxes.setdefault(row["image"], []).append(thing)
    assert len(clues) >= 10
    for image, things in boxes.items():
        assert joined(_perceived(things[::-1], on_cards=True)) == joined(clues[image])
