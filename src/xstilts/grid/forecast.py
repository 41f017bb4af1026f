"""What the missing stages of a study will take, judged by stages of their kind that have run here before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from xstilts.base.files import read_object, write_json
from xstilts.grid.plan import Stage, kind_of

SECONDS = Path("scratch/grid/seconds.json")  # {address of a stage: seconds of its last run}


@dataclass(frozen=True)
class Forecast:
    """The missing stages of one kind.

    Attributes:
        kind: folder and name, such as `train/target`.
        count: how many are missing.
        hours: of all of them, one after another; None: none of this kind has run here.
        bytes: of all their outputs; None: none of this kind is in a lock file.
    """

    kind: str
    count: int
    hours: float | None
    bytes: int | None


def note_seconds(ran: Mapping[str, float]) -> None:
    """Keep how long stages ran, {address: seconds}."""
    if ran:
        draft = SECONDS.with_suffix(".new")
        write_json(draft, _known_seconds() | {address: round(seconds, 1) for address, seconds in ran.items()})
        draft.replace(SECONDS)


def forecast(lacking: Sequence[Stage], stages: Iterable[Stage]) -> list[Forecast]:
    """What the missing stages will take, one entry per kind.

    Args:
        stages: all of the plan; those that a lock file knows say how large outputs are.
    """
    times: dict[tuple[str, str], list[float]] = {}
    for address, seconds in _known_seconds().items():
        times.setdefault(kind_of(address), []).append(seconds)
    sizes: dict[tuple[str, str], list[int]] = {}
    for stage in stages:
        if stage.outs and all(out.meta.size is not None for out in stage.outs):
            sizes.setdefault(kind_of(stage.addressing), []).append(sum(out.meta.size for out in stage.outs))
    kinds = [kind_of(stage.addressing) for stage in lacking]
    found = []
    for kind, count in Counter(kinds).items():
        hours = count * mean(times[kind]) / 3600 if kind in times else None
        size = round(count * mean(sizes[kind])) if kind in sizes else None
        found.append(Forecast("/".join(filter(None, kind)), count, hours, size))
    return found


def _known_seconds() -> dict[str, float]:
    return read_object(SECONDS) if SECONDS.is_file() else {}
