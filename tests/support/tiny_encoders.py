"""Random encoders with the structure of published ones, and how far each is from reading every example as its own.

`python tests/support/tiny_encoders.py` prints the table of docs/reference/encoders.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2] / "src")]

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModel

from tiny_files import TinyFiles
from xstilts.model.batch import Batch
from xstilts.model.encoder import MultimodalEncoder, load_public

# Sizes are tiny; what decides how tokens are read is as published: relative positions, windows (here of 8 tokens, in
# rows of up to 44), types of two texts, embeddings of another width, grouped keys.
ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "XLM-R": ("xlm-roberta", {"type_vocab_size": 1}),
    "mBERT": ("bert", {"type_vocab_size": 2}),
    "mDeBERTa-v3": (
        "deberta-v2",
        {
            "type_vocab_size": 0,
            "relative_attention": True,
            "position_biased_input": False,
            "position_buckets": 8,
            "max_relative_positions": -1,
            "share_att_key": True,
            "pos_att_type": "p2c|c2p",
            "norm_rel_ebd": "layer_norm",
        },
    ),
    "ModernBERT, mmBERT": (
        "modernbert",
        {"num_hidden_layers": 4, "local_attention": 8, "global_attn_every_n_layers": 3},
    ),
    "RemBERT": ("rembert", {"type_vocab_size": 2, "input_embedding_size": 16, "output_embedding_size": 48}),
    "EuroBERT": ("eurobert", {"num_key_value_heads": 1, "head_dim": 16}),
}
READS = ("text", "pair", "picture")
LENGTHS = (9, 1, 14, 4, 11, 2, 7)  # words of each example's text
REGIONS = (2, 7, 0, 5, 3, 6, 1)  # of each example's picture; four tokens each


def public_of(tiny: TinyFiles, name: str) -> Path:
    """The tiny encoder of this name."""
    kind, config = ENCODERS[name]
    return tiny.public(kind, **config)


def encodings(public: Path, reads: str) -> list[Any]:
    """Some texts or pairs of texts, tokenised."""
    tokenizer, random = Tokenizer.from_file(str(public / "encoder" / "tokenizer.json")), np.random.default_rng(0)
    words = [word for word in TinyFiles.WORDS if not word.startswith("<")]
    texts = [" ".join(random.choice(words, count)) for count in LENGTHS]
    if reads == "pair":
        return [tokenizer.encode(*pair) for pair in zip(texts, texts[1:] + texts[:1], strict=True)]
    return [tokenizer.encode(text) for text in texts]


def batch_of(texts: Sequence[Sequence[int]], regions: Sequence[int]) -> Batch:
    """A batch of texts, each with a picture of so many regions."""
    most = max(len(ids) for ids in texts)
    input_ids = torch.tensor([[*ids, *[0] * (most - len(ids))] for ids in texts])
    random = torch.Generator().manual_seed(0)
    vectors, boxes = torch.randn(7, TinyFiles.DIM, generator=random), torch.rand(7, 7, generator=random)
    count = len(texts)
    return Batch(
        task="",
        ids=[str(row) for row in range(count)],
        input_ids=input_ids,
        text_mask=torch.arange(most) < torch.tensor([len(ids) for ids in texts])[:, None],
        features=vectors[: max(regions)].expand(count, -1, -1),
        boxes=boxes[: max(regions)].expand(count, -1, -1),
        region_mask=torch.arange(max(regions)) < torch.tensor(regions)[:, None],
        label=torch.full((count,), -1),
        start=torch.full((count,), -1),
        end=torch.full((count,), -1),
    )


@torch.inference_mode()
def states(encoder: MultimodalEncoder, batch: Batch) -> list[Tensor]:
    """The states of each example's real tokens, text before picture."""
    encoded = encoder(encoder.ready(batch))
    return [hidden[mask] for hidden, mask in zip(encoded.hidden, encoded.mask, strict=True)]


@torch.inference_mode()
def plain_states(public: Path, encodings: Sequence[Any]) -> list[Tensor]:
    """Those of the library's own model, for one text or pair at a time."""
    plain = AutoModel.from_pretrained(public / "encoder", trust_remote_code=False).eval()
    typed = getattr(plain.config, "type_vocab_size", 0) > 1
    found = []
    for one in encodings:
        types = {"token_type_ids": torch.tensor([one.type_ids])} if typed else {}
        found.append(plain(input_ids=torch.tensor([one.ids]), **types).last_hidden_state[0])
    return found


def differences(public: Path, reads: str) -> dict[str, float | None]:
    """The largest difference of a state, of any token, from that of the example read alone, by way of reading it.

    `AutoModel`: by the library's own model (texts only); `batched`: with others, padded; `trimmed`: the same with no
    more word embeddings in memory than the texts need; `packed`: without padding. None: the encoder cannot do that.
    """
    read = encodings(public, reads)
    texts, regions = [one.ids for one in read], REGIONS if reads == "picture" else (0,) * len(read)
    encoder = load_public(public).eval()
    alone = [states(encoder, batch_of([ids], [count]))[0] for ids, count in zip(texts, regions, strict=True)]
    assert torch.cat(alone).std() > 0.1  # more than zeros are compared
    found: dict[str, float | None] = {"AutoModel": None, "packed": None}
    if reads != "picture":
        found["AutoModel"] = farthest(alone, plain_states(public, read))
    together = batch_of(texts, regions)
    found["batched"] = farthest(alone, states(encoder, together))
    encoder.choose_attention("packed", "fp32")
    if encoder.packs:
        found["packed"] = farthest(alone, states(encoder, together))
        encoder.choose_attention("padded", "fp32")
    encoder.keep_rows(np.unique(np.concatenate(texts)))
    found["trimmed"] = farthest(alone, states(encoder, together))
    return found


def farthest(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """The largest absolute difference between two lists of states."""
    return max(float((one - other).abs().max()) for one, other in zip(ours, theirs, strict=True))


def table(root: Path) -> str:
    """All encoders and all that they read, as a table in Markdown."""
    tiny, ways = TinyFiles(root), ("AutoModel", "batched", "trimmed", "packed")
    lines = [f"| encoder | reads | {' | '.join(ways)} |", "|---" * (2 + len(ways)) + "|"]
    for name in ENCODERS:
        for reads in READS:
            found = differences(public_of(tiny, name), reads)
            cells = ["—" if found[way] is None else f"{found[way]:.0e}".removesuffix("e+00") for way in ways]
            lines.append(f"| {name} | {reads} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as root:
        print(table(Path(root)))
