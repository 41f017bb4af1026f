"""The visual prefix of photographs: one token per region, and the space that photographs and sentences share.

Phase 0 trains two maps into one space, of image vectors and of the encoder's sentence vectors (`xstilts.features.
captions`), and a third from there to the word embeddings. So a region's token is a mixture of the words whose sentences
lie near it; and a text that is read alone can be compared with the image itself, as by CLIP (Radford et al. 2021).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.base.cache import BOX

IMAGE = "image."  # how the names of the image's map begin in alignment.safetensors


class PhotoPrefix(nn.Module):
    """Turns region features and boxes into tokens, and compares whole images with texts.

    Args:
        alignment: the tensors of alignment.safetensors.

    Attributes:
        tokens: how many tokens a region has.
    """

    tokens = 1

    def __init__(self, alignment: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.centre: Tensor
        inner, dim = alignment["image.0.weight"].shape
        joint, hidden = alignment["text.weight"].shape
        width = alignment["word.weight"].shape[0]
        for name in ("mean", "std", "centre"):
            self.register_buffer(name, torch.zeros_like(alignment[name]))
        self.image = nn.Sequential(nn.Linear(dim, inner), nn.GELU(), nn.Linear(inner, joint))
        self.text = nn.Linear(hidden, joint)
        self.scale = nn.Parameter(torch.zeros(()))  # logarithm of the cosine's factor
        self.offset = nn.Parameter(torch.zeros(()))
        self.word = nn.Linear(joint, width)
        self.place = nn.Linear(BOX, width)
        self.kind = nn.Parameter(torch.zeros(width))  # says "this is a picture's token"
        nn.init.zeros_(self.place.weight)
        nn.init.zeros_(self.place.bias)
        self.load_state_dict(dict(alignment), strict=False)

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Return `[batch, regions, width]` from `[batch, regions, dim]` and `[batch, regions, 7]`."""
        tokens: Tensor = self.word(self.seen(features)) + self.place(boxes) + self.kind
        return tokens

    def seen(self, features: Tensor) -> Tensor:
        """Image vectors `[..., dim]` in the shared space, `[..., joint]`, of length 1."""
        return F.normalize(self.image((features - self.mean) / self.std), dim=-1)

    def said(self, sentences: Tensor) -> Tensor:
        """Means of the encoder's states over texts read alone, `[..., hidden]`, in the shared space, of length 1."""
        return F.normalize(self.text(F.normalize(sentences - self.centre, dim=-1)), dim=-1)

    def similarity(self, sentences: Tensor, wholes: Tensor) -> Tensor:
        """The logit that each text is said of its image, float32 `[n]`, from `[n, hidden]` and `[n, dim]`."""
        return self.scale.exp() * (self.said(sentences) * self.seen(wholes)).sum(-1) + self.offset
