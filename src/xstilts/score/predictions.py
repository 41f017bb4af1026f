"""Every test question answered once: all languages in one pass sorted by length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from xstilts.model.multitask import MultitaskModel
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples
from xstilts.train.order import sorted_batches
from xstilts.train.progress import Progress


@dataclass(frozen=True)
class Answers:
    """Best labels of every row, best first: indices int64 and probabilities float32, both `[rows, top]`."""

    labels: np.ndarray
    probabilities: np.ndarray


@torch.inference_mode()
def answer_all(model: MultitaskModel, examples: Examples, settings: ScoreSettings, title: str) -> Answers:
    """Answer every row with the `top` best labels of its task's head."""
    task = str(examples.tasks[0])
    top = min(settings.top, len(model.cards[task]["labels"]))
    labels = np.zeros((len(examples), top), dtype=np.int64)
    probabilities = np.zeros((len(examples), top), dtype=np.float32)
    batches = sorted_batches(examples, settings.token_budget, settings.batch_size)
    device = next(model.parameters()).device
    done = tokens = 0
    with Progress(title, len(batches)) as progress:
        for number, rows in enumerate(batches, start=1):
            best, chance = _best(model, examples, rows, top, settings.precision, device)
            labels[rows], probabilities[rows] = best.cpu().numpy(), chance.cpu().numpy()
            done += len(rows)
            tokens += int((examples.text_lengths[rows] + examples.visual_lengths[rows]).sum())
            progress.advance(number, None, done, tokens)
    return Answers(labels, probabilities)


def _best(
    model: MultitaskModel, examples: Examples, rows: np.ndarray, top: int, precision: str, device: torch.device
) -> tuple[Tensor, Tensor]:
    batch = examples.batch(rows).to(device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        logits = model.logits(batch)
    chance, best = logits.softmax(-1).topk(top, dim=-1)
    return best, chance


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
