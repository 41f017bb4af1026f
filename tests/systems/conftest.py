"""Fixtures of programs, and a scene made by hand."""

from __future__ import annotations

import pytest

from program_fixtures import real_layouts, real_questions, world_kinds, world_lexicon, world_questions, world_scenes
from xstilts.programs.lexicon import Lexicon
from xstilts.programs.scene import Box, Relation, Scene, Thing

__all__ = ["real_layouts", "real_questions", "world_kinds", "world_lexicon", "world_questions", "world_scenes"]


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
