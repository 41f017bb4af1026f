"""How answered questions of each kind of task are scored: by the functions that score our own predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import pyarrow as pa

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.kinds import covers
from xstilts.external.predictions import Prediction
from xstilts.score.answer_text import style_of
from xstilts.score.clusters import paragraphs
from xstilts.score.labels import label_scores
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS
from xstilts.score.scoring import Scored
from xstilts.score.spans import span_scores
from xstilts.score.tagging import tag_scores
from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    Example,
    SpanExample,
    TaggingExample,
    VqaExample,
)
from xstilts.tasks.schema import TaskSpec


class Answered(NamedTuple):
    """A question and what was predicted for it; the language is that of the prediction."""

    language: str
    example: Example
    prediction: Prediction
    path: Path


def _vqa(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(VqaExample, one.example) for one in answered]
    columns = _label_columns(answered, [one.answer for one in examples], [one.image for one in examples])
    columns["structural"] = pa.array([one.structural for one in examples], TEXT)
    columns["semantic"] = pa.array([one.semantic for one in examples], TEXT)
    columns["golds"] = pa.array([list(one.scores) or [one.answer] for one in examples], TEXTS)
    columns["gold_scores"] = pa.array([list(one.scores.values()) for one in examples], NUMBERS)
    return label_scores(pa.table(columns), task.encode.metric)


def _classification(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(ClassificationExample, one.example) for one in answered]
    for one in answered:
        _check_answer(one, task.encode.labels)
    images = [" ".join(one.images) for one in examples]
    return label_scores(pa.table(_label_columns(answered, [one.label for one in examples], images)), task.encode.metric)


def _choice(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(ChoiceExample, one.example) for one in answered]
    for one, example in zip(answered, examples, strict=True):
        _check_answer(one, example.choices)
    golds, images = [one.choices[one.label] for one in examples], [one.image or "" for one in examples]
    return label_scores(pa.table(_label_columns(answered, golds, images)), task.encode.metric)


def _label_columns(answered: Sequence[Answered], golds: Sequence[str], images: Sequence[str]) -> dict[str, pa.Array]:
    """The columns of `xstilts.score.predictions.prediction_table`, but for the probabilities, which nobody gave."""
    nothing = pa.array([""] * len(answered), TEXT)
    return {
        **_head(answered),
        "image_id": pa.array(images, TEXT),
        "structural": nothing,
        "semantic": nothing,
        "gold": pa.array(golds, TEXT),
        "golds": pa.array([[gold] for gold in golds], TEXTS),
        "gold_scores": pa.array([[] for _ in golds], NUMBERS),
        "prediction": pa.array([one.prediction for one in answered], TEXT),
    }


def _span(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(SpanExample, one.example) for one in answered]
    columns = _head(answered)
    columns["gold"] = pa.array([one.answer for one in examples], TEXT)
    columns["golds"] = pa.array([list(one.answers) for one in examples], TEXTS)
    columns["prediction"] = pa.array([one.prediction for one in answered], TEXT)
    context = pa.array([one.context for one in examples], TEXT)
    columns["cluster"] = pa.array(paragraphs(pa.table({**_head(answered), "context": context})), TEXT)
    return span_scores(pa.table(columns), task.encode.metric, style_of(task.name))


def _tagging(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    golds = [list(cast(TaggingExample, one.example).tags) for one in answered]
    for one, gold in zip(answered, golds, strict=True):
        if len(one.prediction) != len(gold):
            found, expected = f"{len(one.prediction)} tags", f"{len(gold)}, one per word"
            raise DataError(one.path, one.example.id, found, expected, "give a tag for every word")
    columns = _head(answered)
    columns["golds"] = pa.array(golds, TEXTS)
    columns["prediction"] = pa.array([one.prediction for one in answered], TEXTS)
    return tag_scores(pa.table(columns), task.encode.metric)


def _head(answered: Sequence[Answered]) -> dict[str, pa.Array]:
    ids, languages = zip(*((one.example.id, one.language) for one in answered), strict=True)
    return {"id": pa.array(ids, TEXT), "language": pa.array(languages, TEXT)}


def _check_answer(one: Answered, valid: Iterable[str]) -> None:
    if one.prediction not in (answers := list(valid)):
        expected = f"one of {', '.join(answers)}"
        raise DataError(one.path, one.example.id, f"the prediction '{one.prediction}'", expected, "mend the file")


Scorer = Callable[[Sequence[Answered], TaskSpec], Scored]
# None: what is predicted is a ranking of candidates or a program, which these files do not hold.
_SCORERS: dict[str, Scorer | None] = {
    "vqa": _vqa,
    "classification": _classification,
    "choice": _choice,
    "span": _span,
    "tagging": _tagging,
    "layout": None,
    "matching": None,
    "retrieval": None,
}
SCORERS = covers(_SCORERS, "xstilts.external.kinds.SCORERS", needs=lambda kind: kind.is_scored)


def scorer_of(task: TaskSpec) -> Scorer:
    """The function that scores answered questions of a task.

    Raises:
        ParameterError: a kind of task that is not scored from files of predictions.
    """
    scorer = SCORERS.get(task.kind)
    if scorer is None:
        ready = ", ".join(kind for kind, one in SCORERS.items() if one)
        found = f"task {task.name}: predictions of a {task.kind} task are not scored from files"
        raise ParameterError(f"{found}; the kinds that are: {ready}")
    return scorer
