"""Scenes: within bounds, apart from one another, and never shared between splits."""

from __future__ import annotations

from itertools import combinations

import pytest

from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.scene import CANVAS, SCENES, Placed, Scene, scenes_of


@pytest.fixture(scope="module")
def world() -> dict[tuple[str, str], list[Scene]]:
    return {split: scenes_of(*split, seed=0) for split in SCENES}


def test_splits_have_their_sizes_and_share_neither_ids_nor_scenes(
    world: dict[tuple[str, str], list[Scene]],
) -> None:
    assert {split: len(scenes) for split, scenes in world.items()} == dict(SCENES)
    for what in ("id", "signature"):
        seen = [getattr(scene, what) for scenes in world.values() for scene in scenes]
        assert len(set(seen)) == len(seen)


def test_splits_stay_apart_under_different_seeds() -> None:
    train = {scene.signature for seed in range(3) for scene in scenes_of("gqa", "train", seed)}
    test = {scene.signature for seed in range(3) for scene in scenes_of("xgqa", "test", seed)}
    assert not train & test


def test_cards_lie_on_the_canvas_four_pixels_apart(world: dict[tuple[str, str], list[Scene]]) -> None:
    def gap(one: Placed, other: Placed) -> int:
        across = max(one.x - other.x - other.edge, other.x - one.x - one.edge)
        down = max(one.y - other.y - other.edge, other.y - one.y - one.edge)
        return max(across, down)

    for scenes in world.values():
        for scene in scenes:
            assert 2 <= len(scene.objects) <= 4
            for placed in scene.objects:
                assert min(placed.x, placed.y) >= 2
                assert max(placed.x, placed.y) + placed.edge <= CANVAS - 2
            assert all(gap(*pair) >= 4 for pair in combinations(scene.objects, 2))


def test_every_noun_occurs_in_training_scenes(world: dict[tuple[str, str], list[Scene]]) -> None:
    for dataset in ("gqa", "xgqa"):
        shown = {placed.noun for scene in world[dataset, "train"] for placed in scene.objects}
        assert shown == set(load_nouns())


def test_a_share_is_a_prefix_of_at_least_four_scenes() -> None:
    whole = scenes_of("gqa", "dev", seed=3)
    assert scenes_of("gqa", "dev", seed=3, share=0.1) == whole[:15]
    assert scenes_of("gqa", "dev", seed=3, share=0.001) == whole[:4]


def test_the_seed_decides() -> None:
    assert scenes_of("gqa", "dev", seed=1, share=0.1) != scenes_of("gqa", "dev", seed=2, share=0.1)
