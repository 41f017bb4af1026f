"""Questions put in plain English before an answer head reads them: translate-test without a translator.

A parser makes of a question in any language a layout, and `xstilts.systems.wordings` of that an English question. The
head is the one that was trained on English questions; it is not trained again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from xstilts.base.cache import ROW
from xstilts.base.cells import Cell
from xstilts.base.files import open_rows
from xstilts.model.checkpoint import load_model
from xstilts.programs.layout import parse_layout
from xstilts.programs.vocabulary import Vocabulary
from xstilts.score.beams import Beams
from xstilts.score.faithful import with_edits
from xstilts.score.labels import label_scores
from xstilts.score.predictions import Answers, answer_all, prediction_table
from xstilts.score.scoring import EDITED, SHOWN, Scored, Scoring, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import with_inductive, write_scores
from xstilts.score.training import read_training
from xstilts.systems.naming import Parsed
from xstilts.systems.questions import Parser, Questions
from xstilts.systems.settings import SystemSettings
from xstilts.systems.wordings import Wordings
from xstilts.train.examples import Examples, used_ids
from xstilts.train.pictures import Shown


def score_canonical(head: Path, parser: Parser, cell: Cell, settings: SystemSettings, score: ScoreSettings) -> None:
    """Put the test questions of a cell's target in English, answer them with an answer head, and write `cell.scores`.

    Args:
        head: checkpoint of the target, trained on English questions.

    Raises:
        DataError: a test question that the layout task does not have, or an image that perception does not have.
    """
    training = read_training(head)
    target = open_scoring(head, parser.public, cell.test_cache, replace(score, centre="none"))
    questions = Questions.open(target, parser, settings, score, (SHOWN,))
    english = English.of_parser(parser, questions.parsing)

    def answered(parsing: Scoring) -> Scored:
        plain = questions.parse(parsing)
        return answer_in_english(target, english.questions(questions.renamed(plain) or plain), english.tokenizer)

    write_scores(target, cell, training, with_inductive(questions.parsing, answered, target.metric))


@dataclass(frozen=True)
class English:
    """Puts parsed questions in English.

    Attributes:
        beams: what the likeliest layout is.
        wordings: of layouts.
        tokenizer: the encoder's, without padding and cuts.
    """

    beams: Beams
    wordings: Wordings
    tokenizer: Tokenizer

    @classmethod
    def of_parser(cls, parser: Parser, parsing: Scoring) -> English:
        """With the wordings of the parser's English training questions."""
        table = open_rows(parser.cache / "learn/train.arrow")
        tokenizer = Tokenizer.from_file(str(parser.public / "encoder/tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        labels = parsing.card["labels"]
        return cls(Beams(labels), learn_wordings(labels, table), tokenizer)

    def questions(self, parsed: Parsed) -> list[str]:
        """The English question of each row, by its likeliest layout."""
        return [self.wordings.question(next(self.beams.layouts(row))[0]) for row in parsed.scores]


def learn_wordings(labels: Sequence[str], table: pa.Table) -> Wordings:
    """Wordings from the English training rows of a layout task."""
    layouts = map(parse_layout, table["answer"].to_pylist())
    questions = (texts[0] for texts in table["texts"].to_pylist())
    return Wordings.of_questions(Vocabulary(tuple(labels)), zip(layouts, questions, strict=True))


def answer_in_english(target: Scoring, questions: Sequence[str], tokenizer: Tokenizer) -> Scored:
    """Scores of the target with these questions in place of its rows' own."""
    own = target.examples()
    keys = zip(own.languages, own.ids, strict=True)
    asked = dict(zip(keys, questions, strict=True))
    rows: dict[Shown, Examples] = {
        one: in_english(target.examples(one), asked, tokenizer, one) for one in (SHOWN, *target.controls)
    }
    edited = in_english(target.examples(split=EDITED), asked, tokenizer) if target.edited.exists() else None
    used = [one for one in (*rows.values(), edited) if one is not None]
    model = load_model(target.public, target.checkpoint, used_ids(*used)).to(target.device)
    answers: dict[str, Answers] = {
        one: answer_all(model, some, target.settings, f"{target.task} {one}") for one, some in rows.items()
    }
    table = prediction_table(rows[SHOWN], answers)
    if edited is not None:
        given = answer_all(model, edited, target.settings, f"{target.task} {EDITED}")
        table = with_edits(table, prediction_table(edited, {SHOWN: given}))
    return label_scores(table, target.metric, target.controls)


def in_english(
    examples: Examples, asked: Mapping[tuple[str, str], str], tokenizer: Tokenizer, pictures: Shown = SHOWN
) -> Examples:
    """The rows with other questions; what else their texts hold, such as clues, stays.

    Args:
        asked: the questions by language and id.
        pictures: what is done to the rows' pictures.
    """
    questions = [asked[key] for key in zip(examples.languages, examples.ids, strict=True)]
    ids = [one.ids for one in tokenizer.encode_batch(questions)]
    lengths, texts = examples.columns["question"], examples.lists["input_ids"]
    rest = [_rest(texts[row], int(lengths[row])) for row in range(len(examples))]
    columns = {
        "input_ids": [[*one, *more] for one, more in zip(ids, rest, strict=True)],
        "question": [len(one) if more else -1 for one, more in zip(ids, rest, strict=True)],
    }
    table = examples.table
    for name, values in columns.items():
        field = ROW.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, pa.array(values, field.type))
    return Examples(table, examples.card, pictures)


def _rest(text: np.ndarray, question: int) -> list[int]:
    """What stands behind the question's own tokens; nothing where the question is all of the text."""
    return [] if question < 0 else list(text[question:].tolist())
