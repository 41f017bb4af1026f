"""Real programs, the embedded world's questions with their gold scenes, and a scene made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.systems.lexicon import Lexicon, collect
from xstilts.systems.programs import Layout, read_layout
from xstilts.systems.scene import Box, Relation, Scene, Thing, from_graph

Questions = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="session")
def real_questions(shared_data: Path) -> Questions:
    """All questions with programs: GQA's test-dev, and the English ones of xGQA's few-shot files."""
    files = [shared_data / f"xgqa/few_shot/en/{name}.json" for name in ("dev", "train_48")]
    files.append(shared_data / "gqa_text/testdev_balanced_questions.json")
    return {key: entry for path in files for key, entry in json.loads(path.read_text(encoding="utf-8")).items()}


@pytest.fixture(scope="session")
def real_layouts(real_questions: Questions) -> dict[str, Layout]:
    """Their layouts."""
    return {key: read_layout(entry["semantic"], "real", key) for key, entry in real_questions.items()}


@pytest.fixture(scope="session")
def world_questions() -> Questions:
    """A part of the embedded world's English test questions, with every family among them."""
    return questions_in("en", World(Path("unused"), share=0.5).questions("xgqa", "test"))


@pytest.fixture(scope="session")
def world_scenes() -> dict[str, Scene]:
    """Their gold scenes."""
    graphs = scene_graphs(World(Path("unused"), share=0.5).scenes("xgqa", "test"))
    return {image: from_graph(image, graph, "scene_graphs.json") for image, graph in graphs.items()}


@pytest.fixture(scope="session")
def world_lexicon() -> Lexicon:
    """What the embedded world's English training questions tell of words."""
    questions = questions_in("en", World(Path("unused")).questions("xgqa", "train"))
    return collect((read_layout(one["semantic"], "train", key), one["answer"]) for key, one in questions.items())


@pytest.fixture(scope="session")
def world_kinds() -> dict[str, str]:
    """The kind of each of its nouns."""
    return {name: noun.kind for name, noun in load_nouns().items()}


@pytest.fixture
def street() -> Scene:
    """A man in a red shirt before a bus, a woman on the right, two dogs below; out of doors."""
    return Scene(
        "street",
        (
            Thing("man", {"man": 0.9}, {"old": 1.0}, Box(0.1, 0.2, 0.3, 0.8)),
            Thing("woman", {"woman": 0.8, "girl": 0.3}, {"young": 0.7}, Box(0.7, 0.3, 0.8, 0.8)),
            Thing("shirt", {"shirt": 1.0}, {"red": 0.8, "blue": 0.2, "cotton": 1.0}, Box(0.1, 0.3, 0.3, 0.5)),
            Thing("bus", {"bus": 1.0}, {"red": 0.9, "metal": 1.0}, Box(0.35, 0.1, 0.65, 0.6)),
            Thing("dog 1", {"dog": 1.0}, {"black": 1.0}, Box(0.3, 0.8, 0.4, 0.9), score=0.9),
            Thing("dog 2", {"dog": 1.0}, {"white": 1.0}, Box(0.9, 0.8, 1.0, 0.9), score=0.7),
        ),
        (Relation("man", "wearing", "shirt"), Relation("man", "in front of", "bus", 0.8)),
        {"outdoors": 1.0, "street": 0.6, "road": 0.3},
    )


@pytest.fixture
def words() -> Lexicon:
    """What the words of the street mean."""
    kinds = {"person": {"man", "woman", "girl"}, "animal": {"dog", "cat"}, "vehicle": {"bus"}}
    categories = {
        "color": {"red", "blue", "black", "white"},
        "material": {"cotton", "metal"},
        "place": {"street", "road"},
        "location": {"indoors", "outdoors"},
    }
    return Lexicon(*({key: frozenset(some) for key, some in table.items()} for table in (kinds, categories)))
