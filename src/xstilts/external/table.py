"""What `xstilts score-predictions` prints: scores by language, differences with intervals, and what they rest on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.numbers import MINUS, count, p_value
from xstilts.report.summary import DETECTABLE, in_cells
from xstilts.report.table import WIDTH, empty_table, print_study

Record = Mapping[str, Any]


def print_comparison(files: Record, console: Console | None = None) -> None:
    """Print the files that `xstilts.external.comparison.compare` returns."""
    console = console or Console(width=WIDTH)
    differences = files["differences"]
    print_study(files["study"], console)
    if differences["differences"]:
        console.print(difference_table(differences["differences"]))
        console.print(f"Intervals: {differences['intervals']}. They cover {differences['covers']}.", highlight=False)
    for line in notes(differences):
        console.print(line, highlight=False)


def difference_table(differences: Sequence[Record]) -> Table:
    """One system minus another, in points."""
    first = differences[0]
    title = f"{first['target']}: differences in {first['metric']} in points, {first['data']} data"
    headings = ("zero-shot", "95 %", "p", "p (Holm)", DETECTABLE, "en", "95 %", "p (Holm)")
    table = empty_table(title, headings, ("systems",))
    for one in differences:
        zero_shot, english = (in_cells(one.get(place)) for place in (ZERO_SHOT, ENGLISH))
        holm = [p_value(one[place]["p_holm"] if place in one else None) for place in (ZERO_SHOT, ENGLISH)]
        shown = (*zero_shot[:3], holm[0], zero_shot[3], *english[:2], holm[1])
        table.add_row(f"{one['route']} {MINUS} {one['baseline']}", *shown)
    return table


def scored(questions: Record) -> str:
    """`9,666 of 12,578 questions`; where languages differ, the fewest and the most."""
    numbers = sorted(zip(questions["scored"].values(), questions["of"].values(), strict=True))
    ends = dict.fromkeys(f"{count(own)} of {count(of)}" for own, of in (numbers[0], numbers[-1]))
    return f"{' to '.join(ends)} questions"


def notes(differences: Record) -> Iterator[str]:
    """How many questions are scored, which are left out, which predictions are used, and where there are none."""
    questions = differences["questions"]
    yield f"Scored: {scored(questions)}."
    for file, number in questions["left_out"].items():
        yield f"Left out: {count(number)} questions of {file}."
    said = {
        f"{name}, run {number}" if len(runs) > 1 else name: _used(questions["scored"], run)
        for name, runs in differences["predictions"].items()
        for number, run in enumerate(runs)
    }
    for words, names in _grouped(said).items():
        yield f"Predictions of {', '.join(names)}: {words}."
    if differences["not_predicted"]:
        yield f"Gold answers without predictions: {' '.join(differences['not_predicted'])}."


def _used(scored: Mapping[str, int], given: Mapping[str, int]) -> str:
    said = {language: f"{count(scored[language])} of {count(number)} scored" for language, number in given.items()}
    return "; ".join(f"{words} in {' '.join(languages)}" for words, languages in _grouped(said).items())


def _grouped(said: Mapping[str, str]) -> dict[str, list[str]]:
    """{what is said: of whom}."""
    found: dict[str, list[str]] = {}
    for name, words in said.items():
        found.setdefault(words, []).append(name)
    return found
