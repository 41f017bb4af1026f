"""The visual prefix: four tokens a region, which start in word space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from xstilts.base.cache import TOKENS_OF_CUT_OUT
from xstilts.features.align import Alignment, fit
from xstilts.model.encoder import load_public
from xstilts.model.visual_prefix import VisualPrefix

ATTRIBUTE, OBJECT, HORIZONTAL, VERTICAL = range(4)


@pytest.fixture(scope="module")
def prefix(public: Path) -> VisualPrefix:
    return load_public(public).prefix.eval()


@pytest.fixture(scope="module")
def alignment(public: Path) -> dict[str, Tensor]:
    return load_file(public / "alignment.safetensors")


def box(x: float, y: float, width: float = 0.2, height: float = 0.1) -> list[float]:
    """The seven numbers of a box, given its centre."""
    left, top = x - width / 2, y - height / 2
    return [left, top, left + width, top + height, width, height, width * height]


@torch.inference_mode()
def tokens(prefix: VisualPrefix, features: Tensor, boxes: list[list[float]]) -> Tensor:
    """The tokens of one image, `[regions, 4, hidden]`."""
    return prefix(features[None], torch.tensor(boxes)[None])[0].unflatten(0, (len(boxes), TOKENS_OF_CUT_OUT))


@pytest.mark.parametrize(
    ("centre", "horizontal", "vertical"),
    [((0.25, 0.25), "left", "top"), ((0.75, 0.75), "right", "bottom"), ((0.25, 0.75), "left", "bottom")],
)
@pytest.mark.parametrize("size", [(0.2, 0.1), (0.5, 0.4)])
def test_the_ends_of_both_axes_are_the_words(
    centre: tuple[float, float],
    size: tuple[float, float],
    horizontal: str,
    vertical: str,
    prefix: VisualPrefix,
    alignment: dict[str, Tensor],
) -> None:
    (found,) = tokens(prefix, torch.zeros(1, prefix.mean.numel()), [box(*centre, *size)])
    torch.testing.assert_close(found[HORIZONTAL], alignment[f"word.{horizontal}"], atol=1e-5, rtol=0)
    torch.testing.assert_close(found[VERTICAL], alignment[f"word.{vertical}"], atol=1e-5, rtol=0)


def test_the_middle_lies_between_the_words(prefix: VisualPrefix, alignment: dict[str, Tensor]) -> None:
    (found,) = tokens(prefix, torch.zeros(1, prefix.mean.numel()), [box(0.5, 0.5)])
    between = (alignment["word.left"] + alignment["word.right"]) / 2
    torch.testing.assert_close(found[HORIZONTAL], between, atol=1e-5, rtol=0)


def test_content_is_the_closed_form(prefix: VisualPrefix, alignment: dict[str, Tensor]) -> None:
    features = torch.randn(3, prefix.mean.numel(), generator=torch.Generator().manual_seed(0))
    found = tokens(prefix, features, [box(0.3, 0.6)] * 3)
    known = {name: tensor.double().numpy() for name, tensor in alignment.items()}
    standardised = (features.double().numpy() - known["feature.mean"]) / known["feature.std"]
    for place, name in ((ATTRIBUTE, "attribute"), (OBJECT, "object")):
        expected = standardised @ known[f"{name}.weight"].T + known[f"{name}.bias"]
        np.testing.assert_allclose(found[:, place].numpy(), expected, atol=1e-5)


class Words:
    """Word anchors, for `Alignment.save`."""

    def phrase(self, text: str) -> Tensor:
        return torch.full((4,), float(len(text)))


def test_it_gives_what_the_alignment_was_fitted_to_give(tmp_path: Path) -> None:
    """Both halves read the same file: `features.align` writes it, the prefix starts from it."""
    random = torch.Generator().manual_seed(0)
    features = 3 + 2 * torch.randn(50, 6, generator=random)
    fitted: Alignment = fit(features, torch.randn(50, 8, generator=random), strength=0.1)
    words: Any = Words()
    fitted.save(tmp_path / "alignment.safetensors", words)
    prefix = VisualPrefix(6, 4)
    prefix.align(load_file(tmp_path / "alignment.safetensors"))
    found = tokens(prefix, features[:5], [box(0.5, 0.5)] * 5)
    expected = torch.cat([found[:, OBJECT], found[:, ATTRIBUTE]], dim=1)  # the order of its columns
    torch.testing.assert_close(fitted.project(features[:5]), expected, atol=1e-5, rtol=0)


def test_regions_keep_their_order_and_the_kind_is_on_every_token(prefix: VisualPrefix) -> None:
    features = torch.randn(3, prefix.mean.numel(), generator=torch.Generator().manual_seed(0))
    boxes = [box(0.2, 0.2), box(0.8, 0.3), box(0.5, 0.9)]
    before = tokens(prefix, features, boxes)
    torch.testing.assert_close(tokens(prefix, features.flip(0), boxes[::-1]), before.flip(0))
    alone = torch.cat([tokens(prefix, features[i : i + 1], boxes[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(alone, before)
    marked = VisualPrefix(prefix.mean.numel(), before.shape[-1])
    marked.load_state_dict(prefix.state_dict() | {"kind": torch.ones(before.shape[-1])})
    torch.testing.assert_close(tokens(marked, features, boxes), before + 1)
