"""How answered questions of each kind of task are scored: by the functions that score our own predictions."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

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
    table = _labels(
        answered,
        [one.answer for one in examples],
        [one.image for one in examples],
        structural=[one.structural for one in examples],
        semantic=[one.semantic for one in examples],
        golds=[list(one.scores) or [one.answer] for one in examples],
        gold_scores=[list(one.scores.values()) for one in examples],
    )
    return label_scores(table, task.encode.metric)


def _classification(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(ClassificationExample, one.example) for one in answered]
    for one in answered:
        _check_answer(one, task.encode.labels)
    labels, images = [one.label for one in examples], [" ".join(one.images) for one in examples]
    return label_scores(_labels(answered, labels, images), task.encode.metric)


def _choice(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(ChoiceExample, one.example) for one in answered]
    for one, example in zip(answered, examples, strict=True):
        _check_answer(one, example.choices)
    golds, images = [one.choices[one.label] for one in examples], [one.image or "" for one in examples]
    return label_scores(_labels(answered, golds, images), task.encode.metric)


def _labels(answered: Sequence[Answered], right: Sequence[str], images: Sequence[str], **other: Any) -> pa.Table:
    """A table as `xstilts.score.predictions.prediction_table`, without probabilities, which are not known."""
    nothing = [""] * len(answered)
    columns: dict[str, Any] = {"image_id": images, "structural": nothing, "semantic": nothing, "gold": right}
    columns |= {"golds": [[one] for one in right], "gold_scores": [[] for _ in right]} | other
    return _table(answered, **columns)


def _span(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    examples = [cast(SpanExample, one.example) for one in answered]
    golds, answers = [one.answer for one in examples], [list(one.answers) for one in examples]
    cluster = paragraphs(_table(answered, context=[one.context for one in examples]))
    return span_scores(
        _table(answered, gold=golds, golds=answers, cluster=cluster), task.encode.metric, style_of(task.name)
    )


def _tagging(answered: Sequence[Answered], task: TaskSpec) -> Scored:
    golds = [list(cast(TaggingExample, one.example).tags) for one in answered]
    for one, gold in zip(answered, golds, strict=True):
        if len(one.prediction) != len(gold):
            found, expected = f"{len(one.prediction)} tags", f"{len(gold)}, one per word"
            raise DataError(one.path, one.example.id, found, expected, "give a tag for every word")
    return tag_scores(_table(answered, golds=golds), task.encode.metric)


def _table(answered: Sequence[Answered], **columns: Any) -> pa.Table:
    """The columns with ids, languages and predictions beside them: texts, lists of texts, or lists of numbers."""
    given = [one.prediction for one in answered]
    every = {"id": [one.example.id for one in answered], "language": [one.language for one in answered]}
    types = {"golds": TEXTS, "gold_scores": NUMBERS, "prediction": TEXTS if isinstance(given[0], list) else TEXT}
    return pa.table(
        {name: pa.array(own, types.get(name, TEXT)) for name, own in (every | columns | {"prediction": given}).items()}
    )


def _check_answer(one: Answered, valid: Iterable[str]) -> None:
    if one.prediction not in (answers := list(valid)):
        expected = f"one of {', '.join(answers)}"
        raise DataError(one.path, one.example.id, f"the prediction '{one.prediction}'", expected, "correct the file")


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
