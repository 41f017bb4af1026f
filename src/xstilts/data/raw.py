"""The `raw` stage: one raw set from the world that params.yaml chooses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.data.local import Official, copy_official
from xstilts.data.pictograms.build import DATASETS, World, make
from xstilts.errors import ParameterError, did_you_mean
from xstilts.parameters import STAGES, build, choices, task_section

NAMES = "names"
WORLDS = ("pictograms", "official")


@dataclass(frozen=True)
class DataSettings:
    """The section `data` of a task.

    Attributes:
        seed: of the embedded world.
        share: the part of the embedded world's scenes that is made, over 0, up to 1.
        licence: of the official data.
        citation: of the official data.
        official: where the official files are: `root`, `files`, and `images` if the task has any.
    """

    seed: int = 0
    share: float = 1.0
    licence: str = ""
    citation: str = ""
    official: dict[str, Any] = field(default_factory=dict)


def write_raw(dataset: str, assets: Path, out: Path) -> None:
    """Write the raw set `dataset` into `out`, which appears whole or not at all.

    `names` (pictures with English names) is the same in every world and reads no parameters.

    Raises:
        ParameterError: an unknown dataset or world, or settings that cannot be used.
        DataError: a missing asset or official file.
    """
    if dataset == NAMES:
        return make(NAMES, World(assets), out)
    settings, world = _settings(dataset), str(choices()["world"])
    if world not in WORLDS:
        raise ParameterError(f"params.yaml: unknown world '{world}'.{did_you_mean(world, WORLDS)}")
    if world == "official":
        official = build(Official, settings.official, f"stages/tasks/{dataset}.yaml: data.official")
        return copy_official(dataset, official, out, settings.licence, settings.citation)
    if dataset not in DATASETS:
        raise ParameterError(f"the embedded world has no '{dataset}'.{did_you_mean(dataset, DATASETS)}")
    return make(dataset, World(assets, settings.seed, settings.share), out)


def _settings(dataset: str) -> DataSettings:
    file = STAGES / "tasks" / f"{dataset}.yaml"
    settings = build(DataSettings, task_section(dataset, "data"), f"{file}: data")
    if not 0 < settings.share <= 1:
        raise ParameterError(f"{file}: data.share is {settings.share}, expected more than 0 and at most 1")
    return settings
