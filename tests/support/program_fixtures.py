"""Fixtures of several packages: real programs, and the embedded world's questions with their gold scenes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.programs.layout import Layout, read_layout
from xstilts.programs.lexicon import Lexicon, collect
from xstilts.programs.scene import Scene, from_graph

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
