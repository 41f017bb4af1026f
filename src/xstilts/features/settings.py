"""How features are made: the keys of the section `features` of stages/defaults.yaml."""

from dataclasses import dataclass
from typing import Annotated, Literal

from xstilts.base.cache import TOKENS_OF_CUT_OUT
from xstilts.base.parameters import STAGES, Range, build, read_yaml, section_of

Aspect = Literal["letterbox", "own"]
Proposals = Literal["components", "grid", "patches"]


@dataclass(frozen=True)
class FeatureSettings:
    """How features are made.

    Attributes:
        proposals: where regions come from. `patches`, for photographs: the whole image, and the cells of the image
            model's own map, from one pass per image. For drawings, whose regions are cut out and seen one by one:
            `components` on a plain canvas, or `grid`.
        grid: of `patches`: a larger map is averaged down to so many rows and columns.
        aspect: of `patches`: `letterbox` shows whole images in their own proportions, `own` crops or squeezes them as
            the image model's preprocessor does.
        limit: of cut-out regions: at most so many per image.
        crop: of cut-out regions: side of a crop in pixels.
        batch: crops or images per forward pass; 16 fit into the processor's cache, which is twice as fast as 64.
    """

    proposals: Proposals = "components"
    grid: Annotated[int, Range(1, 8)] = 7  # 8 rows have 64 cells, as many tokens
    aspect: Aspect = "letterbox"
    limit: Annotated[int, Range(1, 1024)] = 36
    crop: Annotated[int, Range(8, 2048)] = 128
    batch: Annotated[int, Range(1, 4096)] = 16

    @property
    def tokens(self) -> int:
        """How many tokens the encoder reads for a region."""
        return 1 if self.proposals == "patches" else TOKENS_OF_CUT_OUT


def feature_settings() -> FeatureSettings:
    """The section `features` of stages/defaults.yaml, checked."""
    path = STAGES / "defaults.yaml"
    return build(FeatureSettings, section_of(read_yaml(path), "features", path), f"{path}: features")
