"""The visual prefix of drawings: four tokens per region, all of them starting in the encoder's word space.

The encoder reads a region as `attribute object horizontal vertical`, like a text that says `red dog left top`. The
object stands next to what questions combine it with most. Spatial questions can be learned in few updates because
positions are tokens of their own, rather than added to the content.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xstilts.base.cache import BOX, TOKENS_OF_CUT_OUT
from xstilts.model.photo_prefix import IMAGE, PhotoPrefix

# A region's centre rarely leaves the middle half of an image, so a quarter of it already says "left" in full.
NEAR, FAR = 0.25, 0.75


class VisualPrefix(nn.Module):
    """Turns region features and boxes into tokens.

    Args:
        dim: size of a region's feature vector.
        hidden: size of the encoder's embeddings.

    Attributes:
        tokens: how many tokens a region has.
    """

    tokens = TOKENS_OF_CUT_OUT

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("std", torch.ones(dim))
        self.attribute = nn.Linear(dim, hidden)
        self.object = nn.Linear(dim, hidden)
        self.horizontal = nn.Linear(BOX, hidden)
        self.vertical = nn.Linear(BOX, hidden)
        self.kind = nn.Parameter(torch.zeros(hidden))  # says "this is a picture's token"

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Return `[batch, 4 * regions, hidden]` from `[batch, regions, dim]` and `[batch, regions, 7]`."""
        standardised = (features - self.mean) / self.std
        content = self.attribute(standardised), self.object(standardised)
        tokens = torch.stack([*content, self.horizontal(boxes), self.vertical(boxes)], dim=2)
        return tokens.flatten(1, 2) + self.kind

    @torch.no_grad()
    def align(self, alignment: dict[str, Tensor]) -> None:
        """Start from the closed-form projectors and from the words for the ends of both axes."""
        self.mean.copy_(alignment["feature.mean"])
        self.std.copy_(alignment["feature.std"])
        for name, projector in (("attribute", self.attribute), ("object", self.object)):
            projector.weight.copy_(alignment[f"{name}.weight"])
            projector.bias.copy_(alignment[f"{name}.bias"])
        _interpolate(self.horizontal, (0, 2), alignment["word.left"], alignment["word.right"])
        _interpolate(self.vertical, (1, 3), alignment["word.top"], alignment["word.bottom"])


def _interpolate(axis: nn.Linear, edges: tuple[int, int], low: Tensor, high: Tensor) -> None:
    """Set a linear map so that a centre at `NEAR` gives the word `low` and one at `FAR` the word `high`."""
    slope = (high - low) / (FAR - NEAR)
    axis.weight.zero_()
    for edge in edges:  # the centre is the mean of both edges
        axis.weight[:, edge] = slope / 2
    axis.bias.copy_(low - NEAR * slope)


Prefix = VisualPrefix | PhotoPrefix


def make_prefix(alignment: dict[str, Tensor]) -> Prefix:
    """The visual prefix that phase 0 aligned: with captions of photographs, or with the names of drawn things."""
    if any(name.startswith(IMAGE) for name in alignment):
        return PhotoPrefix(alignment)
    hidden, dim = alignment["object.weight"].shape
    prefix = VisualPrefix(dim, hidden)
    prefix.align(alignment)
    return prefix
