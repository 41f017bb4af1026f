"""The first screen: which intermediate task is best, against none and at equal exposure, with every seed in sight."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from xstilts.page.charts import ACCENT, GHOST, PAPER, QUIET, Row, difference_row, ends_of, panels, rows_of, tips
from xstilts.page.figure import Figure, Mark, Table, metric_name
from xstilts.page.material import Material
from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.numbers import ABSENT, ONE_RUN, difference, items_only, points, points_interval, verdict
from xstilts.report.recommend import Candidate, Ranking, ranking, remaining, table

ROW = 44  # pixels: a difference with its seeds above it
TRAP = "A dot is what the study would have found with that one seed of each route, and nothing else."
ALONE = "One seed of each route: others would give other dots, by an amount that one seed does not show. So no verdict."
HEAD = ("route", "minus", "points", "95 % interval", "by seed")


@dataclass(frozen=True)
class Best:
    """The best intermediate task of a target in large print.

    Attributes:
        advice: what to do, in a few words.
        kind: `better`, `worse` or another verdict, by which the card is coloured.
        what: which difference the estimate is.
        lines: what else there is to know, a sentence each.
    """

    target: str
    advice: str
    kind: str
    estimate: str
    interval: str
    what: str
    lines: Sequence[str]


def best_of(material: Material, target: str, found: Ranking) -> Best:
    """The first of a ranking."""
    first, *others = found.candidates
    said = verdict(first.gain)
    kind = said if said != "better" or first.helps else "inconclusive"
    interval = items_only(first.gain) + points_interval(first.gain["interval"])
    alike = [one.route for one in others if one.like]
    lines = [_exposed(first)] if first.exposed else []
    lines += [f"Not shown to be better than {' or '.join(alike)}."] if alike and first.helps else []
    lines += [f"{remaining(first)}."] if remaining(first) else []
    lines += [_named(one) for one in material.answer["answers"] if one["target"] == target and one.get("primary")]
    what = f"{first.route} minus {first.baseline}"
    return Best(target, found.advice, kind, points(first.gain["difference"]), interval, what, lines)


def _exposed(one: Candidate) -> str:
    assert one.exposed
    said = verdict(one.exposed)
    own = f"{one.route} minus {one.control}, which was trained on the target for as long: {difference(one.exposed)}"
    return f"At equal exposure, {own}" + ("." if said == ONE_RUN else f", {said}.")


def _named(one: Mapping[str, Any]) -> str:
    """The comparison that the protocol names before the runs."""
    own = f"{one['multimodal']} minus {one['text']}, {difference(one[ZERO_SHOT])}"
    said = "" if one["verdict"] == ONE_RUN else f", {one['verdict']}"
    return f"The comparison named in advance: {own}{said}."


def best_figure(material: Material, target: str, found: Ranking) -> Figure:
    """Each intermediate task minus its baseline, and minus its control of equal exposure: intervals, and every seed."""
    rows = list(best_rows(material, target, found))
    ends = ends_of(rows, "difference") + [seed for row in rows for seed in row["seeds"]]
    said = "; ".join(f"{row['route']} minus {row['other']} {row['text']} ({row['interval']})" for row in rows)
    name = metric_name(material.study[target]["metric"])
    return Figure(
        name=f"best-{target}",
        title=f"What each intermediate task changes in zero-shot {name}, in points",
        summary=f"One row per intermediate task, the best first: {said}.",
        panels=panels(rows, "panel", lambda own: _forest(own, ends)),
        table=Table(HEAD, [_numbers(row) for row in rows]),
        legend=_legend(found),
        note=TRAP if found.seeds > 1 else ALONE,
    )


def _legend(found: Ranking) -> list[Mark]:
    meaning = "mean over seeds" if found.seeds > 1 else "the only seed"
    seeds = [Mark("dot small", "a single seed")] if found.seeds > 1 else []
    return [Mark("dot", meaning), *seeds, Mark("stroke", f"95 % interval: {found.covers}")]


def best_rows(material: Material, target: str, found: Ranking) -> Iterator[Row]:
    """One row per comparison, in points: the difference, its interval, and what every seed alone would have said."""
    several = len({one.baseline for one in found.candidates}) > 1
    against = "none by the same recipe" if several else found.candidates[0].baseline
    for panel in ("gain", "exposed"):
        for one in found.candidates:
            record, other = (one.gain, one.baseline) if panel == "gain" else (one.exposed, one.control)
            if not record or record["difference"] is None:
                continue
            title = f"minus {against}" if panel == "gain" else f"at equal exposure: minus {one.control}"
            seeds = seed_differences(material, target, one.route, other)
            yield {"panel": title, "route": one.route, "other": other, "seeds": seeds, **difference_row(record)}


def seed_differences(material: Material, target: str, route: str, other: str) -> list[float]:
    """A route minus another with each seed, zero-shot, in points."""
    metric, cells = material.study[target]["metric"], material.cells[target]
    pairs = zip(cells[route], cells[other], strict=True)
    return [
        100 * (one[metric][ZERO_SHOT] - base[metric][ZERO_SHOT])
        for one, base in pairs
        if metric in one and metric in base
    ]


def _numbers(row: Row) -> list[str]:
    seeds = ", ".join(points(seed / 100) for seed in row["seeds"]) or ABSENT
    return [row["route"], row["other"], row["text"], row["interval"], seeds]


def _forest(rows: Sequence[Row], ends: Sequence[float]) -> alt.LayerChart:
    """A rule at 0; of each route its interval, its difference, and above them the seeds."""
    names = [row["route"] for row in rows]
    scale = alt.Scale(domain=[min(0, *ends), max(0, *ends)], nice=True)
    x = alt.X("difference:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5))
    y = alt.Y("route:N", sort=names, title=None, axis=alt.Axis(labelLimit=130))
    seeds = [
        {"route": row["route"], "difference": seed, "seed": number, "text": points(seed / 100)}
        for row in rows
        for number, seed in enumerate(row["seeds"])
    ]
    tooltip = tips(route="route", other="minus", text="points", interval="95 % interval")
    layers = [rows_of([{"zero": 0}]).mark_rule(color=QUIET, strokeWidth=1).encode(x="zero:Q")]
    if len(seeds) > len(rows):
        dot: dict[str, Any] = {"size": 30, "fill": GHOST, "opacity": 0.75, "yOffset": -11, "strokeWidth": 0}
        layers.append(
            rows_of(seeds).mark_circle(**dot).encode(x, y, tooltip=tips(route="route", seed="seed", text="points"))
        )
    line = rows_of(rows).mark_rule(strokeWidth=3, color=ACCENT, opacity=0.5, yOffset=4)
    layers.append(line.encode(alt.X("low:Q"), alt.X2("high:Q"), y))
    mark: dict[str, Any] = {"size": 90, "fill": ACCENT, "stroke": PAPER, "strokeWidth": 1, "opacity": 1, "yOffset": 4}
    layers.append(rows_of(rows).mark_circle(**mark).encode(x, y, tooltip=tooltip))
    return alt.LayerChart(layer=layers, height=ROW * len(rows))


def rankings(material: Material) -> dict[str, Ranking]:
    """The ranking of each target that has one; none where routes are other people's systems."""
    if "question" in material.answer:
        return {}
    found = {target: ranking(vars(material), target) for target in material.targets}
    return {target: one for target, one in found.items() if one and one.candidates[0].gain["difference"] is not None}


def ranking_table(found: Ranking) -> Table:
    """What `xstilts recommend` prints, for all languages but English; without columns that hold nothing."""
    head, *rows = table(found, "points", "95 % interval")
    there = [number for number in range(len(head)) if any(row[number] != ABSENT for row in rows)]
    return Table([head[number] for number in there], [[row[number] for number in there] for row in rows])
