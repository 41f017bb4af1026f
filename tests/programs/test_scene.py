"""Scenes: from gold graphs, to files and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from random_layouts import scenes
from xstilts.base.errors import DataError
from xstilts.programs.scene import WHOLE, Box, Relation, Scene, from_graph, read_scenes, write_scenes

GRAPH: dict[str, Any] = {
    "width": 200,
    "height": 100,
    "weather": "sunny",
    "objects": {
        "7": {
            "name": "dog",
            "x": 20,
            "y": 50,
            "w": 40,
            "h": 30,
            "attributes": ["black"],
            "relations": [{"name": "near", "object": "9"}],
        },
        "9": {"name": "cat", "x": 0, "y": 0, "w": 200, "h": 100, "attributes": [], "relations": []},
    },
}


def test_a_gold_graph_is_a_scene_with_certain_facts() -> None:
    scene = from_graph("picture", GRAPH, "scene_graphs.json")
    dog, cat = scene.things
    assert (dog.id, dog.names, dog.attributes, dog.score) == ("7", {"dog": 1.0}, {"black": 1.0}, 1.0)
    assert dog.box.as_list() == pytest.approx([0.1, 0.5, 0.3, 0.8])
    assert cat.box == WHOLE
    assert scene.relations == (Relation("7", "near", "9"),)
    assert scene.whole.attributes == {"sunny": 1.0}


def test_a_box_has_a_middle_and_sides() -> None:
    box = Box(0.1, 0.5, 0.3, 0.9)
    assert box.centre == pytest.approx((0.2, 0.7))
    assert (box.width, box.height) == pytest.approx((0.2, 0.4))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": None}, "scene_graphs.json, row picture: found a scene graph that cannot be read"),
        ({"width": 0}, "row picture: found a scene graph that cannot be read: division by zero"),
        (
            {"objects": []},
            "row picture: found a scene graph that cannot be read: 'list' object has no attribute 'items'",
        ),
        ({"objects": {"7": GRAPH["objects"]["7"]}}, "row picture: found a relation to object 9, expected one of 7"),
        (
            {"objects": {"7": {"name": "dog"}}},
            "found a scene graph that cannot be read: 'x', expected width, height, and objects",
        ),
    ],
)
def test_a_broken_graph_is_named_in_a_sentence(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as error:
        from_graph("picture", {**GRAPH, **change}, "scene_graphs.json")
    assert says in str(error.value)


@given(scenes())
def test_a_scene_survives_a_file(scene: Scene) -> None:
    assert Scene.from_json(json.loads(json.dumps(scene.to_json()))) == scene


def test_a_card_without_the_hash_is_named(tmp_path: Path) -> None:
    write_scenes(tmp_path / "made", [], {"perception": "gold"})
    assert read_scenes(tmp_path / "made") == {}
    (tmp_path / "made" / "card.json").write_text('{"name": "made", "sha2|6": "a08e"}')
    with pytest.raises(DataError, match=r"card\.json: found no sha256, expected a JSON object with sha256; run `dvc"):
        read_scenes(tmp_path / "made")
