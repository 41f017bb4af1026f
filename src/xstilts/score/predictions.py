"""Every test example answered, equal ones once: all languages in one pass sorted by length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from xstilts.base.kinds import covers
from xstilts.base.threads import workers
from xstilts.model.batch import Batch
from xstilts.model.kept_states import KeptStates
from xstilts.model.multitask import MultitaskModel
from xstilts.score.centring import shifts
from xstilts.score.frozen_states import frozen_states
from xstilts.score.prior import match_prior
from xstilts.score.scoring import SHOWN
from xstilts.score.settings import ScoreSettings
from xstilts.train.dev import all_logits
from xstilts.train.examples import Examples
from xstilts.train.order import sorted_batches
from xstilts.train.progress import Progress

TEXT, TEXTS, NUMBERS = pa.string(), pa.list_(pa.string()), pa.list_(pa.float32())


@dataclass(frozen=True)
class Answers:
    """Best labels of every row, best first: indices int64 and probabilities float32, both `[rows, top]`.

    A row with fewer labels than `top` (a question with fewer choices) ends in -1 and 0.
    """

    labels: np.ndarray
    probabilities: np.ndarray


def each_batch(
    model: MultitaskModel, examples: Examples, settings: ScoreSettings, title: str, chosen: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, Batch, Tensor]]:
    """Every row (if given, every `chosen` row) once: row numbers, batch and logits, in batches of similar length.

    The model is left as scoring needs it (see `MultimodalEncoder.cast_once`): it is not for training any more.
    """
    batches = sorted_batches(examples, settings.token_budget, settings.batch_size, chosen)
    model.encoder.choose_attention("auto", settings.precision)
    model.encoder.cast_once(settings.precision)
    if settings.centre == "language":
        model.kept = KeptStates()  # texts are encoded once for the means and the answers
        examples.shift = shifts(model, examples, settings)
    done = tokens = 0
    known = frozen_states(model, examples, batches, settings, title)
    with workers() as pool, known, Progress(title, len(batches)) as progress:
        answered = all_logits(model, examples, batches, settings.precision, pool)
        for number, (rows, (batch, logits)) in enumerate(zip(batches, answered, strict=True), start=1):
            yield rows, batch, logits
            done += len(rows)
            tokens += int((examples.text_lengths[rows] + examples.visual_lengths[rows]).sum())
            progress.advance(number, None, done, tokens)


def answer_all(model: MultitaskModel, examples: Examples, settings: ScoreSettings, title: str) -> Answers:
    """Answer every row with the `top` best of its labels: of its own choices, or of those of its task's head.

    Rows in which the model reads the same (one question about several pictures, asked blind) are answered once.
    """
    first, number = first_of_equal(examples)
    counts = label_counts(examples)
    top = min(settings.top, int(counts.max()))
    answers = Answers(np.full((len(examples), top), -1), np.zeros((len(examples), top), np.float32))
    matching = settings.prior == "english"
    whole = np.zeros((len(examples), int(counts.max())), np.float32) if matching else None
    for rows, _, logits in each_batch(model, examples, settings, title, first):
        chances = logits.softmax(-1)
        if whole is not None:
            whole[rows] = chances.cpu().numpy()
        chance, best = (part.cpu().numpy() for part in chances.topk(min(top, logits.shape[-1]), dim=-1))
        real = best < counts[rows][:, None]
        answers.labels[rows, : best.shape[1]] = np.where(real, best, -1)
        answers.probabilities[rows, : best.shape[1]] = np.where(real, chance, 0)
    if whole is not None:
        matched = match_prior(whole[first[number]], examples)
        best = np.argsort(-matched, axis=1, kind="stable")[:, :top]
        return Answers(best, np.take_along_axis(matched, best, 1))
    return Answers(answers.labels[first[number]], answers.probabilities[first[number]])


def first_of_equal(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """The first of all rows with the same task, texts and pictures, and which of those each row is equal to.

    Returns:
        int64 `[distinct]`, ascending, and int64 `[rows]`, places in it.
    """
    texts, choices, images = examples.lists["input_ids"], examples.lists["lengths"], examples.pictures.images
    found: dict[tuple[str, bytes, bytes, bytes], int] = {}
    first: list[int] = []
    number = np.zeros(len(examples), np.int64)
    for row, task in enumerate(examples.tasks):
        key = (task, texts[row].tobytes(), choices[row].tobytes(), images[row].tobytes())
        number[row] = found.setdefault(key, len(first))
        if number[row] == len(first):
            first.append(row)
    return np.array(first), number


def label_counts(examples: Examples) -> np.ndarray:
    """How many labels each row chooses from: int64 `[rows]`."""
    return np.array([len(labels) for labels in label_texts(examples)])


def label_texts(examples: Examples) -> Sequence[Sequence[str]]:
    """The texts of the labels that each row chooses from: its own choices, or the labels on its task's card."""
    (task,) = set(examples.tasks)
    card = examples.card["tasks"][task]
    return LABELS[card["kind"]](card, examples.table)


def _listed(card: Mapping[str, Any], table: pa.Table) -> Sequence[Sequence[str]]:
    return [card["labels"]] * len(table)


def _own_choices(card: Mapping[str, Any], table: pa.Table) -> Sequence[Sequence[str]]:
    choices: list[list[str]] = table["answers"].to_pylist()
    return choices


_Labels = Callable[[Mapping[str, Any], pa.Table], Sequence[Sequence[str]]]
_LABELS: dict[str, _Labels] = {
    "vqa": _listed,
    "classification": _listed,
    "matching": _listed,
    "choice": _own_choices,
}
LABELS = covers(_LABELS, "xstilts.score.predictions.LABELS", needs=lambda kind: kind.has_one_label)


def prediction_table(examples: Examples, answers: Mapping[str, Answers]) -> pa.Table:
    """One row per example and language: gold answers, prediction, top answers with probabilities, controls' answers.

    Args:
        answers: by what was done to the pictures; `shown` gives `prediction`, `top` and `probability`.
    """
    labels, shown = label_texts(examples), answers[SHOWN]
    columns = gold_columns(examples)
    columns["prediction"] = best_texts(labels, shown)
    tops = [[own[label] for label in row if label >= 0] for own, row in zip(labels, shown.labels, strict=True)]
    chances = [row[: len(top)] for row, top in zip(shown.probabilities, tops, strict=True)]
    columns["top"], columns["probability"] = pa.array(tops, TEXTS), pa.array(chances, NUMBERS)
    for control, given in answers.items():
        if control != SHOWN:
            columns[control] = best_texts(labels, given)
    return pa.table(columns)


def best_texts(labels: Sequence[Sequence[str]], answers: Answers) -> pa.Array:
    """The text of each row's best label."""
    return pa.array([own[best] for own, best in zip(labels, answers.labels[:, 0], strict=True)], TEXT)


def gold_columns(examples: Examples) -> dict[str, Any]:
    """What is known of every row before it is answered.

    `id`, `image_id`, `language` and the question's types; `gold`, the best answer; `golds`, all right answers;
    `gold_scores`, theirs (empty: an answer is right or not).
    """
    kept = examples.table.select(["id", "image_id", "language", "structural", "semantic"])
    columns: dict[str, Any] = {name: kept[name] for name in kept.column_names}
    gold, scores = examples.table["answer"].to_pylist(), examples.table["scores"].to_pylist()
    several = examples.table["answers"].to_pylist()
    golds = [answers if own else [one] for one, own, answers in zip(gold, scores, several, strict=True)]
    found = {"gold": pa.array(gold, TEXT), "golds": pa.array(golds, TEXTS), "gold_scores": pa.array(scores, NUMBERS)}
    return {**columns, **found}


def windows_of(table: pa.Table) -> list[np.ndarray]:
    """The rows of each example, whose long text may be cut into several windows, in the order of the windows.

    Examples come in the order of their first rows. An example is known by language and id: parallel test sets use the
    same ids in every language.
    """
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    keys = zip(table["language"].to_pylist(), table["id"].to_pylist(), strict=True)
    for row, key in enumerate(keys):
        found[key].append(row)
    order = table["window"].to_numpy()
    return [np.array(sorted(rows, key=lambda row: order[row])) for rows in found.values()]
