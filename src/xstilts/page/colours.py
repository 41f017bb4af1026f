"""Colours of the page by name: the style sheet says what they are by day, at night and on paper."""

from __future__ import annotations

from typing import Any

from xstilts.report.heat_map import STEPS, Colours

ACCENT, QUIET, INK, LINE, GHOST, PAPER = (
    f"var(--{name})" for name in ("accent", "quiet", "ink", "line", "ghost", "paper")
)
HEAT = Colours(
    [f"var(--step-{number})" for number in range(STEPS)],
    ink=INK,
    ink_on_strong="var(--ink-on-strong)",
    hatch="var(--hatch)",
    hatch_on_strong="var(--hatch-on-strong)",
    quiet=QUIET,
)
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "padding": {"left": 2, "right": 6, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "text": {"fontSize": 12, "color": INK},
    "line": {"strokeWidth": 1.75},
    "axis": {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    },
    "axisY": {"labelColor": INK},
}
