"""A soup: the mean of the weights of a route's seeds, scored as one model.

Uniform soups are those of Wortsman et al. 2022, Model Soups; Schmidt, Vulić & Glavaš 2023 (One For All & All For One)
average runs for zero-shot transfer, and find that it takes heads that start alike. Here they do: a head starts at the
encoder's own embeddings of the answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError
from xstilts.model.checkpoint import CARD, load_model, read_card, read_weights, save_checkpoint
from xstilts.model.vocabulary import ROWS, VALUES
from xstilts.score.settings import ScoreSettings
from xstilts.score.target import score_target


def score_soup(checkpoints: Sequence[Path], public: Path, cell: Cell, settings: ScoreSettings) -> None:
    """Score the mean of several checkpoints of a target as `score_target` scores one.

    Raises:
        DataError: checkpoints of different tasks.
    """
    with TemporaryDirectory() as folder:
        save_checkpoint(Path(folder), mean_weights(checkpoints, public), soup_card(checkpoints))
        score_target(Path(folder), public, cell, settings)


def mean_weights(checkpoints: Sequence[Path], public: Path) -> dict[str, Tensor]:
    """The mean of the weights that checkpoints hold; word embeddings, where they were trained, whole."""
    total: dict[str, Tensor] = {}
    for one in checkpoints:
        names = {name.removesuffix(ROWS).removesuffix(VALUES) for name in read_weights(one)}
        own = dict(load_model(public, one).named_parameters())
        for name in sorted(names):
            part = own[name].detach() / len(checkpoints)
            total[name] = total[name] + part if name in total else part
    return total


def soup_card(checkpoints: Sequence[Path]) -> dict[str, Any]:
    """The card of the first checkpoint, with the updates, examples and tokens of all, in each phase."""
    cards = [read_card(one) for one in checkpoints]
    for path, card in zip(checkpoints, cards, strict=True):
        if card["tasks"] != cards[0]["tasks"]:
            raise DataError(path / CARD, None, "other tasks or labels", f"those of {checkpoints[0]}", "run `dvc repro`")
    first = cards[0].get("intermediate", {})
    before = {"intermediate": {**first, "training": _together([card["intermediate"]["training"] for card in cards])}}
    return {**cards[0], **(before if first else {}), "training": _together([card["training"] for card in cards])}


def _together(trainings: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """The first of several trainings, with what all of them took; None where nothing was trained."""
    if not (done := [one for one in trainings if one]):
        return None
    return {**done[0], **{key: sum(one[key] for one in done) for key in ("updates", "examples", "tokens")}}
