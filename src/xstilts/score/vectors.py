"""Sentence vectors out of every layer of an encoder: each text is encoded once for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from xstilts.base.threads import workers
from xstilts.model.encoder import Encoded, MultimodalEncoder
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples
from xstilts.train.order import by_length, cut
from xstilts.train.progress import Progress

POOLINGS = ("mean", "cls")  # over all tokens, special ones included; the first token alone
BYTES = 1 << 31  # of vectors held at once; a larger set of texts is encoded again for further layers


def layer_vectors(
    encoder: MultimodalEncoder, examples: Examples, rows: np.ndarray, settings: ScoreSettings, title: str
) -> Iterator[tuple[int, str, np.ndarray]]:
    """Yield layer, pooling and vectors, float32 `[rows, hidden]`, for every layer (0: the embeddings) and pooling."""
    for layers in layer_groups(layer_count(encoder), len(rows) * encoder.hidden):
        vectors = encode_layers(encoder, examples, rows, layers, settings, title)
        for place, layer in enumerate(layers):
            for pooling, own in zip(POOLINGS, vectors[place], strict=True):
                yield layer, pooling, own


def layer_count(encoder: MultimodalEncoder) -> int:
    """How many layers there are to choose from, the embeddings included."""
    return int(encoder.text.config.num_hidden_layers) + 1


def layer_groups(layers: int, numbers: int) -> list[range]:
    """Layers parted so that a part's vectors fit into memory (one layer always does).

    Args:
        numbers: in the vectors of one layer and pooling.
    """
    size = max(1, BYTES // max(1, 4 * numbers * len(POOLINGS)))
    return [range(start, min(start + size, layers)) for start in range(0, layers, size)]


def encode_layers(
    encoder: MultimodalEncoder,
    examples: Examples,
    rows: np.ndarray,
    layers: range,
    settings: ScoreSettings,
    title: str,
) -> np.ndarray:
    """Encode some rows: float32 `[layers, poolings, rows, hidden]`, in the order of `rows`."""
    vectors = np.empty((len(layers), len(POOLINGS), len(rows), encoder.hidden), dtype=np.float32)
    place = np.zeros(len(examples), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    batches = cut(by_length(examples, rows)[::-1], examples, settings.token_budget, settings.batch_size)
    encoder.choose_attention("auto", settings.precision)
    encoder.cast_once(settings.precision)
    device = encoder.text.device

    def encode(batch_rows: np.ndarray) -> int:
        batch = encoder.ready(examples.batch(batch_rows)).to(device)
        bf16 = torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings.precision == "bf16")
        with torch.inference_mode(), bf16:
            encoded = encoder.all_layers(batch)
            vectors[:, :, place[batch_rows]] = np.stack([pooled(encoded[layer]) for layer in layers])
        return int(examples.text_lengths[batch_rows].sum())

    done = tokens = 0
    with workers() as pool, Progress(title, len(batches)) as progress:
        sizes = pool.map(encode, batches) if device.type == "cpu" else map(encode, batches)
        for number, (batch_rows, size) in enumerate(zip(batches, sizes, strict=True), start=1):
            done, tokens = done + len(batch_rows), tokens + size
            progress.advance(number, None, done, tokens)
    return vectors


def pooled(encoded: Encoded) -> np.ndarray:
    """The vectors of a batch by each pooling, float32 `[poolings, batch, hidden]`."""
    return torch.stack([encoded.text_mean(), encoded.hidden[:, 0].float()]).cpu().numpy()
