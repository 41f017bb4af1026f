"""Questions answered by entailment: which answer, made a statement, do the clues of the picture entail?

The second system of Fu et al. 2023 (dCluB) decides from clues in words by a model of natural language inference. Here
that model is what the *intermediate task* of the route trained: its checkpoint of phase 1, head included, without a
target task after it. A parser makes a layout of a question in any language, `xstilts.programs.statements` makes an
English statement of a layout and a candidate answer, and the judge reads it after the clues. Resource: English
programs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from xstilts.base.cache import ROW
from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows
from xstilts.model.checkpoint import CARD, load_model, read_card
from xstilts.programs.layout import Layout
from xstilts.programs.statements import NO, options, statement
from xstilts.programs.vocabulary import Vocabulary
from xstilts.score.beams import Beams
from xstilts.score.faithful import with_edits
from xstilts.score.labels import label_scores
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS, answer_all, gold_columns
from xstilts.score.scoring import EDITED, SHOWN, TEST, Scored, Scoring, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import with_inductive, write_scores
from xstilts.score.training import read_training, training_of
from xstilts.systems.answering import SHORT
from xstilts.systems.modules import training_questions
from xstilts.systems.questions import Parser, Questions
from xstilts.systems.settings import SystemSettings
from xstilts.train.examples import Examples, used_ids

ENTAILMENT, CONTRADICTION = "entailment", "contradiction"
FEW = 8  # answers of a template that are all tried; of more, those that the clues name


def score_entailment(judge: Path, parser: Parser, cell: Cell, settings: SystemSettings, score: ScoreSettings) -> None:
    """Answer the test questions of a cell's target, which must have clues, by entailment, and write `cell.scores`.

    Args:
        judge: checkpoint of phase 1 of an intermediate task with the labels `entailment` and `contradiction`.

    Raises:
        DataError: a checkpoint without such a task; a test question without clues or without a layout.
    """
    training = {**read_training(parser.checkpoint), "intermediate": training_of(read_card(judge))}
    target = open_scoring(judge, parser.public, cell.test_cache, replace(score, centre="none"))
    questions = Questions.open(target, parser, settings, score, (SHOWN,))
    judging = Judge.of_parser(judge, parser, questions.parsing, settings)

    def answered(parsing: Scoring) -> Scored:
        plain = questions.parse(parsing)
        return judging.scored(target, (questions.renamed(plain) or plain).scores)

    write_scores(target, cell, training, with_inductive(questions.parsing, answered, target.metric))


@dataclass(frozen=True)
class Claim:
    """A candidate answer.

    Attributes:
        answer: in English.
        statement: that is judged.
    """

    answer: str
    statement: str

    @property
    def label(self) -> str:
        """The judge's label that speaks for the answer: `no` has the statement of `yes`, which must be contradicted."""
        return CONTRADICTION if self.answer == NO else ENTAILMENT


@dataclass(frozen=True)
class Judge:
    """Judges the statements of parsed questions.

    Attributes:
        checkpoint: of phase 1.
        task, card: its task, and that one's entry in the checkpoint's card.
        beams: what the likeliest layout of a question is.
        usual: by template, the answers that English training questions have, and how often.
        wordings: of statements, see `SystemSettings.statements`.
        tokenizer: the encoder's, which cuts clues and never statements.
    """

    checkpoint: Path
    task: str
    card: Mapping[str, Any]
    beams: Beams
    usual: Mapping[int, Counter[str]]
    wordings: Mapping[str, str]
    tokenizer: Tokenizer

    @classmethod
    def of_parser(cls, checkpoint: Path, parser: Parser, parsing: Scoring, settings: SystemSettings) -> Judge:
        """With the answers of the parser's English training questions."""
        task, card = _inference(checkpoint)
        labels = parsing.card["labels"]
        vocabulary, usual = Vocabulary(tuple(labels)), dict[int, Counter[str]]()
        for layout, answer in training_questions(open_rows(parser.cache / "learn/train.arrow")):
            usual.setdefault(vocabulary.encode(layout)[0], Counter())[answer] += 1
        tokenizer = Tokenizer.from_file(str(parser.public / "encoder/tokenizer.json"))
        tokenizer.no_padding()
        return cls(checkpoint, task, card, Beams(labels), usual, settings.statements, tokenizer)

    def claims(self, layout: Layout, clues: str) -> list[Claim]:
        """The candidates for a question's answer; at least one."""
        answers = options(layout) or self._open(layout, clues)
        return [Claim(SHORT.get(one, one), statement(layout, one, self.wordings)) for one in answers]

    def _open(self, layout: Layout, clues: str) -> list[str]:
        """The answers of training questions of the same form; of many, those that the clues name, if they name any.

        What the layout names itself is none of these: what is below the tent is no tent.
        """
        usual = self.usual[self.beams.vocabulary.encode(layout)[0]]
        if len(usual) <= FEW:
            return sorted(usual)
        asked = {slot.value for slot in layout.slots}
        told = [one for one in usual if one not in asked and re.search(rf"\b{re.escape(one)}\b", clues)]
        return sorted(told or usual)

    def scored(self, target: Scoring, parses: np.ndarray) -> Scored:
        """The scores of a target whose rows were parsed: float `[rows, outputs]`."""
        own = target.examples()
        layouts = [next(self.beams.layouts(row))[0] for row in parses]
        of = dict(zip(zip(own.languages, own.ids, strict=True), layouts, strict=True))
        table = self._answered(target, of, TEST)
        if target.edited.exists():
            table = with_edits(table, self._answered(target, of, EDITED))
        return label_scores(table, target.metric)

    def _answered(self, target: Scoring, layouts: Mapping[tuple[str, str], Layout], split: str) -> pa.Table:
        """Predictions on a split, with the columns of `xstilts.score.predictions.prediction_table`."""
        examples = target.examples(split=split)
        clues, keys = _clues(target, examples), zip(examples.languages, examples.ids, strict=True)
        claims = [self.claims(layouts[key], told) for key, told in zip(keys, clues, strict=True)]
        owners = np.repeat(np.arange(len(claims)), [len(some) for some in claims])
        every = [one for some in claims for one in some]
        pairs = [(clues[row], one.statement) for row, one in zip(owners.tolist(), every, strict=True)]
        chances = self._chances(target, self._rows(examples.table.take(owners), pairs, target.card["max_length"]))
        own = chances[np.arange(len(every)), [self.card["labels"].index(one.label) for one in every]]
        return _predictions(examples, claims, np.split(own, np.flatnonzero(np.diff(owners)) + 1))

    def _rows(self, table: pa.Table, pairs: Sequence[tuple[str, str]], length: int) -> Examples:
        """Rows of the judge's task: clues and a statement each, in place of what the rows of the target ask."""
        self.tokenizer.enable_truncation(length, strategy="only_first")
        columns = {
            "input_ids": [one.ids for one in self.tokenizer.encode_batch(list(pairs))],
            "task": [self.task] * len(pairs),
            "question": [-1] * len(pairs),
        }
        for name, values in columns.items():
            field = ROW.field(name)
            table = table.set_column(table.schema.get_field_index(name), field, pa.array(values, field.type))
        return Examples(table, {"tasks": {self.task: dict(self.card)}})

    def _chances(self, target: Scoring, rows: Examples) -> np.ndarray:
        """How likely each label of the judge is: float32 `[rows, labels]`."""
        model = load_model(target.public, self.checkpoint, used_ids(rows)).to(target.device)
        count = len(self.card["labels"])
        found = answer_all(model, rows, replace(target.settings, top=count), f"{target.task} {self.task}")
        chances = np.zeros((len(rows), count), np.float32)
        np.put_along_axis(chances, found.labels, found.probabilities, 1)
        return chances


def _inference(checkpoint: Path) -> tuple[str, Mapping[str, Any]]:
    """The task of entailment from a text that a checkpoint was trained on, and its card."""
    cards = read_card(checkpoint)["tasks"]
    for task, card in cards.items():
        if {ENTAILMENT, CONTRADICTION} <= set(card["labels"]) and not card.get("features"):
            return task, card
    expected = f"one about a text, with the labels {ENTAILMENT} and {CONTRADICTION}"
    raise DataError(checkpoint / CARD, None, f"tasks {', '.join(cards) or 'none'}", expected, "take the route mnli")


def _clues(target: Scoring, examples: Examples) -> list[str]:
    """The clues of each row, as a text."""
    texts = examples.table["texts"].to_pylist()
    if lacking := [name for name, some in zip(examples.ids, texts, strict=True) if len(some) < 2]:
        todo = "take a target with clues, such as xgqa_clues"
        raise DataError(target.path, lacking[0], "a question without clues", "clues", todo)
    return [some[1] for some in texts]


def _predictions(examples: Examples, claims: Sequence[Sequence[Claim]], chances: Sequence[np.ndarray]) -> pa.Table:
    """One row per question: the answer whose statement is entailed most, and the others by their share."""
    orders = [np.argsort(-own, kind="stable") for own in chances]
    tops = [[some[place].answer for place in order] for some, order in zip(claims, orders, strict=True)]
    shares = [(own / max(own.sum(), 1e-9))[order] for own, order in zip(chances, orders, strict=True)]
    columns = gold_columns(examples)
    columns["prediction"] = pa.array([top[0] for top in tops], TEXT)
    columns["top"], columns["probability"] = pa.array(tops, TEXTS), pa.array(shares, NUMBERS)
    return pa.table(columns)
