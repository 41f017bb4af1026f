"""The visual prefix of photographs: one token per region, and the similarity of texts and images seen alone."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from xstilts.model.photo_prefix import PhotoPrefix
from xstilts.model.visual_prefix import VisualPrefix, make_prefix

DIM, INNER, JOINT, HIDDEN = 6, 5, 4, 8


def alignment() -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    shapes = {"image.0.weight": (INNER, DIM), "image.0.bias": (INNER,), "image.2.weight": (JOINT, INNER)}
    shapes |= {"image.2.bias": (JOINT,), "text.weight": (JOINT, HIDDEN), "text.bias": (JOINT,), "mean": (DIM,)}
    shapes |= {"word.weight": (HIDDEN, JOINT), "word.bias": (HIDDEN,), "centre": (HIDDEN,), "scale": (), "offset": ()}
    return {name: torch.randn(shape, generator=random) for name, shape in shapes.items()} | {"std": torch.ones(DIM) * 2}


def test_the_alignment_decides_which_prefix_reads_pictures() -> None:
    assert isinstance(make_prefix(alignment()), PhotoPrefix)
    names = {f"{part}.{kind}": torch.zeros(HIDDEN, DIM) for part in ("object", "attribute") for kind in ("weight",)}
    names |= {f"{part}.bias": torch.zeros(HIDDEN) for part in ("object", "attribute")}
    names |= {f"word.{word}": torch.zeros(HIDDEN) for word in ("left", "right", "top", "bottom")}
    names |= {"feature.mean": torch.zeros(DIM), "feature.std": torch.ones(DIM)}
    assert isinstance(make_prefix(names), VisualPrefix)


def test_a_region_is_one_token_made_of_what_it_shows() -> None:
    prefix, given = make_prefix(alignment()), alignment()
    features, boxes = torch.randn(2, 3, DIM), torch.rand(2, 3, 7)
    inner = F.gelu((features - given["mean"]) / 2 @ given["image.0.weight"].T + given["image.0.bias"])
    seen = F.normalize(inner @ given["image.2.weight"].T + given["image.2.bias"], dim=-1)
    expected = seen @ given["word.weight"].T + given["word.bias"]
    assert prefix.tokens == 1
    torch.testing.assert_close(prefix(features, boxes), expected)


def test_similarity_is_a_scaled_cosine_of_centred_sentences() -> None:
    prefix, given = make_prefix(alignment()), alignment()
    assert isinstance(prefix, PhotoPrefix)
    sentences, wholes = torch.randn(4, HIDDEN), torch.randn(4, DIM)
    said = F.normalize(sentences - given["centre"], dim=-1) @ given["text.weight"].T + given["text.bias"]
    cosine = F.cosine_similarity(said, prefix.seen(wholes))
    expected = given["scale"].exp() * cosine + given["offset"]
    torch.testing.assert_close(prefix.similarity(sentences, wholes), expected)
