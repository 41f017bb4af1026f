"""The heat map: what each intermediate task changes in each language, minus the baseline, in points.

Cells whose difference is inconclusive are hatched. The same spec is drawn on the page (its colours are names
of the style sheet, so that they follow dark mode and paper) and as a picture (`PAPER`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from xstilts.base.errors import DataError
from xstilts.report.cells.metrics import ENGLISH, GAP, NAMES, ZERO_SHOT
from xstilts.report.numbers import inconclusive, percent, points, points_interval

Record = Mapping[str, Any]
STEPS = 9  # colours: four for less, one for about the same, four for more
LIMITS = (2, 5, 10, 15, 20, 25, 30, 40, 50, 100)  # points at which the scale may end
_SHORT = {ZERO_SHOT: "mean"}  # on a phone; English is "en" there
CONTROL = "(control)"  # after the name of a route that is one
STRONG = 2  # colours at either end of the scale on which numbers have the other ink
_SPACE = 0.3  # of a column, between zero-shot, the languages, and English beside them

DECIDED = "Blue: better, orange: worse, hatched: inconclusive."


@dataclass(frozen=True)
class Colours:
    """Colours by role, as CSS writes them.

    Attributes:
        steps: of the scale, `STEPS` of them from worse to better.
        ink, ink_on_strong: of a number on a cell, and on one of the `STRONG` outermost colours of either end.
        hatch, hatch_on_strong: of the lines over an inconclusive cell.
        quiet: of what is not coloured by the scale.
    """

    steps: Sequence[str]
    ink: str
    ink_on_strong: str
    hatch: str
    hatch_on_strong: str
    quiet: str


PAPER = Colours(
    ("#8a3a00", "#bd5a0a", "#f2a45c", "#fbd9b5", "#f1f2f3", "#cfe1f2", "#8dbbe0", "#3d79b6", "#174a82"),
    ink="#1c1f24",
    ink_on_strong="#ffffff",
    hatch="rgba(28, 31, 36, 0.26)",
    hatch_on_strong="rgba(0, 0, 0, 0.36)",
    quiet="#59616d",
)


def heading(column: str) -> str:
    """What stands over a column: a language's code, or the name of a mean."""
    return NAMES.get(column, column)


def cells_of(transfer: Record, target: str) -> list[Record]:
    """The cells of one target in metrics/transfer.json, one per route; controls come last."""
    return sorted((cell for cell in transfer["cells"] if cell["target"] == target), key=lambda cell: "control" in cell)


def route_name(cell: Record) -> str:
    """The route of a cell as a reader sees it: `longer/none (control)` where it is no intermediate task of its own."""
    return f"{cell['route']} {CONTROL}" if "control" in cell else str(cell["route"])


def baseline_name(cells: Sequence[Record]) -> str:
    """What differences are taken to, in a title: `none`; of several recipes, `none` by the same one."""
    baselines = list(dict.fromkeys(cell["baseline"] for cell in cells))
    of_controls = " (of a control: by plain)" if any("control" in cell for cell in cells) else ""
    return baselines[0] if len(baselines) == 1 else f"none by the same recipe{of_controls}"


def columns_of(cells: Sequence[Record]) -> list[list[str]]:
    """The columns in groups with a space between: the zero-shot mean, the languages, English and the gap."""
    first = cells[0]
    groups = [[ZERO_SHOT], list(first["languages"]), [ENGLISH, GAP]]
    there = {ZERO_SHOT, ENGLISH, GAP} & set(first) | set(first["languages"])
    return [kept for group in groups if (kept := [column for column in group if column in there])]


def heat_rows(transfer: Record, study: Record, target: str) -> list[dict[str, Any]]:
    """What the heat map shows of a target, one mapping per cell; everything in points.

    Returns:
        By route, its name for a reader, and column: `difference`, `low`, `high` (None where there is no interval),
        `hatched`; of a baseline, which comes before what is compared with it, `score` as a fraction instead. `left`,
        `middle` and `right` are where a column stands. A cell without a difference is left out.
    """
    cells = cells_of(transfer, target)
    places = _places(columns_of(cells)) if cells else {}
    rows, before = [], set()
    for cell in cells:
        if cell["baseline"] not in before:
            before.add(cell["baseline"])
            rows += [_baseline_cell(cell["baseline"], study[target], column) | at for column, at in places.items()]
        records = {**cell["languages"], **{name: cell[name] for name in NAMES if name in cell}}
        known = {column: at for column, at in places.items() if records[column]["difference"] is not None}
        rows += [_cell(cell, column, records[column]) | at for column, at in known.items()]
    return rows


def _places(groups: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
    """Where each column begins, has its middle and ends, in columns."""
    places, left = {}, 0.0
    for group in groups:
        for column in group:
            places[column] = {"left": left, "middle": left + 0.5, "right": left + 1}
            left += 1
        left += _SPACE
    return places


def _baseline_cell(baseline: str, part: Record, column: str) -> dict[str, Any]:
    score = part[part["metric"]][baseline].get(column)
    about = {"route": baseline, "name": f"{baseline}, in %", "column": column, "heading": heading(column)}
    return about | {"score": score, "text": "" if score is None else percent(score)}


def _cell(cell: Record, column: str, record: Record) -> dict[str, Any]:
    low, high = (None if value is None else round(100 * value, 2) for value in record["interval"])
    about = {"route": cell["route"], "name": route_name(cell), "column": column, "heading": heading(column)}
    drawn = {"difference": round(100 * record["difference"], 2), "low": low, "high": high}
    words = {"text": points(record["difference"]), "interval": points_interval(record["interval"])}
    return about | drawn | words | {"hatched": inconclusive(record)}


def limit_of(rows: Sequence[Record]) -> int:
    """Where the colour scale ends, in points: the least of `LIMITS` that no coloured difference exceeds."""
    largest = max((abs(row["difference"]) for row in rows if coloured(row)), default=0)
    return next((limit for limit in LIMITS if largest <= limit), LIMITS[-1])


def coloured(row: Record) -> bool:
    """Whether the scale colours a cell: a difference of scores. More gap is no better score, and the baseline is 0."""
    return "difference" in row and row["column"] != GAP


def strong(row: Record, limit: int) -> bool:
    """Whether a cell has one of the outermost colours of a scale that ends at `limit` points."""
    return coloured(row) and bool(abs(row["difference"]) >= limit * (STEPS - 2 * STRONG) / STEPS)


def heat_map(
    transfer: Record, study: Record, target: str, colours: Colours = PAPER, narrow: bool = False
) -> alt.LayerChart:
    """The chart of one target, as wide as its container.

    Args:
        narrow: for a phone: routes stand above their cells, not beside them.

    Returns:
        Layers of cells, hatching, numbers and headings; `width` is for the caller to set.
    """
    rows = heat_rows(transfer, study, target)
    names = list(dict.fromkeys(row["name"] for row in rows))
    across = alt.Scale(domain=[0, max(row["right"] for row in rows)], nice=False)
    x = alt.X("left:Q", axis=None, scale=across)
    middle = alt.X("middle:Q", axis=None, scale=across)
    y = alt.Y(
        "name:N",
        sort=names,
        axis=None if narrow else _names(colours),
        scale=alt.Scale(paddingInner=0.42 if narrow else 0.08),
    )
    layers = [*_squares(rows, x, y, colours), *_numbers(rows, middle, y, colours, 11 if narrow else 13)]
    layers.append(_headings(rows, middle, colours, narrow))
    if narrow:
        layers.append(_route_names(rows, x, y, colours))
    return alt.LayerChart(layer=layers, height=len(names) * (58 if narrow else 40))


def _names(colours: Colours) -> alt.Axis:
    """The routes beside their cells, controls in quiet colour."""
    control = {"test": f"indexof(datum.value, '{CONTROL}') >= 0", "value": colours.quiet}
    colour: Any = {"condition": control, "value": colours.ink}
    return alt.Axis(title=None, domain=False, ticks=False, labelPadding=10, labelLimit=210, labelColor=colour)


def _squares(rows: Sequence[Record], x: alt.X, y: alt.Y, colours: Colours) -> list[alt.Chart]:
    """The coloured cells, the gap's outlined ones, and the hatching of both."""
    limit, x2 = limit_of(rows), alt.X2("right:Q")
    scale = alt.Scale(type="quantize", domain=[-limit, limit], range=list(colours.steps))
    fill = alt.Color("difference:Q", scale=scale, legend=None)
    tooltip = [alt.Tooltip(f"{name}:N", title=title) for name, title in _TOOLTIP.items()]
    shown = [row for row in rows if coloured(row)]
    gaps = [row for row in rows if "difference" in row and not coloured(row)]
    inset: dict[str, Any] = {"xOffset": 1, "x2Offset": -1}
    return [
        _chart(shown).mark_rect(cornerRadius=3, **inset).encode(x, x2, y, fill, tooltip=tooltip),
        _chart(gaps)
        .mark_rect(cornerRadius=3, fill="transparent", stroke=colours.hatch, **inset)
        .encode(x, x2, y, tooltip=tooltip),
        *(
            _chart(own).mark_rect(cornerRadius=3, color=_stripes(hatch), **inset).encode(x, x2, y)
            for own, hatch in _hatched(rows, colours)
        ),
    ]


def _hatched(rows: Sequence[Record], colours: Colours) -> list[tuple[list[Record], str]]:
    """The inconclusive cells, those of strong colour last, and what they are hatched with."""
    unsure = [row for row in rows if row.get("hatched")]
    loud = [row for row in unsure if strong(row, limit_of(rows))]
    return [([row for row in unsure if row not in loud], colours.hatch), (loud, colours.hatch_on_strong)]


_TOOLTIP = {"name": "intermediate", "heading": "where", "text": "points", "interval": "95 % interval"}


def _chart(rows: Sequence[Record]) -> alt.Chart:
    return alt.Chart(alt.Data(values=list(rows)))


def _stripes(colour: str, count: int = 10) -> Any:
    """A gradient with hard edges: stripes from corner to corner at any size of cell."""
    stops = []
    for number in range(count):
        start = (number + 0.35) / count
        for offset, own in ((start, "transparent"), (start, colour), (start + 0.3 / count, colour)):
            stops.append(alt.GradientStop(color=own, offset=round(offset, 4)))
        stops.append(alt.GradientStop(color="transparent", offset=round(start + 0.3 / count, 4)))
    return alt.Gradient(gradient="linear", stops=stops, x1=0, y1=1, x2=1, y2=0)


def _numbers(rows: Sequence[Record], middle: alt.X, y: alt.Y, colours: Colours, size: int) -> list[alt.Chart]:
    """The points in each cell, and the baseline's score."""
    scored = [row for row in rows if "score" in row]
    loud = [row for row in rows if strong(row, limit_of(rows))]
    soft = [row for row in rows if "difference" in row and row not in loud]
    parts = ((loud, colours.ink_on_strong), (soft, colours.ink), (scored, colours.quiet))
    text = alt.Text("text:N")
    return [_chart(own).mark_text(color=ink, fontSize=size).encode(middle, y, text) for own, ink in parts]


def _headings(rows: Sequence[Record], middle: alt.X, colours: Colours, narrow: bool) -> alt.Chart:
    """The columns' headings, above the first row, which is a baseline's."""
    scored = [row for row in rows if row["route"] == rows[0]["route"]]
    if narrow:
        scored = [{**row, "heading": _SHORT.get(row["column"], row["column"])} for row in scored]
    mark: dict[str, Any] = {"y": -12, "baseline": "bottom", "color": colours.quiet}
    chart: alt.Chart = _chart(scored).mark_text(**mark).encode(middle, text="heading:N")
    return chart


def _route_names(rows: Sequence[Record], x: alt.X, y: alt.Y, colours: Colours) -> alt.Chart:
    """Each route above its cells."""
    first = [row for row in rows if row["left"] == 0]
    mark: dict[str, Any] = {"align": "left", "baseline": "bottom", "dy": -19, "fontWeight": 600}
    chart: alt.Chart = _chart(first).mark_text(color=colours.ink, **mark).encode(x, y, text="name:N")
    return chart


def heat_map_png(transfer: Record, study: Record, target: str, scale: float = 2.0) -> bytes:
    """The heat map of a target as a PNG, with a title and what its colours and hatching mean; for a review comment.

    Raises:
        DataError: there are no cells to show: the study has no baseline, or no other route.
    """
    cells = cells_of(transfer, target)
    if not cells:
        expected = f"one cell per route that is compared with {transfer['baseline']}"
        todo = f"name {transfer['baseline']} and another route in study.intermediates"
        raise DataError("metrics/transfer.json", None, f"no cells of {target}", expected, todo)
    seeds = "one seed" if transfer["seeds"] == 1 else f"{transfer['seeds']} seeds"
    title = f"{target}: {cells[0]['metric']} minus that of {baseline_name(cells)}, in points"
    colours = "Blue: more, orange: less. One run: no verdict." if transfer["seeds"] == 1 else DECIDED
    scores = "First row" if len({cell["baseline"] for cell in cells}) == 1 else "Rows of none"
    below = f"{cells[0]['data']} data, {seeds}. {colours} {scores}: in %."
    width = 62 * sum(len(group) for group in columns_of(cells))
    chart = heat_map(transfer, study, target).properties(
        width=width, title=alt.TitleParams(title, subtitle=below, anchor="start", offset=30, frame="bounds")
    )
    config = {"background": "white", "padding": 16, "view": {"stroke": None}, "font": "sans-serif"}
    spec = {**chart.to_dict(), "config": {**config, "text": {"fontSize": 12}, "axis": {"labelFontSize": 13}}}
    return bytes(vl_convert.vegalite_to_png(spec, scale=scale))
