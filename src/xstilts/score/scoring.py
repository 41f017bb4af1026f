"""What scoring starts from, a checkpoint with the test rows of its target, and the result.

Targets with pictures are scored three times, by the same model on the same texts: with the pictures, and as controls
with the pictures masked at test time (`blind`) or exchanged (`shuffled`). A model that was trained with pictures is at
a loss without them, so what it answers with the pictures masked is less than the text alone gives away: that is what a
model answers that was trained without pictures (recipe `blind`), which never sees one in any of the three. The
shuffled control keeps the input as it is in training, a text with a picture, and takes away only that the two belong
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from xstilts.base.cache import read_cache_card
from xstilts.base.errors import DataError
from xstilts.model.checkpoint import load_encoder, load_model, read_card
from xstilts.model.encoder import MultimodalEncoder
from xstilts.model.multitask import MultitaskModel
from xstilts.score.points import Points, count_by, score_by_language, texts
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples, open_examples, used_ids
from xstilts.train.pictures import Shown

SHOWN: Shown = "shown"
BLIND: Shown = "blind"
TEST, EDITED = "test", "edited"  # splits of the test part: the test examples, and some of them on edited clues
CONTROLS: tuple[Shown, ...] = ("blind", "shuffled")
ByLanguage = Mapping[str, float]


def controls_of(card: Mapping[str, Any]) -> tuple[Shown, ...]:
    """The controls of a task, given its card: both if it has pictures, else none."""
    return CONTROLS if card.get("features") else ()


@dataclass(frozen=True)
class Scoring:
    """A checkpoint and the test rows of one target.

    Attributes:
        checkpoint: of the target, or, of a task that nothing is trained on, the encoder passed on to it.
        public: phase 0.
        cache: the target's test part.
        task: the target's name.
        card: the target's entry in the cache's card (`data`, `kind`, `labels`, `metric`, `features`, ...).
    """

    checkpoint: Path
    public: Path
    cache: Path
    settings: ScoreSettings
    task: str
    card: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of the target."""
        return str(self.card["kind"])

    @property
    def metric(self) -> str:
        """The metric that the target is judged by."""
        return str(self.card["metric"])

    @property
    def controls(self) -> tuple[Shown, ...]:
        """The controls of the target."""
        return controls_of(self.card)

    @property
    def is_blind(self) -> bool:
        """Whether the checkpoint was trained on the target without its pictures, so that it is tested without them."""
        training = read_card(self.checkpoint).get("training") or {}
        return bool(training.get("settings", {}).get("pictures") == BLIND)

    @property
    def device(self) -> torch.device:
        """Where models run: a GPU if there is one."""
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def path(self) -> Path:
        """The file of the test rows."""
        return self.cache / f"{TEST}.arrow"

    @property
    def edited(self) -> Path:
        """The file of the test rows on edited clues, which most targets do not have."""
        return self.cache / f"{EDITED}.arrow"

    def model(self) -> MultitaskModel:
        """The checkpoint's model where it is to run, with the word embeddings of the rows alone that are scored."""
        parts = [self.examples(), *([self.examples(split=EDITED)] if self.edited.exists() else [])]
        return load_model(self.public, self.checkpoint, used_ids(*parts)).to(self.device)

    def encoder(self) -> MultimodalEncoder:
        """The checkpoint's encoder likewise, in evaluation mode."""
        return load_encoder(self.public, self.checkpoint, used_ids(self.examples())).to(self.device).eval()

    def examples(self, pictures: Shown = SHOWN, split: str = TEST) -> Examples:
        """The rows of a split, with the pictures `shown`, `blind` or `shuffled`; blind for a model trained blind.

        Raises:
            DataError: there are none.
        """
        examples = open_examples(self.cache, split, pictures=BLIND if self.is_blind else pictures)
        if not len(examples):
            found, todo = "no rows", "look at the raw files of the target"
            raise DataError(self.cache / f"{split}.arrow", None, found, "test rows", todo)
        return examples


def open_scoring(checkpoint: Path, public: Path, cache: Path, settings: ScoreSettings) -> Scoring:
    """The scoring of a cache that holds one target."""
    card = read_cache_card(cache)
    (task,) = card["tasks"]
    return Scoring(checkpoint, public, cache, settings, task, card["tasks"][task])


@dataclass(frozen=True)
class Scored:
    """The result of scoring; every value is a fraction in 0..1.

    Attributes:
        predictions: one row per example and language, with the columns that `scored` adds.
        rows: examples by language.
        scores: {metric: {language: value}}, the main metric first.
        controls: {control: {language: value of the main metric}}; empty for a task without pictures.
        more: further keys of scores.json: `types` of question answering; `sweep`, `layer` and others of retrieval.
    """

    predictions: pa.Table
    rows: Mapping[str, int]
    scores: Mapping[str, ByLanguage]
    controls: Mapping[str, ByLanguage] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def scored(
    table: pa.Table,
    metric: str,
    points: Points,
    others: Mapping[str, ByLanguage] | None = None,
    controls: Mapping[str, np.ndarray] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Scored:
    """Predictions with their points, and the scores that these add up to.

    The columns added are `score` and `of` (see `xstilts.score.points`), `blind_score` and `shuffled_score` where there
    are controls, all float32, and `cluster` if the table has none: "", an example stands or falls alone.

    Args:
        metric: the main one, by which `points` are.
        others: further metrics by language.
        controls: {control: what each row earned by the main metric, float `[rows]`}.
    """
    controls = controls or {}
    columns = {"score": points.earned, "of": points.of}
    columns |= {f"{control}_score": earned for control, earned in controls.items()}
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values.astype(np.float32)))
    if "cluster" not in table.column_names:
        table = table.append_column("cluster", pa.array([""] * len(table), pa.string()))
    scores = {metric: score_by_language(table), **(others or {})}
    blind = {control: score_by_language(table, f"{control}_score") for control in controls}
    return Scored(table, count_by(texts(table, "language")), scores, blind, more or {})
