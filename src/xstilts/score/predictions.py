"""Every test question answered once: all languages in one pass sorted by length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from xstilts.model.multitask import MultitaskModel
from xstilts.score.settings import ScoreSettings
from xstilts.threads import workers
from xstilts.train.dev import all_logits
from xstilts.train.examples import Examples
from xstilts.train.order import sorted_batches
from xstilts.train.progress import Progress


@dataclass(frozen=True)
class Answers:
    """Best labels of every row, best first: indices int64 and probabilities float32, both `[rows, top]`."""

    labels: np.ndarray
    probabilities: np.ndarray


def answer_all(model: MultitaskModel, examples: Examples, settings: ScoreSettings, title: str) -> Answers:
    """Answer every row with the `top` best labels of its task's head."""
    top = min(settings.top, len(model.cards[str(examples.tasks[0])]["labels"]))
    answers = Answers(np.zeros((len(examples), top), np.int64), np.zeros((len(examples), top), np.float32))
    batches = sorted_batches(examples, settings.token_budget, settings.batch_size)
    done = tokens = 0
    with workers() as pool, Progress(title, len(batches)) as progress:
        answered = all_logits(model, examples, batches, settings.precision, pool)
        for number, (rows, (_, logits)) in enumerate(zip(batches, answered, strict=True), start=1):
            chance, best = logits.softmax(-1).topk(top, dim=-1)
            answers.labels[rows], answers.probabilities[rows] = best.cpu().numpy(), chance.cpu().numpy()
            done += len(rows)
            tokens += int((examples.text_lengths[rows] + examples.visual_lengths[rows]).sum())
            progress.advance(number, None, done, tokens)
    return answers


def prediction_table(examples: Examples, labels: list[str], seen: Answers, blind: Answers) -> pa.Table:
    """One row a question and language: gold, prediction, top answers with probabilities, and the blind answer."""
    words = np.array(labels, dtype=object)
    kept = examples.table.select(["id", "image_id", "language", "structural", "semantic"])
    columns = {name: kept[name] for name in kept.column_names}
    columns["gold"] = examples.table["answer"]
    columns["prediction"] = pa.array(words[seen.labels[:, 0]], pa.string())
    columns["top"] = pa.array(words[seen.labels].tolist(), pa.list_(pa.string()))
    columns["probability"] = pa.array(list(seen.probabilities), pa.list_(pa.float32()))
    columns["blind"] = pa.array(words[blind.labels[:, 0]], pa.string())
    return pa.table(columns)
