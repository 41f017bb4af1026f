"""`xstilts recommend`: the ranking of a study's intermediate tasks as a table, and the recommendation."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from xstilts.base.errors import ParameterError
from xstilts.base.languages import LANGUAGE_NAME
from xstilts.report.cells.metrics import ZERO_SHOT
from xstilts.report.recommend import Ranking, checked, ranking, read_files
from xstilts.report.recommend import table as as_table

WIDTH = 140


def recommend(study: str | None, target: str | None, languages: Sequence[str], console: Console | None = None) -> None:
    """Print the ranking for some languages, and the recommendation.

    Args:
        study: a folder of stages/; None: that of metrics/ which has the most seeds.
        target: None: the first of the study.
        languages: all but English if none is named.

    Raises:
        DataError: no such study.
        ParameterError: the study compares nothing with a baseline, or has no such language.
    """
    folder, files = read_files(target, study)
    target = target or next(iter(files["study"]))
    part = files["study"][target]
    known = [name for name in next(iter(part[part["metric"]].values())) if name not in (ZERO_SHOT, "gap")]
    found = ranking(files, target, checked(known, languages))
    if found is None:
        raise ParameterError(f"{folder}: nothing is compared on {target}; add none and another route to the study")
    console = console or Console(width=WIDTH)
    console.print(_table(found))
    console.print(f"From {folder}, {part['data']} data. Intervals cover {found.covers}.", highlight=False)
    console.print(found.sentence, highlight=False)


def _table(found: Ranking) -> Table:
    names = ", ".join(LANGUAGE_NAME[code] for code in found.languages)
    table = Table(title=f"{found.target} in {names}, in points", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    head, *rows = as_table(found, f"minus {found.candidates[0].baseline}", "95 %")
    for heading in head:
        table.add_column(heading, justify="left" if heading in ("route", "says") else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table
