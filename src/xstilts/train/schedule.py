"""When what happens in a run: the learning rate, the evaluations on English dev, and the end.

The learning rate rises linearly and then falls linearly to 0 at the last update that the settings allow; or, with a
`cooldown`, it stays constant until English dev has stopped rising and falls over the cool-down alone (Hägele et al.
2024, arXiv 2405.18392), so that the length of the run need not be known in advance. All of it follows from the settings
and the curve so far: a run that resumes knows it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xstilts.train.settings import TrainSettings

Curve = Sequence[Mapping[str, float]]  # `update` and `dev` of every evaluation so far


@dataclass(frozen=True)
class Schedule:
    """The course of a run.

    Attributes:
        longest: updates that the run has at most.
        epoch: updates in one pass over the rows.
    """

    longest: int
    epoch: int
    settings: TrainSettings

    @property
    def cooldown(self) -> int | None:
        """Updates over which the rate falls at the end, no more than there are; None: from the warm-up on."""
        if self.settings.cooldown is None:
            return None
        return min(self.longest, max(1, round(self.settings.cooldown * self.epoch)))

    def end(self, curve: Curve) -> int:
        """The last update, as far as is known: `longest` until dev has stopped rising."""
        stopped = stopped_rising(curve, self.settings.patience)
        return self.longest if stopped is None else min(self.longest, stopped + (self.cooldown or 0))

    def rate(self, step: int, curve: Curve) -> float:
        """The learning rate's factor after `step` updates, 0..1."""
        rising = max(1, round(self.settings.warmup * self.longest))
        if step < rising:
            return (step + 1) / rising
        end = self.longest if self.cooldown is None else self.end(curve)
        falling = (end - rising) if self.cooldown is None else self.cooldown
        return min(1.0, max(0.0, (end - step) / max(1, falling)))

    def scores_dev(self, step: int, curve: Curve) -> bool:
        """Whether English dev is scored after an update: so many times an epoch, and at the end."""
        marks = {round(self.epoch * (number + 1) / self.settings.evaluations) for number in range(self._evaluations)}
        return step in marks or step == self.end(curve)

    @property
    def _evaluations(self) -> int:
        return self.settings.evaluations * -(-self.longest // max(1, self.epoch))


def stopped_rising(curve: Curve, patience: int | None) -> int | None:
    """The update after which dev had not risen for `patience` evaluations in a row, the first time; None: it has not.

    Dev rises where it is above every evaluation before.
    """
    best, since = -1.0, 0
    for point in curve if patience else ():
        since = 0 if point["dev"] > best else since + 1
        best = max(best, point["dev"])
        if since == patience:
            return int(point["update"])
    return None
