"""The figure of what an intermediate task is worth in target examples, and the table of the form of answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from xstilts.page.charts import ACCENT, GHOST, Row, distinct, rows_of, rows_with, spec_of, tips
from xstilts.page.figure import PLACES, Figure, Mark, Panel, Table
from xstilts.page.material import Material
from xstilts.report.numbers import count, percent, percent_interval

HEIGHT = 150
NOTE = (
    "An intermediate task is worth as many target examples as none needs more for the same score: the distance between "
    "the curves from left to right, which one number of examples cannot show."
)


def budget_figure(material: Material, target: str) -> Figure | None:
    """Scores by the number of target examples, a panel per task and place; None with one number alone."""
    rows = list(budget_rows(material.answer.get("budgets", ()), target))
    if not rows:
        return None
    tasks, places = (distinct(rows, key) for key in ("task", "where"))
    shown = [[row[key] for key in ("task", "where", "count", "text", "interval")] for row in rows]
    return Figure(
        name=f"budgets-{target}",
        title="What an intermediate task is worth in target examples, in %",
        summary=f"Scores of {', '.join(tasks)} by the number of target examples, {' and '.join(places)}.",
        panels=[Panel(f"{task}, {where}", spec_of(_curve(rows, task, where))) for where in places for task in tasks],
        table=Table(["task", "where", "target examples", "score", "95 % interval"], shown),
        legend=[Mark("bar", "the task of the panel"), Mark("bar ghost", "the other tasks")],
        note=NOTE,
    )


def budget_rows(budgets: Sequence[Mapping[str, Any]], target: str) -> Iterator[Row]:
    """One row per task, place and number of examples: the score and the ends of its interval in percent."""
    for one in budgets:
        for point in one["points"] if one["target"] == target else ():
            for key, where in PLACES.items():
                if key in point:
                    score, ends = point[key]["score"], point[key]["interval"]
                    words = {"text": percent(score), "interval": percent_interval(ends)}
                    place = {"task": one["task"], "where": where, "examples": point["examples"]}
                    yield place | {"count": count(point["examples"]), "score": 100 * score, **words}


def _curve(rows: Sequence[Row], task: str, where: str) -> alt.LayerChart:
    """The curve of a task before those of the others, on a logarithmic axis of examples."""
    here = rows_with(rows, where=where)
    x = alt.X("examples:Q", title=None, scale=alt.Scale(type="log", nice=False), axis=alt.Axis(tickCount=4))
    scale = alt.Scale(domain=[min(row["score"] for row in here), max(row["score"] for row in here)], nice=True)
    y = alt.Y("score:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4))
    own, others = ([row for row in here if (row["task"] == task) == mine] for mine in (True, False))
    tooltip = tips(task="task", count="target examples", text="%", interval="95 %")
    mark: dict[str, Any] = {"fill": ACCENT, "size": 34, "opacity": 1}
    layers = [rows_of(others).mark_line(color=GHOST).encode(x, y, alt.Detail("task:N"))]
    layers.append(rows_of(own).mark_line(color=ACCENT).encode(x, y))
    layers.append(rows_of(own).mark_circle(**mark).encode(x, y, tooltip=tooltip))
    return alt.LayerChart(layer=layers, height=HEIGHT)


def form_table(material: Material, target: str) -> Table | None:
    """Right form, and accuracy given that, by route: in the mean, by language and by question type, in percent."""
    part = material.study[target]
    if "form" not in part:
        return None
    rows = []
    for route, languages in part["form"].items():
        for place, form in languages.items():
            rows.append([route, PLACES.get(place, place), percent(form), percent(part["content"][route].get(place))])
        for name, by_route in part["form_types"]["form"].items():
            content = part["form_types"]["content"][name][route]
            rows += [
                [route, f"{name}, {PLACES[place]}", percent(form), percent(content.get(place))]
                for place, form in by_route[route].items()
            ]
    return Table(["route", "where", "answers of the right form", "accuracy given the right form"], rows)
