"""The plainest English wording of each template, learned from the questions that programs were written for.

A parser gives a question in any language a layout, and a wording makes of it the English question that an answer head
has been trained on: translate-test without a translator. Resources: English questions with their programs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xstilts.programs.canonical import canonical_question
from xstilts.programs.layout import Layout
from xstilts.programs.statements import with_articles
from xstilts.programs.vocabulary import OUTSIDE, Vocabulary


@dataclass(frozen=True)
class Wordings:
    """Wordings by template.

    Attributes:
        vocabulary: the templates.
        by_template: by a template's index, a question with `{0}`, `{1}` and so on for its open slots, in their order.
    """

    vocabulary: Vocabulary
    by_template: Mapping[int, str]

    @classmethod
    def of_questions(cls, vocabulary: Vocabulary, questions: Iterable[tuple[Layout, str]]) -> Wordings:
        """The most frequent wording of each template among English questions, given with their layouts."""
        seen: dict[int, Counter[str]] = {}
        for layout, question in questions:
            index = vocabulary.encode(layout)[0]
            if index != OUTSIDE and (wording := _hollow(question, vocabulary.templates[index].open_values(layout))):
                seen.setdefault(index, Counter())[wording] += 1
        best = {index: min(some, key=lambda text: (-some[text], text)) for index, some in seen.items()}
        return cls(vocabulary, best)

    def question(self, layout: Layout) -> str:
        """An English question that asks for what the layout computes; by `canonical_question` if none was seen."""
        index = self.vocabulary.encode(layout)[0]
        if index not in self.by_template:
            return canonical_question(layout)
        text = self.by_template[index].format(*self.vocabulary.templates[index].open_values(layout))
        return with_articles(text)


def _hollow(question: str, values: tuple[str, ...]) -> str | None:
    """The question with holes for the values; None where it does not say one of them, or says it twice.

    What follows a value in its word stays: `How many {0}s are there?`.
    """
    text = question.replace("{", "").replace("}", "")
    for place, value in enumerate(values):
        text, found = re.subn(rf"(?<![\w{{]){re.escape(value)}(?=e?s?\b)", f"{{{place}}}", text)
        if found != 1:
            return None
    return text
