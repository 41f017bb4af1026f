"""What training took and how it went, in both phases: read off the target's checkpoint and kept beside the scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.model.checkpoint import CARD, read_card

KEPT = ("updates", "examples", "tokens", "english_dev", "curve")


def read_training(checkpoint: Path) -> dict[str, Any]:
    """`intermediate` and `target` of a target's checkpoint, each as `training_of` gives it.

    Raises:
        DataError: no checkpoint, or one that does not say what phase 1 was.
    """
    card = read_card(checkpoint)
    if "intermediate" not in card:
        expected, todo = "what phase 1 says of its training", "run `dvc repro` to train the target again"
        raise DataError(checkpoint / CARD, None, "no key 'intermediate'", expected, todo)
    return {"intermediate": training_of(card["intermediate"]), "target": training_of(card)}


def training_of(card: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a phase was trained on, at what cost, and how it went; None where nothing was trained.

    `tasks` says of each task from which data it is made, `curve` lists updates with their loss and English dev score.
    `shuffled_labels` is there only if labels were exchanged between examples: the tasks that it was done to, all.
    `pictures` is there only if they were not shown: `blind` or `shuffled`.
    """
    training = card["training"]
    if not training:
        return None
    tasks = {name: task.get("data", "") for name, task in card["tasks"].items()}
    settings = training["settings"]
    kept = {key: training[key] for key in KEPT}
    controls = {"shuffled_labels": list(tasks)} if settings.get("labels") == "shuffled" else {}
    pictures = {"pictures": settings["pictures"]} if settings.get("pictures", "shown") != "shown" else {}
    rows = {"rows": training["rows"]} if "rows" in training else {}  # checkpoints of an earlier version do not say it
    return {"tasks": tasks, **kept, **rows, **controls, **pictures}
