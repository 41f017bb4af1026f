"""How near a predicted answer text is to the gold ones: exact match and token F1 of the question answering tasks.

There are two sets of rules, each from a benchmark's own script:

- `squad`: the SQuAD v1.1 script, which XTREME also applies to XQuAD and TyDiQA in every language. Lower case, no ASCII
  punctuation, no English articles, tokens between white space. It knows no other language: a Thai or Chinese answer
  without spaces is one token, so that its F1 is hardly more than its exact match.
- `mlqa`: the MLQA script (Lewis et al. 2020, section 4). No punctuation of any script, the articles of the answer's
  language, and for Chinese one token per character.

`style_of` chooses by task. Where a question has no gold answer, the SQuAD v2.0 script holds: 1 for an empty answer,
else 0.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Literal

from xstilts.base.errors import ParameterError

Style = Literal["squad", "mlqa"]

_ASCII_PUNCTUATION = frozenset(string.punctuation)
_ENGLISH_ARTICLES = r"\b(a|an|the)\b"
# The Arabic article is a prefix: the script deletes its two letters wherever they stand.
_ARTICLES = {
    "ar": "ال",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "en": _ENGLISH_ARTICLES,
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "hi": None,
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "zh": None,
}
_CHINESE = re.compile(r"([\u4e00-\u9fa5])")


def style_of(task: str) -> Style:
    """Return whose rules a task is scored by: MLQA's own for `mlqa`, SQuAD's for every other (as XTREME does)."""
    return "mlqa" if task == "mlqa" else "squad"


def normalise_answer(text: str, language: str, style: Style = "squad") -> str:
    """Return an answer in lower case without punctuation and articles, its tokens between single spaces.

    Args:
        language: of the answer; only `mlqa` heeds it.

    Raises:
        ParameterError: `mlqa` has no rules for the language.
    """
    text = text.lower()
    if style == "squad":
        articles: str | None = _ENGLISH_ARTICLES
        text = "".join(character for character in text if character not in _ASCII_PUNCTUATION)
    else:
        articles = _articles(language)
        text = "".join(character for character in text if character not in _all_punctuation())
    if articles is not None:
        text = re.sub(articles, " ", text)
    if style == "mlqa" and language == "zh":
        text = _CHINESE.sub(r" \1 ", text)
    return " ".join(text.split())


def exact_match(prediction: str, golds: Sequence[str], language: str, style: Style = "squad") -> float:
    """Return 1.0 if the normalised prediction is one of the normalised gold answers, else 0.0.

    Without gold answers (an unanswerable question): 1.0 for an answer that normalises to "", else 0.0.
    """
    found = normalise_answer(prediction, language, style)
    return float(any(found == normalise_answer(gold, language, style) for gold in golds or [""]))


def answer_f1(prediction: str, golds: Sequence[str], language: str, style: Style = "squad") -> float:
    """Return the highest token F1 between the prediction and a gold answer, both normalised; 0..1.

    Tokens count as often as they occur. As in the scripts, two texts without any token share none: "the" against "a"
    is 0. Without gold answers (an unanswerable question): 1.0 for an answer that normalises to "", else 0.0.
    """
    if not golds:
        return exact_match(prediction, golds, language, style)
    found, *right = (Counter(normalise_answer(text, language, style).split()) for text in (prediction, *golds))
    return max(_token_f1(found, gold) for gold in right)


def _token_f1(prediction: Counter[str], gold: Counter[str]) -> float:
    shared = (prediction & gold).total()
    return 2 * shared / (prediction.total() + gold.total()) if shared else 0.0


def _articles(language: str) -> str | None:
    if language not in _ARTICLES:
        valid = ", ".join(sorted(_ARTICLES))
        raise ParameterError(f"answers in '{language}': MLQA has rules for {valid} only; score them by SQuAD's")
    return _ARTICLES[language]


@cache
def _all_punctuation() -> frozenset[str]:
    """Every character of a Unicode punctuation category, and the ASCII signs that Unicode calls symbols."""
    unicode = (chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)).startswith("P"))
    return frozenset(unicode) | _ASCII_PUNCTUATION
