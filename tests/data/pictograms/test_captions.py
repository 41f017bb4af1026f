"""Captions fit only one scene of their split; choices and lines on the same scenes."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.sentences import captions_on

Graphs = dict[str, dict[str, Any]]
SPLITS = [("gqa", "train"), ("gqa", "dev"), ("xgqa", "train"), ("xgqa", "dev"), ("xgqa", "test")]


def facts(caption: str) -> list[dict[str, str]]:
    """What an English caption says, object by object."""
    found = []
    for part in re.split(r"[;,] ", caption.rstrip(".")):
        match = re.fullmatch(
            r"(?:(?P<half>top|bottom) (?P<side>left|right): )?(?:an? )?(?P<name>[a-z]+)"
            r"(?: \(| on a )?(?:(?P<size>small|large) (?P<colour>[a-z]+) card\)?)?",
            part.lower(),
        )
        assert match, part
        found.append({key: value for key, value in match.groupdict().items() if value})
    return found


def fits(said: list[dict[str, str]], graph: dict[str, Any]) -> bool:
    """Whether all that is said is true of a scene graph, of as many things as are named."""
    things = []
    for thing in graph["objects"].values():
        half, side = "top" if thing["y"] + thing["h"] / 2 < 112 else "bottom", None
        side = "left" if thing["x"] + thing["w"] / 2 < 112 else "right"
        colour, size = thing["attributes"]
        things.append({"name": thing["name"], "half": half, "side": side, "colour": colour, "size": size})
    for fact in said:
        match = next((thing for thing in things if fact.items() <= thing.items()), None)
        if match is None:
            return False
        things.remove(match)
    return True


@pytest.mark.parametrize(("dataset", "split"), SPLITS)
def test_a_caption_is_true_of_its_own_scene_alone(world: World, graphs: Graphs, dataset: str, split: str) -> None:
    scenes = world.scenes(dataset, split)
    captions = [caption for own in captions_on(scenes, 0) for caption in own]
    assert len(captions) >= 1.8 * len(scenes)
    assert {caption.style for caption in captions} == {"places", "cards", "full"}
    for caption in captions:
        said = facts(caption.text("en"))
        assert len(said) == len(caption.scene.objects)
        assert [scene.id for scene in scenes if fits(said, graphs[scene.id])] == [caption.scene.id]


def test_a_scene_within_another_has_no_caption_and_vague_styles_are_left_out() -> None:
    car, owl = Placed("car", "red", "small", 0, 20, 20), Placed("owl", "blue", "large", 3, 122, 122)
    blue = Placed("car", "blue", "small", 0, 20, 20)
    within, around = Scene("within", (car,)), Scene("around", (car, owl))
    found = captions_on([within, around, Scene("alike", (blue, owl))], seed=0)
    assert [own[0].scene.id for own in found] == ["around", "alike"]
    assert all(caption.style != "places" for own in found for caption in own)


def test_flickr30k_has_its_captions_in_the_layout_of_the_split_file(twins: Path, world: World) -> None:
    content = json.loads((twins / "flickr30k" / "dataset_flickr30k.json").read_text(encoding="utf-8"))
    numbers = [one["sentid"] for image in content["images"] for one in image["sentences"]]
    assert len(set(numbers)) == len(numbers)
    for name, own in {"train": "train", "val": "dev"}.items():
        shown = {image["filename"] for image in content["images"] if image["split"] == name}
        there = {f"{scene.id}.png" for scene in world.scenes("gqa", own)}
        assert shown <= there
        assert len(shown) >= 0.95 * len(there)


def test_no_scene_is_told_in_two_languages(twins: Path) -> None:
    sizes = []
    for language in LANGUAGES:
        lines = (twins / "mlm" / f"train-{language}.txt").read_text(encoding="utf-8").splitlines()
        assert all(lines)
        sizes.append(len(lines))
    assert len(set(sizes)) == 1
    assert sum(sizes) == 2 * 120


def questions(twins: Path, split: str) -> dict[str, dict[str, Any]]:
    content = json.loads((twins / "visual7w" / "dataset_v7w_telling.json").read_text(encoding="utf-8"))
    images = [image for image in content["images"] if image["split"] == split]
    return {pair["qa_id"]: {**pair, "filename": image["filename"]} for image in images for pair in image["qa_pairs"]}


@pytest.mark.parametrize(("split", "name"), [("train", "train"), ("dev", "val")])
def test_both_tasks_on_choices_have_the_same_questions_and_answers(
    twins: Path, world: World, graphs: Graphs, answers_oracle: ModuleType, split: str, name: str
) -> None:
    pictures = questions(twins, name)
    with (twins / "cosmosqa" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    assert [row["id"] for row in texts] == list(pictures)
    assert len(texts) > 25
    for row in texts:
        twin, answers = pictures[row["id"]], [row[f"answer{number}"] for number in range(4)]
        right = answers.pop(int(row["label"]))
        assert (row["question"], right, answers) == (twin["question"], twin["answer"], twin["multiple_choices"])
        assert len({right, *answers}) == 4
        graph = graphs[twin["filename"].removesuffix(".png")]
        assert answers_oracle.answer(row["question"], graph) == right
    labels = Counter(row["label"] for row in texts)
    assert set(labels) == set("0123")
    assert max(labels.values()) < 0.45 * len(texts)
