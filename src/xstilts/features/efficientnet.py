"""EfficientNet-Lite0 in plain torch (Tan and Le 2019; the Lite variant: ReLU6, no squeeze-and-excitation).

The weights come from TensorFlow, hence the padding `SAME`: with stride 2, right and bottom get the extra
pixel. Module names follow the published state dict, so that it loads strictly.
"""

import math
from typing import Self

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

DIM = 1280  # channels of the last feature map
CLASSES = 1000  # ImageNet-1k
EPSILON = 1e-3

# repeats, kernel, stride of the first, expansion, channels in, channels out
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's `SAME` padding: output size = ceil(input size / stride)."""

    def forward(self, input: Tensor) -> Tensor:
        """`[n, in, h, w]` -> `[n, out, ceil(h / stride), ceil(w / stride)]`."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:  # symmetric, and cheaper inside the convolution
            return F.conv2d(input, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        rows, columns = (max((math.ceil(n / stride) - 1) * stride + kernel - n, 0) for n in input.shape[-2:])
        padded = F.pad(input, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return F.conv2d(padded, self.weight, self.bias, stride, 0, 1, self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, EPSILON)


class Block(nn.Module):
    """Inverted residual: expand, filter each channel by itself, project; added to the input if it fits."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.residual = stride == 1 and channels == out
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = SameConv(channels, inner, 1, bias=False)
            self._bn0: nn.Module = _norm(inner)
        self._depthwise_conv = SameConv(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1: nn.Module = _norm(inner)
        self._project_conv = SameConv(inner, out, 1, bias=False)
        self._bn2: nn.Module = _norm(out)

    def forward(self, x: Tensor) -> Tensor:
        """`[n, channels, h, w]` -> `[n, out, h / stride, w / stride]`."""
        inner = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        inner = F.relu6(self._bn1(self._depthwise_conv(inner)))
        projected: Tensor = self._bn2(self._project_conv(inner))
        return x + projected if self.residual else projected

    def fuse(self) -> None:
        """Fold the norms into the convolutions (same function in evaluation, fewer passes over memory)."""
        if self.expands:
            self._expand_conv, self._bn0 = _fold(self._expand_conv, self._bn0)
        self._depthwise_conv, self._bn1 = _fold(self._depthwise_conv, self._bn1)
        self._project_conv, self._bn2 = _fold(self._project_conv, self._bn2)


class EfficientNetLite0(nn.Module):
    """The classifier of ImageNet-1k, 4.7 M parameters, made for 224 x 224 pixels but usable at any size."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, STAGES[0][4], 3, 2, bias=False)
        self._bn0: nn.Module = _norm(STAGES[0][4])
        self._blocks = nn.ModuleList(
            Block(channels if first else out, out, kernel, stride if first else 1, expansion)
            for repeats, kernel, stride, expansion, channels, out in STAGES
            for first in (True, *[False] * (repeats - 1))
        )
        self._conv_head = SameConv(STAGES[-1][5], DIM, 1, bias=False)
        self._bn1: nn.Module = _norm(DIM)
        self._fc = nn.Linear(DIM, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        """The last feature map: `[n, 3, h, w]`, normalised -> `[n, 1280, ceil(h / 32), ceil(w / 32)]`."""
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores `[n, 1000]`."""
        scores: Tensor = self._fc(self.features(x).mean((2, 3)))
        return scores

    def fuse(self) -> Self:
        """Fold every norm into its convolution, for inference; returns the module itself."""
        self._conv_stem, self._bn0 = _fold(self._conv_stem, self._bn0)
        for block in self._blocks:
            block.fuse()  # type: ignore[operator]
        self._conv_head, self._bn1 = _fold(self._conv_head, self._bn1)
        return self


def _fold(convolution: SameConv, norm: nn.Module) -> tuple[SameConv, nn.Module]:
    """A convolution that does what `norm(convolution(x))` did, and nothing after it."""
    if isinstance(norm, nn.Identity):
        return convolution, norm
    assert isinstance(norm, nn.BatchNorm2d)
    return fuse_conv_bn_eval(convolution.eval(), norm.eval()), nn.Identity()
