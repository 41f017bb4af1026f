"""Vocabulary trimming: a run keeps only the rows of the word embeddings that its own texts use.

They are most of a multilingual encoder (69 % of XLM-R base), and an English task uses a few thousand of their 250,000
rows. No result changes: texts, labels and messages still use the tokenizer's token ids, and the rows of a checkpoint
replace those of the whole matrix. In training, word embeddings may have no weight decay, or rows that no text uses
would shrink where they are in memory, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.base.errors import ParameterError

ROWS, VALUES = ".rows", ".values"  # how the names of a matrix's two parts in a checkpoint end
MISSING = -1
FILLER = 0  # the id that batches are padded with


class TrimmedEmbedding(nn.Embedding):
    """Some rows of an embedding, looked up by the ids that they have in the whole one.

    Args:
        whole: the embedding that rows are taken from.
        token_ids: int64, the rows to keep; the filler of batches and the padding row are always kept as well.

    Attributes:
        weight: float32 `[kept rows, hidden]`.
        kept: int64 `[kept rows]`, their ids, ascending.
    """

    def __init__(self, whole: nn.Embedding, token_ids: np.ndarray) -> None:
        padding = [] if whole.padding_idx is None else [whole.padding_idx]
        kept = np.unique(np.concatenate([token_ids, [FILLER], padding]).astype(np.int64))
        if kept[0] < 0 or kept[-1] >= whole.num_embeddings:
            found, most = kept[0] if kept[0] < 0 else kept[-1], whole.num_embeddings - 1
            raise ParameterError(f"found token id {found}, expected 0 to {most}; the cache is of another encoder")
        ids = torch.from_numpy(kept)
        places = torch.full((whole.num_embeddings,), MISSING)
        places[ids] = torch.arange(len(ids))
        first = int(places[whole.padding_idx]) if padding else None
        super().__init__(len(ids), whole.embedding_dim, first, _weight=whole.weight.detach()[ids])
        self.places: Tensor
        self.kept: Tensor
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("kept", ids, persistent=False)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Rows `[..., hidden]` of ids `[...]`.

        Raises:
            ParameterError: an id whose row was not kept. An accelerator stops with an error of its own instead, since
                checking would make it wait.
        """
        rows = self.places[token_ids]
        if rows.device.type == "cpu" and not torch.compiler.is_compiling() and bool((rows == MISSING).any()):
            found = int(token_ids[rows == MISSING][0])
            few = f"found token id {found}, expected one of the {len(self.kept)} ids whose embeddings were kept"
            raise ParameterError(f"{few}; open the model for the cache that is read, or with its whole vocabulary")
        return F.embedding(rows, self.weight, self.padding_idx)


def whole_size(words: nn.Embedding) -> int:
    """Rows of an embedding, also of those that are not in memory."""
    return len(words.places) if isinstance(words, TrimmedEmbedding) else words.num_embeddings


def kept_ids(words: nn.Embedding) -> Tensor:
    """The ids of the rows in memory, int64 `[kept rows]`."""
    return words.kept if isinstance(words, TrimmedEmbedding) else torch.arange(words.num_embeddings)


def as_rows(weights: Mapping[str, Tensor], name: str, kept: Tensor, public: Tensor) -> dict[str, Tensor]:
    """The weights of a checkpoint, with word embeddings as the rows that differ from the public ones.

    Args:
        name: of the word embeddings; where the weights have none, nothing is changed.
        kept: int64 `[kept rows]`, the ids of their rows.
        public: the whole public matrix, `[vocabulary, hidden]`.
    """
    found = dict(weights)
    if name in found:
        own, kept = found.pop(name), kept.to("cpu")
        differing = (own != public[kept]).any(dim=1)
        if differing.any():
            found |= {name + ROWS: kept[differing], name + VALUES: own[differing]}
    return found


@torch.no_grad()
def lay_rows(weights: Mapping[str, Tensor], name: str, matrix: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Write a checkpoint's word embeddings into the whole matrix of phase 0.

    Returns:
        The other weights, and the ids of the rows that were changed, int64 `[rows]`.

    Raises:
        ValueError: they are not rows of this matrix; its text is an example.
    """
    others = {one: weight for one, weight in weights.items() if one not in (name, name + ROWS, name + VALUES)}
    rows, values = weights.get(name + ROWS), weights.get(name + VALUES)
    if (whole := weights.get(name)) is not None:
        if whole.shape != matrix.shape:
            raise ValueError(f"{name} {list(whole.shape)}")
        rows = (whole != matrix).any(dim=1).nonzero().flatten()
        values = whole[rows]
    if rows is None and values is None:
        return others, torch.zeros(0, dtype=torch.int64)
    if rows is None or values is None or values.shape != (len(rows), matrix.shape[1]) or rows.dtype != torch.int64:
        raise ValueError(name + VALUES)
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(matrix):
        raise ValueError(f"{name + ROWS} up to {int(rows.max())}")
    matrix[rows] = values
    return others, rows
