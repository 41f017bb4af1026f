"""The search in the trie against scoring every answer, on random probabilities."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xstilts.base.errors import XstiltsError
from xstilts.decoder.trie import Tokens, Trie, best_answers

END, LETTERS = 4, "abcd"
words = st.lists(st.text(LETTERS, min_size=1, max_size=4), min_size=1, max_size=12, unique=True)


def tokens(word: str) -> list[int]:
    return [LETTERS.index(letter) for letter in word]


class Said(dict[Tokens, torch.Tensor]):
    """Log-probabilities behind every beginning."""

    def __init__(self, seed: int, sharpness: float) -> None:
        self.seed, self.sharpness, self.read = seed, sharpness, 0

    def __missing__(self, key: Tokens) -> torch.Tensor:
        random = np.random.default_rng([self.seed, len(key), *key])
        self[key] = torch.log_softmax(torch.tensor(random.normal(size=5) * self.sharpness), -1).float()
        return self[key]

    def rows(self, rows: list[int], tails: list[Tokens]) -> torch.Tensor:
        self.read += len(rows)
        longest = max(map(len, tails))
        behind = [[self[tail[:place]] for place in range(len(tail) + 1)] for tail in tails]
        return torch.stack([torch.stack([*own, *[own[0]] * (longest + 1 - len(own))]) for own in behind])


@given(words, st.integers(0, 2**16), st.sampled_from([0.1, 1.0, 5.0]), st.integers(1, 12))
def test_best_answers_are_those_of_scoring_every_one(vocabulary: list[str], seed: int, sharp: float, top: int) -> None:
    said = Said(seed, sharp)
    (found,) = best_answers(Trie(vocabulary, tokens, END), 1, top, said.rows)
    every = {}
    for index, word in enumerate(vocabulary):
        whole = (*tokens(word), END)
        every[index] = sum(float(said[whole[:place]][token]) for place, token in enumerate(whole))
    expected = sorted(every.values(), reverse=True)[:top]
    assert [log_prob for _, log_prob in found] == pytest.approx(expected, abs=1e-5)
    assert [every[index] for index, _ in found] == pytest.approx(expected, abs=1e-5)


def test_probabilities_are_not_renormalised_over_what_the_trie_allows() -> None:
    """`b` has only one continuation after its first token, yet it is the less likely answer."""
    said = Said(0, 1.0)
    said[()] = torch.tensor([0.5, 0.4, 0.1, 1e-9, 1e-9]).log()
    said[(0,)] = torch.tensor([0.05, 0.05, 0.05, 0.05, 0.8]).log()
    said[(1,)] = torch.tensor([0.9, 0.02, 0.02, 0.02, 0.04]).log()
    (found,) = best_answers(Trie(["a", "b", "c"], tokens, END), 1, 2, said.rows)
    assert found == [(0, pytest.approx(log(0.4), abs=1e-6)), (1, pytest.approx(log(0.016), abs=1e-6))]


def test_a_single_way_is_read_at_once() -> None:
    """Two readings: what may come first, and all of the only answer that begins so."""
    said = Said(0, 1.0)
    said[()] = torch.tensor([0.97, 0.01, 0.01, 0.005, 0.005]).log()
    for beginning, token in (((0,), 1), ((0, 1), 2), ((0, 1, 2), END)):
        said[beginning] = torch.full((5,), 0.01).log()
        said[beginning][token] = log(0.96)
    (found,) = best_answers(Trie(["abc", "b"], tokens, END), 1, 1, said.rows)
    assert found[0][0] == 0
    assert said.read == 2


def test_answers_with_the_same_tokens_are_refused() -> None:
    with pytest.raises(XstiltsError, match="'a' and 'A' have the same tokens"):
        Trie(["a", "A"], lambda word: tokens(word.lower()), END)
