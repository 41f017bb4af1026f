"""README's pictures, drawn from a study's files in light and dark colours: `xstilts pictures`.

`study-*.svg` show every route's score in English and zero-shot, each training run as a dot; they need what git holds.
`scene-*.svg` show one question in every language with the routes' answers; they need what the stages `scenes` and
`collect` made, and are left alone without it.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

import altair as alt
import vl_convert
from jinja2 import Environment

from xstilts.base.cells import Cell, Route, metrics_folder, report_folder
from xstilts.base.files import open_rows, read_json
from xstilts.base.languages import LANGUAGE_NAME
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.numbers import percent
from xstilts.show import read_study

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans Bengali', 'Noto Sans CJK KR', sans-serif"
PLACES = {ZERO_SHOT: "languages without labels (zero-shot)", ENGLISH: "English"}
STEP, WIDTH = 36, 300  # pixels of a route's row, and of a panel
MOST = 3  # routes beside a question
RIGHT = 0.5  # of an answer's points: from here on it counts as right


@dataclass(frozen=True)
class Colours:
    """Colours by role; the background is GitHub's, light and dark."""

    ink: str
    quiet: str
    line: str
    accent: str
    right: str
    wrong: str


THEMES = {
    "light": Colours("#1f2328", "#59636e", "#d1d9e0", "#0969da", "#116329", "#a40e26"),
    "dark": Colours("#f0f6fc", "#9198a1", "#3d444d", "#58a6ff", "#6fdd8b", "#ff9492"),
}


def draw(out: Path, study: str | None = None) -> list[Path]:
    """Draw the pictures of a study's first target into a folder; return those that were written.

    Raises:
        DataError: the study was not run.
    """
    content = read_study(study)
    target = next(iter(content["study"]))
    cells = read_json(metrics_folder(study) / "cells.json")[target]
    drawn = {f"study-{name}": study_svg(target, content, cells, colours) for name, colours in THEMES.items()}
    if (exhibit := find_exhibit(study, target, content)) is not None:
        drawn |= {f"scene-{name}": scene_svg(exhibit, colours) for name, colours in THEMES.items()}
    out.mkdir(parents=True, exist_ok=True)
    for name, svg in drawn.items():
        (out / f"{name}.svg").write_text(svg, encoding="utf-8")
    return [out / f"{name}.svg" for name in drawn]


def study_svg(
    target: str, content: Mapping[str, Any], cells: Mapping[str, Sequence[Mapping[str, Any]]], colours: Colours
) -> str:
    """Scores of every route in two panels, zero-shot and English: runs as dots, their mean and its 95 % interval."""
    part = content["study"][target]
    panels = [
        _panel(place, part, cells, colours) for place in PLACES if place in next(iter(part["intervals"].values()))
    ]
    seeds = "one training run of each route" if part["seeds"] == 1 else f"{part['seeds']} training runs of each route"
    covers = "test items alone" if part["seeds"] == 1 else "training runs and test items"
    chart = alt.HConcatChart(hconcat=panels, spacing=24).properties(
        title=alt.TitleParams(
            f"{target}, {part['data']} data: {part['metric']} in %, {seeds}",
            subtitle=f"Small dots: runs. Large: means, with 95 % intervals over {covers}. Dashed: the first route.",
            anchor="start",
            color=colours.ink,
            subtitleColor=colours.quiet,
            fontSize=15,
            subtitleFontSize=12,
            fontWeight=600,
        )
    )
    svg: str = vl_convert.vegalite_to_svg({**chart.to_dict(), "config": _config(colours)})
    return svg


def _panel(
    place: str, part: Mapping[str, Any], cells: Mapping[str, Sequence[Mapping[str, Any]]], colours: Colours
) -> alt.LayerChart:
    metric, routes = part["metric"], list(part["intervals"])
    means = [
        {"route": route, "score": 100 * part[metric][route][place], "text": percent(part[metric][route][place])}
        | {"low": 100 * part["intervals"][route][place][0], "high": 100 * part["intervals"][route][place][1]}
        for route in routes
    ]
    runs = [{"route": route, "score": 100 * one[metric][place]} for route in routes for one in cells[route]]
    first = place == next(iter(PLACES))
    y = alt.Y("route:N", sort=routes, title=None, axis=alt.Axis(labels=first, labelLimit=170))
    x = alt.X("score:Q", title=PLACES[place], scale=alt.Scale(zero=False, nice=True, padding=6))
    base, every = alt.Chart(alt.Data(values=means)), alt.Chart(alt.Data(values=runs))
    layers = [
        alt.Chart(alt.Data(values=means[:1])).mark_rule(color=colours.quiet, strokeDash=[4, 4]).encode(x="score:Q"),
        base.mark_rule(color=colours.accent, strokeWidth=2.5).encode(x="low:Q", x2="high:Q", y=y),
        every.mark_point(filled=True, color=colours.quiet, size=26, opacity=0.9).encode(x=x, y=y),
        base.mark_point(filled=True, color=colours.accent, size=90, opacity=1).encode(x=x, y=y),
        base.mark_text(dy=-11, fontSize=11, color=colours.ink).encode(x=x, y=y, text="text:N"),
    ]
    return alt.LayerChart(layer=layers, width=WIDTH, height=STEP * len(routes))


def _config(colours: Colours) -> dict[str, Any]:
    lines = dict.fromkeys(("gridColor", "domainColor", "tickColor"), colours.line)
    sizes = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    axis = {"labelColor": colours.ink, "titleColor": colours.quiet, **lines, **sizes}
    return {"background": "transparent", "font": FONT, "axis": axis, "view": {"stroke": None}}


@dataclass(frozen=True)
class Exhibit:
    """A question about a scene in every language, and what the routes answered.

    Attributes:
        picture: a data URI.
        answer: the right one.
        rows: {language: its question, and of each route the answer and whether it is right}.
    """

    picture: str
    answer: str
    routes: Sequence[str]
    rows: Mapping[str, tuple[str, Sequence[tuple[str, bool]]]]


def find_exhibit(study: str | None, target: str, content: Mapping[str, Any]) -> Exhibit | None:
    """The question of the drawn scenes whose share of right answers is nearest to the study's mean; None: no scenes.

    It is chosen by this rule and not by eye, over all languages and the routes shown; of several, the first by id.
    """
    folder = report_folder(study) / "scenes" / target
    if not (folder / "questions.arrow").is_file() or not len(asked := open_rows(folder / "questions.arrow")):
        return None
    part = content["study"][target]
    collected = {route: _answers(study, target, route) for route in part["intervals"]}
    routes = [route for route, answers in collected.items() if answers][:MOST]
    if not routes:
        return None
    given = {route: collected[route] for route in routes}
    questions: dict[str, dict[str, dict[str, Any]]] = {}
    for row in asked.to_pylist():
        questions.setdefault(row["id"], {})[row["language"]] = row
    shares = {
        one: fmean(given[route][one, language][1] for route in routes for language in texts)
        for one, texts in questions.items()
    }
    mean = fmean(shares.values())
    chosen = min(shares, key=lambda one: (abs(shares[one] - mean), one))
    rows = {
        language: (row["question"], [_marked(given[route][chosen, language]) for route in routes])
        for language, row in questions[chosen].items()
    }
    one = next(iter(questions[chosen].values()))
    pictures = {row["image_id"]: row["webp"] for row in open_rows(folder / "pictures.arrow").to_pylist()}
    uri = "data:image/webp;base64," + base64.b64encode(pictures[one["image_id"]]).decode()
    return Exhibit(uri, one["answer"], routes, rows)


def _answers(study: str | None, target: str, route: str) -> dict[tuple[str, str], tuple[str, float]]:
    """{question and language: answer and points} of a route's first run that was collected; {} if there is none."""
    one = Route.parse(route)
    folders = report_folder(study) / "cells" / target / one.recipe
    seeds = [int(path.name.rpartition("-s")[2]) for path in folders.glob(f"{one.task}-s*")]
    if not seeds:
        return {}
    seed = min(seeds)
    rows = open_rows(Cell(one.recipe, one.task, seed, target).collected(study) / "answers.arrow").to_pylist()
    return {(row["id"], row["language"]): (row["prediction"], row["score"]) for row in rows}


def _marked(given: tuple[str, float]) -> tuple[str, bool]:
    return given[0], given[1] >= RIGHT


def scene_svg(exhibit: Exhibit, colours: Colours) -> str:
    """The scene, and a row per language: the question, and each route's answer, marked right or wrong."""
    template = files("xstilts").joinpath("pictures.svg.j2").read_text(encoding="utf-8")
    source = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    return source.render(exhibit=exhibit, colours=colours, font=FONT, names=LANGUAGE_NAME) + "\n"
