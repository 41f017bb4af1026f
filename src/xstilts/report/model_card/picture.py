"""The picture of a model card: its scores by language, with intervals."""

from typing import Any

import altair as alt
import vl_convert

from xstilts.base.languages import LANGUAGE_NAME
from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.model_card.facts import Facts
from xstilts.report.numbers import percent

FILE = "scores.png"
ROW, WIDTH = 22, 420  # pixels of a language, and of the scale
ACCENT, QUIET = "#0969da", "#8c959f"


def scores_picture(facts: Facts) -> bytes:
    """Dots with their 95 % intervals, English first, on white; grey: the same questions without the picture. PNG."""
    metric, scale = facts.scores["metric"], alt.Scale(domain=[0, 100])
    rows = [_row(facts, metric, code) | _ends(facts, code) for code in facts.languages]
    y = alt.Y("language:N", sort=[row["language"] for row in rows], title=None)
    base = alt.Chart(alt.Data(values=rows))
    layers = [
        base.mark_rule(color=ACCENT, strokeWidth=2.5).encode(x="low:Q", x2="high:Q", y=y),
        base.mark_point(filled=True, color=ACCENT, size=80, opacity=1).encode(alt.X("score:Q", scale=scale), y),
    ]
    if "blind" in facts.metrics:
        blind = alt.Chart(alt.Data(values=[_row(facts, "blind", code) for code in facts.languages]))
        layers.insert(0, blind.mark_point(color=QUIET, size=60).encode(alt.X("score:Q", scale=scale), y))
    mean = facts.metrics[metric].get(ZERO_SHOT)
    said = f"; mean of the others {percent(mean)}" if mean is not None else ""
    title = f"{facts.cell.target} after {facts.route}: {metric} in %, {facts.data} data{said}"
    chart = alt.LayerChart(layer=layers, width=WIDTH, height=ROW * len(rows), title=title)
    axis = {"axisX": {"title": None}, "title": {"anchor": "start"}, "background": "white"}
    png: bytes = vl_convert.vegalite_to_png({**chart.to_dict(), "config": axis}, scale=2)
    return png


def _row(facts: Facts, metric: str, code: str) -> dict[str, Any]:
    return {"language": LANGUAGE_NAME.get(code, code), "score": 100 * facts.metrics[metric][code]}


def _ends(facts: Facts, code: str) -> dict[str, Any]:
    found = facts.intervals[code]
    return {"low": 100 * found.low, "high": 100 * found.high} if found.low == found.low else {}  # nan: no interval
