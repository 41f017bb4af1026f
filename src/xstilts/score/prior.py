"""Prior matching: answers of a language are made as frequent as the model's English answers are.

A question that is not understood gets the answer that is frequent. If a language's questions ask for the same things as
the English ones, what is too frequent there can be told without labels: each answer's probability is multiplied by what
it has on the mean in English over what it has in the language, and the sum is made 1 again (Saerens, Latinne &
Decaestecker 2002, Adjusting the Outputs of a Classifier to New a Priori Probabilities). It uses unlabelled questions of
the language, so it is *transductive*: the means of one half of the test questions are used for the other.
"""

from __future__ import annotations

import numpy as np

from xstilts.score.halves import halves
from xstilts.train.examples import Examples

ROUNDS = 10  # enough for the two means to agree to within one question


def match_prior(chances: np.ndarray, examples: Examples) -> np.ndarray:
    """The probabilities of the answers with the English prior: float32 `[rows, labels]`; English ones as they are.

    Raises:
        DataError: a language without other questions, or none in English.
    """
    found = chances.copy()
    for own, english, same in halves(examples, "prior"):
        found[own] = _weighted(chances[own], factors(chances[same], chances[english].mean(0)))
    return found


def factors(chances: np.ndarray, aim: np.ndarray) -> np.ndarray:
    """What to multiply probabilities `[rows, labels]` by so that their mean is the aim: float64 `[labels]`.

    Both means count one row more with every answer as likely, so that an answer that was never given has a factor.
    """
    weights, one = np.ones(chances.shape[1]), 1 / (len(chances) * chances.shape[1])
    for _ in range(ROUNDS):
        weights *= (aim + one) / (_weighted(chances, weights).mean(0) + one)
    return weights


def _weighted(chances: np.ndarray, weights: np.ndarray) -> np.ndarray:
    weighted = chances * weights
    return np.asarray(weighted / weighted.sum(1, keepdims=True))
