"""Pictures with English names, for aligning vision with words: every noun alone, on cards of all colours."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.render import Renderer
from xstilts.data.pictograms.scene import COLOURS, SIZES, Placed

VARIANTS = 6  # a noun; the colours take turns, so that every colour and size is about as frequent


def naming(renderer: Renderer) -> tuple[list[dict[str, str]], Iterator[tuple[str, Image.Image]]]:
    """Return the list of names.json and the pictures, each with its id, cropped to the card."""
    cards = [card for number, noun in enumerate(load_nouns()) for card in _variants(noun, number)]
    return [_entry(card) for card in cards], ((_id(card), renderer.card(card)) for card in cards)


def _variants(noun: str, number: int) -> list[Placed]:
    colours = [COLOURS[(number + variant) % len(COLOURS)] for variant in range(VARIANTS)]
    sizes = [SIZES[variant * len(SIZES) // VARIANTS] for variant in range(VARIANTS)]
    return [Placed(noun, colour, size, slot=0, x=0, y=0) for colour, size in zip(colours, sizes, strict=True)]


def _entry(card: Placed) -> dict[str, str]:
    return {"image": _id(card), "name": card.noun, "colour": card.colour, "size": card.size}


def _id(card: Placed) -> str:
    return f"{card.noun}-{card.colour}-{card.size}"
