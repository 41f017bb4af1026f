"""The answer vocabulary of a visual question answering task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from xstilts.tasks.examples import VqaExample


def answer_vocabulary(training: Iterable[VqaExample], min_count: int) -> list[str]:
    """The answers given at least `min_count` times in training: the commonest first, then by alphabet.

    Of a question with several answers the best one counts, as in the vocabulary of 3,129 answers that is usual for
    VQA v2 (Teney et al. 2018).
    """
    counts = Counter(example.answer for example in training)
    kept = [answer for answer, count in counts.items() if count >= min_count]
    return sorted(kept, key=lambda answer: (-counts[answer], answer))
