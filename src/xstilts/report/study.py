"""The study: routes side by side, means over seeds."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from xstilts.base.cells import Study
from xstilts.base.files import read_json
from xstilts.report.cells.metrics import CONTROLS, DIGITS, ENGLISH, ZERO_SHOT, metric_names
from xstilts.report.differences import score_to_json
from xstilts.report.paired import FORMS, Paired

METRICS = "metrics.json"
Cell = Mapping[str, Any]
Cells = Mapping[str, Sequence[Cell]]  # route -> its cells, one per seed
Rows = Mapping[str, Sequence[Mapping[str, float]]]  # route -> what a table says of each cell


def read_cells(study: Study, name: str | None = None) -> dict[str, dict[str, list[Cell]]]:
    """Return the content of metrics/cells.json, {target: {route: [metrics of each seed]}}.

    Args:
        name: of the study, whose folder the collected cells lie in; None: of the default study.

    Raises:
        DataError: a cell is missing; `read_paired` refuses cells of one target that are not alike.
    """
    return {
        target: {
            str(route): [read_json(cell.collected(name) / METRICS) for cell in own]
            for route, own in study.cells(target).items()
        }
        for target in study.targets
    }


def study_tables(cells: Mapping[str, Cells]) -> dict[str, Any]:
    """Return the content of metrics/study.json, without intervals: of each target its tables of routes by language."""
    tables = {}
    for target, own in cells.items():
        first, *others = next(iter(own.values()))
        tables[target] = {"data": first["data"], "metric": first["metric"], "seeds": 1 + len(others)} | study_table(own)
    return tables


def study_table(cells: Cells) -> dict[str, Any]:
    """Return every metric, the controls and English question types, each a mean over seeds, by route.

    With more than one seed, `spread` is the sample standard deviation of the main metric over seeds.
    """
    first = next(iter(cells.values()))[0]
    main, *others = metric_names(first)
    gap = ("gap",) if "gap" in first else ()
    rows: dict[str, Rows] = {
        main: {route: [cell[main] | {key: cell[key] for key in gap} for cell in own] for route, own in cells.items()}
    }
    for name in (*others, *(control for control in CONTROLS if control in first)):
        rows[name] = {route: [cell[name] for cell in seeds] for route, seeds in cells.items()}
    if "types" in first:
        rows["types"] = {route: [cell["types"][ENGLISH] for cell in seeds] for route, seeds in cells.items()}
    table = {what: _over_seeds(by_route, fmean) for what, by_route in rows.items()}
    if all(len(seeds) > 1 for seeds in cells.values()):
        table["spread"] = _over_seeds(rows[main], stdev)
    return table


def with_intervals(study: Mapping[str, Any], paired: Paired) -> dict[str, Any]:
    """The study with `intervals` in each target: the 95 % interval `[low, high]` of each route's main scores.

    Of English, the mean over the other languages, and the gap, as far as there are these. With several seeds they cover
    test items and training runs, with one test items only; of a score they end at 0 and 1. Two routes are compared by
    their paired difference and its own interval, in metrics/transfer.json, not by whether these overlap.
    """
    return {
        target: {**part, "intervals": _intervals(paired, target), **forms(paired, target)}
        for target, part in study.items()
    }


def forms(paired: Paired, target: str) -> dict[str, Any]:
    """The rate of answers of the right form (`form`), and accuracy given that (`content`), means over seeds.

    By route and language, with the mean over the languages other than English; in `form_types` by question type, in
    English and zero-shot. Empty where answers have no form.
    """
    measures = paired.measures(target, FORMS)
    if not measures:
        return {}
    languages = {code: [code] for code in paired.languages(target)} | {ZERO_SHOT: paired.others(target)}
    places = {ENGLISH: [ENGLISH], ZERO_SHOT: paired.others(target)}
    found: dict[str, Any] = {measure: _rates(paired, target, measure, languages) for measure in measures}
    found["form_types"] = {
        measure: {name: _rates(paired, target, measure, places, name) for name in paired.types(target)}
        for measure in measures
    }
    return found


def _rates(
    paired: Paired, target: str, measure: str, places: Mapping[str, Sequence[str]], name: str = ""
) -> dict[str, dict[str, float]]:
    """By route and place; a place without such questions, or without answers to take the rate of, is left out."""
    mixes = {place: paired.mix(target, codes, measure, name) for place, codes in places.items()}
    found: dict[str, dict[str, float]] = {}
    for route in paired.routes:
        scores = {place: paired.score(route, mix) for place, mix in mixes.items() if mix}
        found[route] = {place: round(score, DIGITS) for place, score in scores.items() if math.isfinite(score)}
    return found


def _intervals(paired: Paired, target: str) -> dict[str, dict[str, list[float | None]]]:
    """The ends of the interval of each route's means; a gap may be negative."""
    return {
        route: {
            name: score_to_json(paired.interval({route: mix}), least=-1 if name == "gap" else 0)["interval"]
            for name, mix in paired.means(target).items()
        }
        for route in paired.routes
    }


def _over_seeds(by_route: Rows, statistic: Callable[[list[float]], float]) -> dict[str, dict[str, float]]:
    """Apply a statistic over a route's rows, one per seed, key by key."""
    return {
        route: {key: round(statistic([row[key] for row in rows]), DIGITS) for key in rows[0]}
        for route, rows in by_route.items()
    }
