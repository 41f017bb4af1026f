"""What is scored, one cell of the study, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from xstilts.base.errors import DataError
from xstilts.base.files import CARD, read_json
from xstilts.model.checkpoint import load_encoder, load_model
from xstilts.model.encoder import MultimodalEncoder
from xstilts.model.multitask import MultitaskModel
from xstilts.score.controls import SHOWN
from xstilts.score.settings import ScoreSettings
from xstilts.train.examples import Examples, open_examples
from xstilts.train.pictures import Shown
from xstilts.train.vocabulary import used_ids

ByLanguage = Mapping[str, float]


@dataclass(frozen=True)
class Cell:
    """A route's checkpoint and the test rows of one target.

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
    def metric(self) -> str:
        """The metric that the target is judged by."""
        return str(self.card["metric"])

    @property
    def device(self) -> torch.device:
        """Where models run: a GPU if there is one."""
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def path(self) -> Path:
        """The file of the test rows."""
        return self.cache / "test.arrow"

    def model(self) -> MultitaskModel:
        """The checkpoint's model where it is to run, with the word embeddings of the test rows alone."""
        return load_model(self.public, self.checkpoint, used_ids(self.examples())).to(self.device)

    def encoder(self) -> MultimodalEncoder:
        """The checkpoint's encoder likewise, in evaluation mode."""
        return load_encoder(self.public, self.checkpoint, used_ids(self.examples())).to(self.device).eval()

    def examples(self, pictures: Shown = SHOWN) -> Examples:
        """The test rows, with the pictures `shown`, `blind` or `shuffled`.

        Raises:
            DataError: there are none.
        """
        examples = open_examples(self.cache, "test", pictures=pictures)
        if not len(examples):
            found, todo = "no rows", "look at the raw files of the target"
            raise DataError(self.path, None, found, "test rows", todo)
        return examples


def open_cell(checkpoint: Path, public: Path, cache: Path, settings: ScoreSettings) -> Cell:
    """The cell of a cache that holds one target."""
    card = read_json(cache / CARD)
    (task,) = card["tasks"]
    return Cell(checkpoint, public, cache, settings, task, card["tasks"][task])


@dataclass(frozen=True)
class Scored:
    """What comes of scoring a cell; every value is a fraction in 0..1.

    Attributes:
        predictions: a row an example and language.
        rows: examples by language.
        scores: {metric: {language: value}}.
        controls: {control: {language: value of the main metric}}; empty for a task without pictures.
        more: further keys of scores.json: `types` of question answering, `sweep` and its like of retrieval.
    """

    predictions: pa.Table
    rows: Mapping[str, int]
    scores: Mapping[str, ByLanguage]
    controls: Mapping[str, ByLanguage] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
