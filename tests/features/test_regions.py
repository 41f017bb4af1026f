"""Regions found in the pixels of images whose boxes are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from xstilts.features.regions import canvas_colour, components, merge, propose, reading_order

CANVAS = (244, 244, 240)


def draw(boxes: list[tuple[int, int, int, int]], width: int = 200, height: int = 100) -> np.ndarray:
    """A plain canvas with coloured rectangles; right and bottom edges are exclusive."""
    image = Image.new("RGB", (width, height), CANVAS)
    for left, top, right, bottom in boxes:
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill=(229, 57, 53))
    return np.array(image)


def test_boxes_are_exact_and_relative_to_the_image() -> None:
    found = propose(draw([(20, 10, 60, 50)]))
    np.testing.assert_allclose(found, [[0.1, 0.1, 0.3, 0.5, 0.2, 0.4, 0.08]], atol=1e-6)
    assert found.dtype == np.float32


def test_boxes_come_in_reading_order() -> None:
    top = [(10, 12, 40, 42), (60, 5, 90, 35), (120, 10, 150, 40)]
    bottom = [(15, 62, 45, 92), (110, 55, 140, 85)]
    found = propose(draw([*bottom, *reversed(top)]))
    expected = [left / 200 for left, *_ in (*top, *bottom)]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)


def test_noise_on_the_canvas_is_not_a_region() -> None:
    pixels = draw([(20, 10, 60, 50)]).astype(int)
    pixels += np.random.default_rng(0).integers(-4, 5, pixels.shape)
    found = propose(np.clip(pixels, 0, 255).astype(np.uint8))
    np.testing.assert_allclose(found[:, :4], [[0.1, 0.1, 0.3, 0.5]], atol=1e-6)


def test_specks_are_dropped_and_parts_inside_an_object_are_merged() -> None:
    pixels = draw([(20, 10, 80, 70), (150, 80, 152, 82)])
    pixels[20:60, 30:70] = CANVAS  # a hole in the object ...
    pixels[30:50, 40:60] = (30, 136, 229)  # ... with something in it
    found = propose(pixels)
    np.testing.assert_allclose(found[:, :4], [[0.1, 0.1, 0.4, 0.7]], atol=1e-6)


def test_only_the_largest_are_kept() -> None:
    boxes = [(10 * i, 10, 10 * i + 4 + i % 3, 20) for i in range(1, 18)]
    found = propose(draw(boxes), limit=5)
    assert len(found) == 5
    np.testing.assert_allclose(found[:, 4] * 200, 6, atol=1e-4)


def test_a_plain_canvas_without_objects_falls_back_to_the_grid() -> None:
    assert len(components(draw([]))) == 0
    assert len(propose(draw([]))) == 10


def test_a_photograph_falls_back_to_the_grid() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    assert canvas_colour(pixels)[1] < 0.5
    found = propose(pixels)
    assert len(found) == 10
    assert [0, 0, 1, 1, 1, 1, 1] in found.tolist()
    np.testing.assert_allclose(np.sort(found[:, 6])[:9].sum(), 1, atol=1e-5)


def test_an_object_that_fills_the_image_falls_back_to_the_grid() -> None:
    assert len(propose(draw([(1, 1, 199, 99)]))) == 10


def test_a_grid_can_be_asked_for() -> None:
    assert len(propose(draw([(20, 10, 60, 50)]), proposals="grid")) == 10
    assert len(propose(np.zeros((1, 1, 3), np.uint8), proposals="grid")) >= 1


def test_boxes_that_grow_by_merging_reach_further_ones() -> None:
    chain = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [9, 0, 16, 10]])
    np.testing.assert_array_equal(merge(chain), [[0, 0, 16, 10]])
    np.testing.assert_array_equal(merge(chain[:0]), chain[:0])


@settings(max_examples=40)
@given(st.permutations(range(4)), st.lists(st.integers(-7, 7), min_size=8, max_size=8))
def test_the_order_of_a_two_by_two_scene_survives_jitter(order: list[int], jitter: list[int]) -> None:
    slots = [(10 + 50 * (slot % 2) + jitter[slot], 10 + 50 * (slot // 2) + jitter[slot + 4]) for slot in range(4)]
    corners = np.array([[x, y, x + 30, y + 30] for x, y in slots])
    np.testing.assert_array_equal(reading_order(corners[order]), corners)


@pytest.mark.parametrize("kind", ["components", "grid"])
def test_an_image_has_at_least_one_region_inside_it(kind: str) -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        pixels = random.integers(0, 256, (*random.integers(1, 40, 2), 3)).astype(np.uint8)
        found = propose(pixels, proposals=kind)  # type: ignore[arg-type]
        assert len(found) >= 1
        assert found.min() >= 0
        assert found.max() <= 1
        assert (found[:, 4:] > 0).all()
