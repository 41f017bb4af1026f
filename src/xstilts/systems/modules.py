"""Questions answered by modules: parsed into layouts, of which the likeliest that runs on the picture answers.

The system of Cao & Jiang (Modularized Zero-shot VQA with Pre-trained Models, Findings of ACL 2023), with a parser that
reads every language of the encoder. A layout does not run where its question presupposes what the picture does not
show; so perception corrects the parser.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import exp

import pyarrow as pa

from xstilts.programs.layout import Layout, parse_layout
from xstilts.programs.lexicon import Lexicon, collect
from xstilts.programs.scene import Scene
from xstilts.systems.execute import Outcome, run, run_beam
from xstilts.systems.senses import Settings
from xstilts.systems.settings import SystemSettings


@dataclass(frozen=True)
class Solved:
    """An answered question.

    Attributes:
        layout: that ran, or the likeliest if none did.
        probability: of the layout, by the parser.
        rank: its place among the layouts, 0 for the likeliest; where all of them were weighed, 1 for any other.
        outcome: what came of it, with the trace.
        usual: the most frequent answer to English training questions with the layout's skeleton; "" if there are none.
    """

    layout: Layout
    probability: float
    rank: int
    outcome: Outcome
    usual: str

    @property
    def ran(self) -> bool:
        """Whether any layout ran."""
        return self.outcome.answer is not None

    def answer(self, fallback: str) -> str:
        """The answer in English; where nothing ran, the usual one, or "" if the fallback is `none`."""
        if self.outcome.answer is not None:
            return self.outcome.answer
        return self.usual if fallback == "usual" else ""


@dataclass(frozen=True)
class Modules:
    """What English training questions tell, and how layouts are run.

    Attributes:
        lexicon: which names are of a kind, and which attributes of a category.
        usual: the most frequent answer to questions with a skeleton, for where nothing runs.
        settings: of the system.
    """

    lexicon: Lexicon
    usual: Mapping[str, str]
    settings: SystemSettings

    @classmethod
    def of_training(cls, table: pa.Table, settings: SystemSettings) -> Modules:
        """From the training rows of a layout task, whose `answers` hold the questions' own answers."""
        questions = training_questions(table)
        return cls(collect(questions), _usual(questions), settings)

    def answer(self, layout: Layout, scene: Scene) -> str:
        """What one layout answers; "" if it does not run."""
        return run(layout, scene, self.lexicon, senses_of(self.settings)).answer or ""

    def solve(self, layouts: Iterable[tuple[Layout, float]], scene: Scene) -> Solved:
        """Answer a question about a scene.

        Args:
            layouts: of the question with the logarithms of their probabilities, the likeliest first; at least one.
        """
        beam = list(islice(layouts, self.settings.layouts))
        rank, outcome = run_beam([layout for layout, _ in beam], scene, self.lexicon, senses_of(self.settings))
        layout, score = beam[rank]
        return Solved(layout, exp(score), rank, outcome, self.usual.get(layout.skeleton, ""))


def training_questions(table: pa.Table) -> list[tuple[Layout, str]]:
    """The layouts of a layout task's training rows, with the questions' own answers."""
    layouts = [parse_layout(text) for text in table["answer"].to_pylist()]
    return list(zip(layouts, (answers[0] for answers in table["answers"].to_pylist()), strict=True))


def senses_of(settings: SystemSettings) -> Settings:
    """What the executor takes of a system's settings."""
    return Settings(settings.name, settings.attribute, settings.relation, settings.definite)


def _usual(questions: Sequence[tuple[Layout, str]]) -> dict[str, str]:
    counts: dict[str, Counter[str]] = {}
    for layout, answer in questions:
        counts.setdefault(layout.skeleton, Counter())[answer] += 1
    return {skeleton: min(some, key=lambda answer: (-some[answer], answer)) for skeleton, some in counts.items()}
