"""How features are made: the keys of the section `features` of stages/defaults.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from xstilts.base.parameters import STAGES, Range, build, read_yaml, section_of

Proposals = Literal["components", "grid"]


@dataclass(frozen=True)
class FeatureSettings:
    """How features are made.

    Attributes:
        proposals: `components` on a plain canvas, or `grid`.
        limit: at most so many regions per image.
        crop: side of a crop in pixels.
        batch: crops per forward pass; 16 fit into the processor's cache, which is twice as fast as 64.
    """

    proposals: Proposals = "components"
    limit: Annotated[int, Range(1, 1024)] = 36
    crop: Annotated[int, Range(8, 2048)] = 128
    batch: Annotated[int, Range(1, 4096)] = 16


def feature_settings() -> FeatureSettings:
    """The section `features` of stages/defaults.yaml, checked."""
    path = STAGES / "defaults.yaml"
    return build(FeatureSettings, section_of(read_yaml(path), "features", path), f"{path}: features")
