"""The same questions in English and in another language, in Tatoeba's layout: two files, a sentence a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.wording import word

SENTENCES = 500  # at most


def parallel(questions: Iterable[Question]) -> list[Question]:
    """The first questions that no other one is like in any language: each has one translation that is right."""
    worded = [(question, tuple(word(question, language) for language in LANGUAGES)) for question in questions]
    seen = [Counter(texts[place] for _, texts in worded) for place in range(len(LANGUAGES))]
    alone = [
        question
        for question, texts in worded
        if all(counts[text] == 1 for counts, text in zip(seen, texts, strict=True))
    ]
    return alone[:SENTENCES]


def sentences(questions: Iterable[Question], language: str) -> list[str]:
    """The questions in a language."""
    return [word(question, language) for question in questions]
