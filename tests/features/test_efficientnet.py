"""The convolutions of EfficientNet-Lite0: TensorFlow's padding, and folding norms away."""

from __future__ import annotations

import pytest
import torch

from xstilts.features.efficientnet import EfficientNetLite0, SameConv


@pytest.mark.parametrize(
    ("size", "kernel", "before"),
    [(8, 3, 0), (7, 3, 1), (8, 5, 1), (7, 5, 2)],  # TensorFlow pads this many pixels before, the rest after
)
def test_with_stride_two_the_odd_pixel_is_padded_after(size: int, kernel: int, before: int) -> None:
    convolution = SameConv(1, 1, kernel, 2, bias=False)
    convolution.weight.data.zero_()
    convolution.weight.data[0, 0, before, before] = 1  # picks the pixel that the stride stands on
    pixels = torch.arange(float(size * size)).view(1, 1, size, size)
    torch.testing.assert_close(convolution(pixels), pixels[..., ::2, ::2])


@pytest.mark.parametrize("size", [5, 6])
def test_with_stride_one_the_size_stays(size: int) -> None:
    assert SameConv(2, 4, 5, 1)(torch.zeros(1, 2, size, size)).shape == (1, 4, size, size)


def test_folding_twice_is_folding_once() -> None:
    torch.manual_seed(0)
    model, pixels = EfficientNetLite0().eval(), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before, once, twice = model(pixels), model.fuse()(pixels), model.fuse()(pixels)
    torch.testing.assert_close(once, before, atol=1e-4, rtol=1e-3)
    assert torch.equal(once, twice)
