"""Drawing scenes: OpenMoji pictograms on plain coloured cards on a plain light canvas."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from xstilts.data.pictograms.drawings import Drawings
from xstilts.data.pictograms.scene import CANVAS, Placed, Scene

CANVAS_COLOUR = (244, 244, 240)
CARD_COLOURS = {
    "red": (229, 57, 53),
    "blue": (30, 136, 229),
    "green": (67, 160, 71),
    "yellow": (253, 216, 53),
}
MARGIN = 3  # pixels between a card's edge and the drawing, which has a margin of its own
CORNER = 10  # radius of a card's corners in pixels


class Renderer:
    """Draws scenes; keeps every rasterised card, so a world costs little more than pasting."""

    def __init__(self, assets: Path) -> None:
        """Args: assets: directory with the downloaded wheels."""
        self._drawings = Drawings(assets)
        self._cards: dict[tuple[str, str, int], Image.Image] = {}

    def scene(self, scene: Scene) -> Image.Image:
        """Draw a scene, RGB."""
        image = Image.new("RGB", (CANVAS, CANVAS), CANVAS_COLOUR)
        for placed in scene.objects:
            image.paste(self.card(placed), (placed.x, placed.y))
        return image

    def card(self, placed: Placed) -> Image.Image:
        """Draw one object alone, cropped to its card, RGB; the corners show the canvas."""
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
