"""The page's tables that belong to no figure: all comparisons, recipes, averages, shared data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xstilts.page.explorer import language_name
from xstilts.page.figure import Table
from xstilts.page.material import Material
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.heat_map import route_name
from xstilts.report.numbers import ABSENT, VERDICTS, difference_cells, p_value, verdict
from xstilts.report.summary import by_data, targets_of

MIXTURE = "multimodal"  # its comparison is the question as it stands, so it comes first
INTERVAL = "95 % interval"
COMPARED = ("route", "minus", "zero-shot", INTERVAL, "English", INTERVAL, "verdict", "matched")
RECIPES = ("route", "minus", "zero-shot", INTERVAL, "English", INTERVAL, "gap", INTERVAL, "languages (Holm)")
AVERAGED = ("route", "mean over", "points", INTERVAL, "p (Holm)", "targets", "left out")
LEAKS = ("route", "found", "what", "averages")
_STATUS = {"shared": "shares data", "not checked": "not checked", "none": "nothing shared"}


@dataclass(frozen=True)
class Comparisons:
    """The comparisons of a target: the differences as a table, and the sentences that say them in full."""

    table: Table
    sentences: Sequence[str]


@dataclass(frozen=True)
class Averages:
    """The means over targets of one kind of data, which share no mean with those of another."""

    data: str
    table: Table


def comparisons(material: Material, target: str) -> Comparisons | None:
    """Multimodal against text-only, then routes against their controls of equal exposure; None where there are none."""
    pairs, exposed = material.answer["answers"], material.answer.get("exposure", ())
    own = sorted((one for one in pairs if one["target"] == target), key=lambda one: one["multimodal"] != MIXTURE)
    own += [one for one in exposed if one["target"] == target]
    if not own:
        return None
    said = [" ".join([one["sentence"], *one["details"]]) for one in own]
    return Comparisons(Table(COMPARED, list(map(_compared, own))), said)


def _compared(one: Mapping[str, Any]) -> list[str]:
    names = ("multimodal", "text") if "multimodal" in one else ("route", "control")
    numbers = [*difference_cells(one[ZERO_SHOT]), *difference_cells(one.get(ENGLISH))]
    return [*(one[name] for name in names), *numbers, one["verdict"], ", ".join(one["matched"]) or "nothing"]


def recipes(material: Material, target: str) -> Table | None:
    """Each intermediate task by a recipe, minus the same by the recipe plain; None in a study of one recipe."""
    own = [one for one in material.transfer.get("recipes", ()) if one["target"] == target]
    return Table(RECIPES, list(map(_recipe, own))) if own else None


def _recipe(one: Mapping[str, Any]) -> list[str]:
    numbers = [cell for where in (ZERO_SHOT, ENGLISH, "gap") for cell in difference_cells(one.get(where))]
    return [one["route"], one["baseline"], *numbers, "; ".join(_by_verdict(one["languages"])) or ABSENT]


def _by_verdict(languages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """`better in German, Chinese`, and so on; Holm's p-value decides."""
    for said in VERDICTS:
        if codes := [code for code, own in languages.items() if verdict(own) == said]:
            yield f"{said} in {', '.join(map(language_name, codes))}"


def averages(material: Material) -> list[Averages]:
    """What each intermediate task changes in the mean over targets, one table for each kind of data."""
    return [
        Averages(data, Table(AVERAGED, list(map(_averaged, own)))) for data, own in by_data(material.transfer).items()
    ]


def _averaged(one: Mapping[str, Any]) -> list[str]:
    numbers = [*difference_cells(one[ZERO_SHOT]), p_value(one[ZERO_SHOT]["p_holm"])]
    return [one["route"], one["over"], *numbers, targets_of(one), "; ".join(one["left_out"]) or ABSENT]


def leaks(cells: Sequence[Mapping[str, Any]]) -> Table | None:
    """What the two phases of each cell share, and whether the averages hold the cell; None if none shares anything."""
    if all(cell["shared_data"] == "none" for cell in cells):
        return None
    rows = [
        [route_name(cell), _STATUS[cell["shared_data"]], "; ".join(cell["shared"]) or ABSENT, _in_averages(cell)]
        for cell in cells
    ]
    return Table(LEAKS, rows)


def _in_averages(cell: Mapping[str, Any]) -> str:
    """Whether a cell is in the averages, and where it shares nothing and is not, why."""
    if cell["in_averages"]:
        return "in the averages"
    return "left out of the averages" + (f" (control: {cell['control']})" if "control" in cell else "")
