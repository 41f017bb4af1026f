"""Every row answered with labels of its task, by the exact search in the trie of its answer vocabulary."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from xstilts.decoder.model import Asked, Decoder
from xstilts.decoder.rows import Rows, only_task
from xstilts.decoder.trie import Tokens, Trie, best_answers
from xstilts.score.predictions import Answers
from xstilts.train.progress import Progress


def trie_of(decoder: Decoder, rows: Rows) -> Trie:
    """The answer vocabulary of the rows' task."""
    _, entry = only_task(rows.examples.card)
    return Trie(entry["labels"], decoder.tokens, decoder.end)


@torch.no_grad()
def answer_rows(decoder: Decoder, rows: Rows, trie: Trie, size: int, top: int, title: str) -> Answers:
    """The `top` likeliest answers of every row; rows that ask the same are answered once.

    Each probability is the model's own, for the answer and its end token; over the vocabulary they sum to less than 1.

    Args:
        size: questions in a batch.
    """
    first, numbers = rows.distinct()
    best = min(top, len(trie.answers))
    labels, chances = np.full((len(first), best), -1), np.zeros((len(first), best), np.float32)
    place_of = {row: place for place, row in enumerate(first)}
    batches = rows.batches(first, size)
    with Progress(title, len(batches)) as progress:
        done = 0
        for number, batch in enumerate(batches, start=1):
            for row, own in zip(batch, answer(decoder, rows.asked(batch), trie, best), strict=True):
                labels[place_of[row]] = [label for label, _ in own]
                chances[place_of[row]] = [math.exp(log_prob) for _, log_prob in own]
            done += len(batch)
            progress.advance(number, None, done, 0)
    return Answers(labels[numbers], chances[numbers])


def answer(decoder: Decoder, asked: Sequence[Asked], trie: Trie, top: int) -> list[list[tuple[int, float]]]:
    """Index and log-probability of the `top` likeliest answers to some questions."""
    kept: tuple[list[int], dict[str, Tensor]] = ([], {})

    def read(rows: list[int], tails: list[Tokens]) -> Tensor:
        nonlocal kept
        if rows != kept[0]:  # pictures are prepared again only where some questions are done
            kept = rows, decoder.prompts([asked[row] for row in rows])
        return decoder.log_probs(kept[1], tails)

    return best_answers(trie, len(asked), top, read)
