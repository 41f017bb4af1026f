"""A figure of what each language lacks to English, by how much of it the encoder saw in pretraining."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any

import altair as alt
from scipy.stats import spearmanr

from xstilts.base.parameters import read_yaml
from xstilts.page.colours import ACCENT, PAPER
from xstilts.page.figure import Figure, Mark, Panel, Table, percent, rows_of, spec_of
from xstilts.page.material import Material
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT

Row = dict[str, Any]
TABLE = Path(__file__).with_name("pretraining.yaml")
LATIN = "Latin"
LEAST = 4  # languages below which a rank correlation says nothing at all
HEIGHT = 170
SOURCE = (
    "Sizes of CC-100, the pretraining text of XLM-R: Conneau et al. 2020, Appendix A, Table 6. Other encoders, also "
    "those distilled from it, saw other amounts."
)


def closeness_figure(material: Material, target: str) -> Figure | None:
    """English less each language against its pretraining text, a panel a route; None without English or others."""
    rows = closeness_rows(material, target)
    if not rows:
        return None
    routes = list(dict.fromkeys(row["route"] for row in rows))
    own = {route: [row for row in rows if row["route"] == route] for route in routes}
    found = {route: correlation(own[route]) for route in routes}
    said = [f"{route} {value:+.2f}".replace("-", "−") for route, value in found.items() if value is not None]
    ranked = f"Rank correlation over {len(own[routes[0]])} languages: {', '.join(said)}." if said else ""
    return Figure(
        name=f"closeness-{target}",
        title="Points behind English, by GiB of pretraining text",
        summary=f"What each language lacks to English against its share of pretraining text. {ranked}",
        panels=[Panel(route, spec_of(_scatter(own[route], rows))) for route in routes],
        table=_table(rows, routes),
        legend=[Mark("dot", "Latin script, as English"), Mark("ring", "another script")],
        note=f"{ranked} So few languages show no law. {SOURCE}{_without(material, target)}".strip(),
    )


def closeness_rows(material: Material, target: str) -> list[Row]:
    """A mapping a route and language: points behind English, GiB of pretraining text, script; known languages only."""
    known, part = read_yaml(TABLE), material.study[target]
    return [
        {
            "route": route,
            "language": language,
            "behind": 100 * (scores[ENGLISH] - scores[language]),
            "gib": known[language][0],
            "latin": known[language][1] == LATIN,
            "script": known[language][1],
        }
        for route, scores in part[part["metric"]].items()
        if ENGLISH in scores
        for language in _others(scores)
        if language in known
    ]


def _others(scores: dict[str, float]) -> list[str]:
    return [name for name in scores if name not in (ENGLISH, ZERO_SHOT, "gap")]


def _without(material: Material, target: str) -> str:
    """Which languages are not in the table of sizes."""
    part, known = material.study[target], read_yaml(TABLE)
    scores = next(iter(part[part["metric"]].values()))
    absent = [language for language in _others(scores) if language not in known]
    return f" Not drawn, for want of a number: {', '.join(absent)}." if absent else ""


def correlation(rows: Sequence[Row]) -> float | None:
    """Spearman's rank correlation of points behind and GiB; None for too few languages, or all alike."""
    behind, gib = ([row[name] for row in rows] for name in ("behind", "gib"))
    if len(rows) < LEAST or len(set(behind)) == 1 or len(set(gib)) == 1:
        return None
    return float(spearmanr(behind, gib).statistic)


def _scatter(rows: Sequence[Row], everything: Sequence[Row]) -> alt.LayerChart:
    """A route's languages; the axes are those of all routes."""
    scale = alt.Scale(type="log", domain=[min(1, *(row["gib"] for row in rows)), 400], nice=False)
    behind = [row["behind"] for row in everything]
    heights = alt.Scale(domain=[min(0, 10 * floor(min(behind) / 10)), 10 * ceil(max(max(behind), 1) / 10)])
    x = alt.X("gib:Q", title=None, scale=scale, axis=alt.Axis(values=[0.1, 1, 10, 100], grid=True, format="~g"))
    y = alt.Y("behind:Q", title=None, scale=heights, axis=alt.Axis(tickCount=4))
    tooltip = [alt.Tooltip("language:N"), alt.Tooltip("behind:Q", format=".1f"), "gib:Q", alt.Tooltip("script:N")]
    layers = []
    for latin, fill in ((True, ACCENT), (False, PAPER)):
        mark: dict[str, Any] = {"fill": fill, "stroke": ACCENT, "strokeWidth": 1.75, "size": 56, "opacity": 1}
        own = rows_of([row for row in rows if row["latin"] == latin])
        side: dict[str, Any] = {"align": "left", "dx": 7, "dy": -6} if latin else {"align": "right", "dx": -7, "dy": 7}
        layers.append(own.mark_point(**mark).encode(x, y, tooltip=tooltip))
        layers.append(own.mark_text(fontSize=11, **side).encode(x, y, text="language:N"))
    return alt.LayerChart(layer=layers, height=HEIGHT)


def _table(rows: Sequence[Row], routes: Sequence[str]) -> Table:
    behind = {(row["route"], row["language"]): row["behind"] for row in rows}
    first = [row for row in rows if row["route"] == routes[0]]
    body = [
        [row["language"], f"{row['gib']:.1f}", row["script"]]
        + [percent(behind[route, row["language"]] / 100) for route in routes]
        for row in first
    ]
    return Table(["language", "GiB", "script", *(f"{route}, points behind" for route in routes)], body)
