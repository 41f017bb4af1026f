"""Contrasts of the style sheet by the formula of WCAG 2.2: text at least 4.5, what a figure is read by at least 3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xstilts.page import render
from xstilts.report.heat_map import PAPER, STEPS, STRONG

STYLE = Path(render.__file__).with_name("templates") / "page.css"
TEXT, GRAPHIC = 4.5, 3.0
Colour = tuple[float, float, float]


def modes() -> dict[str, dict[str, str]]:
    """The colours by name, by day and at night."""
    day, night = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): ([^;]+);", part)) for part in (day, night))
    assert len(light) == len(dark) > STEPS
    return {"light": light, "dark": dark}


@pytest.fixture(params=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> dict[str, str]:
    return modes()[request.param]


def parse(colour: str) -> Colour:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def over(transparent: str, below: Colour) -> Colour:
    """An rgba() colour over another one."""
    *top, opacity = map(float, re.findall(r"[\d.]+", transparent))
    red, green, blue = (opacity * own + (1 - opacity) * under for own, under in zip(top, below, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    parts = [value / 255 for value in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula() -> None:
    assert contrast(parse("#000000"), parse("#ffffff")) == pytest.approx(21)
    assert contrast(parse("#777777"), parse("#ffffff")) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("step", range(STEPS))
def test_numbers_are_read_on_every_colour_of_the_heat_map_and_on_its_hatching(
    colours: dict[str, str], step: int
) -> None:
    strong = step < STRONG or step >= STEPS - STRONG
    ink = parse(colours["ink-on-strong" if strong else "ink"])
    cell = parse(colours[f"step-{step}"])
    stripe = over(colours["hatch-on-strong" if strong else "hatch"], cell)
    assert contrast(ink, cell) >= TEXT
    assert contrast(ink, stripe) >= TEXT
    assert contrast(stripe, cell) > 1.15  # which is hatching one can see


@pytest.mark.parametrize("ground", ["paper", "card"])
def test_text_is_read(colours: dict[str, str], ground: str) -> None:
    for name in ("ink", "quiet", "accent", "worse"):
        assert contrast(parse(colours[name]), parse(colours[ground])) >= TEXT, name
    for name in ("accent", "worse"):
        assert contrast(parse(colours[name]), parse(colours[f"{name}-soft"])) >= TEXT, name


def test_marks_are_seen(colours: dict[str, str]) -> None:
    for name in ("accent", "quiet", "ghost"):
        assert contrast(parse(colours[name]), parse(colours["paper"])) >= GRAPHIC, name


def test_the_picture_has_the_colours_of_the_page_by_day() -> None:
    light = modes()["light"]
    assert list(PAPER.steps) == [light[f"step-{step}"] for step in range(STEPS)]
    own = {"ink": PAPER.ink, "ink-on-strong": PAPER.ink_on_strong, "hatch": PAPER.hatch, "quiet": PAPER.quiet}
    assert {**own, "hatch-on-strong": PAPER.hatch_on_strong}.items() <= light.items()
