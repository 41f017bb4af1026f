"""Controls: the same model and questions, with the pictures left out (`blind`) or exchanged (`shuffled`).

What a model answers blind it knows from the text alone. The shuffled control keeps the input as it is in training, a
text with a picture, and takes away only that the two belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xstilts.train.pictures import Shown

SHOWN: Shown = "shown"
CONTROLS: tuple[Shown, ...] = ("blind", "shuffled")


def controls_of(card: Mapping[str, Any]) -> tuple[Shown, ...]:
    """The controls of a task, given its card: both if it has pictures, else none."""
    return CONTROLS if card.get("features") else ()
