"""Language centring: what the states of a language have in common is exchanged for what English ones have.

Encoders keep the language of a text in a direction of its own (Libovický, Rosa & Fraser 2020, On the Language
Neutrality of Pre-trained Multilingual Representations), which a head trained on English has never seen vary. Centring
moves each state by the English mean minus the language's. It needs no labels, but questions of the language, so it is
*transductive*: the means of one half of the test questions are used for the other, never for themselves.
"""

from __future__ import annotations

import numpy as np
import torch

from xstilts.model.multitask import MultitaskModel
from xstilts.score.halves import halves
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples
from xstilts.train.order import sorted_batches


def shifts(model: MultitaskModel, examples: Examples, settings: ScoreSettings) -> np.ndarray:
    """What each row's states are moved by: float32 `[rows, hidden]`, zeros in English.

    Raises:
        DataError: no English rows, whose mean is the aim.
    """
    means = mean_states(model, examples, settings)
    found = np.zeros_like(means)
    for own, english, same in halves(examples, "centre"):
        found[own] = means[english].mean(0) - means[same].mean(0)
    return found


def mean_states(model: MultitaskModel, examples: Examples, settings: ScoreSettings) -> np.ndarray:
    """The mean state of each row's text, float32 `[rows, hidden]`."""
    device, found = next(model.parameters()).device, np.zeros((len(examples), model.encoder.hidden), np.float32)
    bf16 = settings.precision == "bf16"
    for rows in sorted_batches(examples, settings.token_budget, settings.batch_size):
        batch = model.encoder.ready(examples.batch(rows)).to(device)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            means = model.encode(batch).text_mean()
        found[rows] = means.view(len(rows), -1, means.shape[1]).mean(1).float().cpu().numpy()
    return found
