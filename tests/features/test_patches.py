"""Regions of photographs: one pass of any image model, its own map as a grid, boxes where the cells really lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf

from xstilts.base.errors import DataError
from xstilts.features.patches import cell_corners, look
from xstilts.features.preprocess import WHOLE, open_preprocessor, plain_preprocessor
from xstilts.features.vision import load_vision

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
TOWER = SMALL | {"image_size": 32, "patch_size": 8}
SQUARE = {"height": 32, "width": 32}
CROPPED = {"size": {"shortest_edge": 40}, "crop_size": SQUARE}
# model, image processor, tokens that stand before the patches
MODELS = {
    "vit": lambda: (hf.ViTModel(hf.ViTConfig(**TOWER)), hf.ViTImageProcessorPil(size=SQUARE), 1),
    "clip": lambda: (
        hf.CLIPModel(hf.CLIPConfig(text_config=SMALL | {"vocab_size": 50}, vision_config=TOWER, projection_dim=8)),
        hf.CLIPImageProcessorPil(**CROPPED),
        1,
    ),
    "siglip2": lambda: (
        hf.SiglipModel(hf.SiglipConfig(text_config=SMALL | {"vocab_size": 50}, vision_config=TOWER)),
        hf.SiglipImageProcessorPil(size=SQUARE),
        0,
    ),
    "dinov2": lambda: (
        hf.Dinov2WithRegistersModel(hf.Dinov2WithRegistersConfig(**TOWER | {"image_size": 64}, num_register_tokens=4)),
        hf.BitImageProcessorPil(**CROPPED),
        5,
    ),
    "convnext": lambda: (
        hf.ConvNextModel(hf.ConvNextConfig(hidden_sizes=[4, 8, 16], depths=[1, 1, 1], num_stages=3, patch_size=2)),
        hf.ConvNextImageProcessorPil(size={"shortest_edge": 32}),
        0,
    ),
    "swin": lambda: (
        hf.SwinModel(
            hf.SwinConfig(embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=2, patch_size=4, image_size=32)
        ),
        hf.ViTImageProcessorPil(size=SQUARE),
        0,
    ),
}


@pytest.fixture(params=MODELS)
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, torch.nn.Module, int]:
    torch.manual_seed(0)
    model, processor, first = MODELS[request.param]()
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    return tmp_path, model.eval(), first


def photographs(*sizes: tuple[int, int]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (height, width, 3)).astype(np.uint8) for height, width in sizes]


def test_there_are_models() -> None:
    assert len(MODELS) == 6


def test_the_map_and_the_vector_are_the_models_own(saved: tuple[Path, torch.nn.Module, int]) -> None:
    """Class and register tokens are no patches; what the model pools is its pooled output."""
    path, model, first = saved
    encoder = load_vision(path)
    pixels = torch.from_numpy(encoder.preprocessor(photographs((48, 64))[0], "own")[0])[None]
    seen, whole = encoder.look(pixels)
    with torch.inference_mode():
        output = getattr(model, "vision_model", model)(pixel_values=pixels)
    states = output.last_hidden_state
    expected = states if states.ndim == 4 else states[:, first:].transpose(1, 2).unflatten(2, (4, 4))
    assert seen.shape == (1, 16, 4, 4)
    torch.testing.assert_close(seen, expected)
    torch.testing.assert_close(whole, output.pooler_output.flatten(1))


def test_own_pixels_are_the_processors(saved: tuple[Path, torch.nn.Module, int]) -> None:
    path, _, _ = saved
    processor = hf.AutoImageProcessor.from_pretrained(path, backend="pil")
    image = photographs((48, 64))[0]
    pixels, view = open_preprocessor(path)(image, "own")
    np.testing.assert_array_equal(pixels, processor(image, return_tensors="np")["pixel_values"][0])
    np.testing.assert_allclose(view[:2], 1 - np.array(view[2:]))


def test_photographs_of_any_shape_become_regions(saved: tuple[Path, torch.nn.Module, int]) -> None:
    boxes, vectors = look(photographs((48, 64), (20, 20), (90, 30)), load_vision(saved[0]), 4, "letterbox")
    assert [len(own) for own in boxes] == [1 + 16, 1 + 16, 1 + 8]  # the narrow one fills the middle columns
    assert vectors.shape == (sum(map(len, boxes)), 16)
    for own in boxes:
        np.testing.assert_array_equal(own[0], [0, 0, 1, 1, 1, 1, 1])
        assert (own[:, :2] < own[:, 2:4]).all()
        assert ((own >= 0) & (own <= 1)).all()


def test_a_large_map_is_averaged() -> None:
    encoder = Map()
    _, vectors = look(photographs((32, 32)), encoder, 2, "letterbox")
    np.testing.assert_allclose(vectors[1:, 0], [2.5, 4.5, 10.5, 12.5])


class Map:
    """An image model whose map counts its cells, whatever it is shown."""

    dim = 1

    def __init__(self) -> None:
        self.preprocessor = plain_preprocessor(32, [127.0] * 3, [128.0] * 3)

    def embed(self, crops: torch.Tensor) -> torch.Tensor:
        return crops.float().mean((1, 2, 3))[:, None]

    def look(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        cells = torch.arange(16.0).view(1, 1, 4, 4).expand(len(pixels), 1, 4, 4)
        return cells, cells.mean((2, 3))


def test_a_letterboxed_photograph_keeps_its_proportions() -> None:
    """Twice as wide as high: the upper and the lower quarter of the square are ground, and no regions."""
    image = np.zeros((50, 100, 3), np.uint8)
    pixels, view = plain_preprocessor(32, [127.0] * 3, [128.0] * 3)(image, "letterbox")
    assert view == (0.0, -0.5, 1.0, 1.5)
    assert np.abs(pixels[:, :8]).max() < 0.01
    assert (pixels[:, 8:24] < -0.9).all()
    corners, inside = cell_corners(4, 4, view)
    assert inside.reshape(4, 4).sum(1).tolist() == [0, 4, 4, 0]
    np.testing.assert_allclose(corners[0], [0, 0, 0.25, 0.5])


def test_cells_of_a_square_tile_it() -> None:
    corners, inside = cell_corners(2, 2, WHOLE)
    assert inside.all()
    np.testing.assert_allclose(corners, [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]])


def test_a_crop_shows_the_middle(tmp_path: Path) -> None:
    hf.CLIPImageProcessorPil(**CROPPED).save_pretrained(tmp_path)
    _, view = open_preprocessor(tmp_path)(np.zeros((80, 160, 3), np.uint8), "own")
    np.testing.assert_allclose(view, [0.3, 0.1, 0.7, 0.9])


def test_naflex_is_refused_in_a_sentence(tmp_path: Path) -> None:
    hf.Siglip2ImageProcessorPil().save_pretrained(tmp_path)
    with pytest.raises(DataError, match=r"whose images have a size of their own \(NaFlex\)"):
        open_preprocessor(tmp_path)


def test_a_model_without_its_preprocessor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"preprocessor_config\.json: found no such file"):
        open_preprocessor(tmp_path)
