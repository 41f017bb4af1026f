"""A figure of how far each language is behind English, by how much of it the encoder saw in pretraining."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any

import altair as alt
from scipy.stats import spearmanr

from xstilts.base.parameters import read_yaml
from xstilts.page.charts import ACCENT, PAPER, Row, distinct, filled, panels, rows_of, rows_with, tips
from xstilts.page.explorer import language_name
from xstilts.page.figure import Figure, Mark, Table
from xstilts.page.material import Material
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.numbers import coefficient, points

TABLE = Path(__file__).with_name("pretraining.yaml")
LATIN = "Latin"
LEAST = 4  # languages: with fewer, a rank correlation says nothing at all
HEIGHT = 170
SOURCE = (
    "Sizes of CC-100, the pretraining text of XLM-R: Conneau et al. 2020, Appendix A, Table 6. Other encoders, also "
    "those distilled from it, saw other amounts."
)


def pretraining_figure(material: Material, target: str) -> Figure | None:
    """English minus each language by its pretraining text, one panel per route; None without English or others."""
    rows = pretraining_rows(material, target)
    if not rows:
        return None
    routes = distinct(rows, "route")
    ranked = _ranked({route: rows_with(rows, route=route) for route in routes})
    return Figure(
        name=f"pretraining-{target}",
        title="English minus each language, in points, by GiB of pretraining text",
        summary=f"How far each language is behind English, by its amount of pretraining text. {ranked}",
        panels=panels(rows, "route", lambda own: _scatter(own, rows)),
        table=_table(rows, routes),
        legend=[Mark("dot", "Latin script, as English"), Mark("ring", "another script")],
        note=f"{ranked} So few languages show no law. {SOURCE}{_without(material, target)}".strip(),
    )


def _ranked(rows: Mapping[str, Sequence[Row]]) -> str:
    """The rank correlations of all routes in a sentence; "" where there are none."""
    found = {route: correlation(own) for route, own in rows.items()}
    said = [f"{route} {coefficient(value)}" for route, value in found.items() if value is not None]
    languages = len(next(iter(rows.values())))
    return f"Rank correlation over {languages} languages: {', '.join(said)}." if said else ""


def pretraining_rows(material: Material, target: str) -> list[Row]:
    """One row per route and language: points behind English, GiB of pretraining text, script; known languages only."""
    known, part = read_yaml(TABLE), material.study[target]
    return [
        {
            "route": route,
            "language": language,
            "name": language_name(language),
            "behind": 100 * (scores[ENGLISH] - scores[language]),
            "text": points(scores[ENGLISH] - scores[language]),
            "gib": known[language][0],
            "script": known[language][1],
        }
        for route, scores in part[part["metric"]].items()
        if ENGLISH in scores
        for language in _others(scores)
        if language in known
    ]


def _others(scores: Mapping[str, float]) -> list[str]:
    return [name for name in scores if name not in (ENGLISH, ZERO_SHOT, "gap")]


def _without(material: Material, target: str) -> str:
    """Which languages are not in the table of sizes."""
    part, known = material.study[target], read_yaml(TABLE)
    scores = next(iter(part[part["metric"]].values()))
    absent = [language for language in _others(scores) if language not in known]
    return f" Not drawn, since no size is known: {', '.join(map(language_name, absent))}." if absent else ""


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
    tooltip = tips(name="language", text="points", gib="GiB", script="script")
    layers = []
    for latin, fill in ((True, ACCENT), (False, PAPER)):
        own = rows_of([row for row in rows if (row["script"] == LATIN) == latin])
        side: dict[str, Any] = {"align": "left", "dx": 7, "dy": -6} if latin else {"align": "right", "dx": -7, "dy": 7}
        layers.append(own.mark_point(**filled(fill, ACCENT, size=56)).encode(x, y, tooltip=tooltip))
        layers.append(own.mark_text(fontSize=11, **side).encode(x, y, text="language:N"))
    return alt.LayerChart(layer=layers, height=HEIGHT)


def _table(rows: Sequence[Row], routes: Sequence[str]) -> Table:
    behind = {(row["route"], row["language"]): row["text"] for row in rows}
    body = [
        [
            language_name(row["language"]),
            str(row["gib"]),
            row["script"],
            *(behind[route, row["language"]] for route in routes),
        ]
        for row in rows_with(rows, route=routes[0])
    ]
    return Table(["language", "GiB", "script", *(f"{route}, points" for route in routes)], body)
