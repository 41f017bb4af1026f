"""A study of five seeds, from the items of its cells to what is printed: every part says what its intervals cover."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from xstilts.base.cells import cell_of
from xstilts.base.errors import DataError
from xstilts.report.answer import answers
from xstilts.report.claims import claims
from xstilts.report.heat_map import heat_rows
from xstilts.report.numbers import percent
from xstilts.report.sentences import sentences
from xstilts.report.study import read_cells, study_tables, with_intervals
from xstilts.report.summary import print_summary
from xstilts.report.table import WIDTH, print_study
from xstilts.report.transfer import transfer_matrix, transfer_rows

SEEDS = range(5)
SHUFFLED = "shuffled_labels/gqa"
GAINS = {"none": 0.0, "squad": -0.04, "gqa": 0.08, SHUFFLED: 0.0}
COVERED = "test items and training runs (5 seeds)"


@pytest.fixture
def of(write_cell: Any, read: Any) -> Any:
    """Five training runs of four routes, which differ by some points; `of(seeds)` reads some of them."""
    for route, gain in GAINS.items():
        cost = {"shuffled_labels": ["gqa"]} if route == SHUFFLED else {}
        for seed in SEEDS:
            run = float(np.random.default_rng([seed, len(route)]).normal(0, 0.02))
            write_cell("xgqa", route, seed, more=gain + run, english=0.2, cost=cost)
    return lambda seeds=SEEDS: read(["xgqa"], GAINS, seeds)


def study_of(found: Any) -> dict[str, Any]:
    return dict(with_intervals(study_tables(read_cells(found.study)), found.paired)["xgqa"])


def test_scores_stand_with_intervals_over_items_and_runs(of: Any) -> None:
    several, one = study_of(of()), study_of(of([0]))
    for route in GAINS:
        for name in ("en", "zero_shot", "gap"):
            low, high = several["intervals"][route][name]
            mean = several["accuracy"][route][name]
            assert low < mean < high
            assert (low + high) / 2 == pytest.approx(mean, abs=0.005)
            assert high - low > 2 * 1.9 * several["spread"][route][name] / np.sqrt(5)  # no less than runs alone say
            assert one["intervals"][route][name][0] < one["accuracy"][route][name] < one["intervals"][route][name][1]
    assert "spread" not in one


def test_the_interval_of_a_score_ends_where_scores_do(write_cell: Any, read: Any) -> None:
    """Two runs that differ by a lot say next to nothing of a score: it is somewhere from 0 to 1."""
    for seed, more in enumerate((-0.4, 0.4)):
        write_cell("xgqa", "none", seed, more=more, english=0.1)
    known = read(["xgqa"], ["none"], range(2))
    paired, found = known.paired, study_of(known)
    assert paired.interval({"none": paired.zero_shot("xgqa")}).high > 1
    assert found["intervals"]["none"]["zero_shot"] == [0.0, 1.0]
    assert found["intervals"]["none"]["en"] == [0.0, 1.0]


def printed(found: Any) -> str:
    console = Console(file=io.StringIO(), width=WIDTH)
    print_study({"xgqa": study_of(found)}, console)
    print_summary(transfer_matrix(found.transfer), answers(found.paired, found.design), console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_what_is_printed_says_what_intervals_cover(of: Any) -> None:
    text, study = printed(of()), study_of(of())
    assert max(map(len, text.splitlines())) <= WIDTH
    lines = [line.split() for line in text.splitlines()]
    assert ["route", "zero-shot", "95", "%", "sd", "en", "95", "%", "sd", "gap", "95", "%", "sd"] in lines
    low, high = study["intervals"]["gqa"]["zero_shot"]
    shown = [percent(value) for value in (study["accuracy"]["gqa"]["zero_shot"], low, high)]
    row = next(line for line in lines if line[:2] == ["gqa", shown[0]] and "to" in line)
    assert row[1:5] == [shown[0], shown[1], "to", shown[2]]
    assert row[5] == percent(study["spread"]["gqa"]["zero_shot"])
    words = " ".join(text.split())
    assert f"xgqa: accuracy in % with intervals, which cover {COVERED}" in words
    assert f"They cover {COVERED}." in words
    assert f"the interval covers {COVERED}" in words
    assert "one seed" not in words


def test_one_seed_is_said_to_say_nothing_of_other_runs(of: Any) -> None:
    words = " ".join(printed(of([0])).split())
    assert "with intervals, which cover test items only: one seed says nothing about the variance" in words
    assert " sd " not in words
    assert COVERED not in words


def test_every_part_of_the_report_takes_five_seeds(of: Any) -> None:
    known = of()
    transfer = known.transfer
    matrix, answer, ledger = transfer_matrix(transfer), answers(known.paired, known.design), claims(transfer)
    assert {one["covers"] for one in (matrix, answer, ledger)} == {COVERED}
    assert {one["seeds"] for one in (matrix, answer, ledger)} == {5}
    (found,), (control,) = answer["answers"], answer["shuffled_labels"]
    assert found["verdict"] == "better"
    assert control["verdict"] == "inconclusive"
    said = sentences(answer)
    assert f"the interval covers {COVERED}" in said[3]
    (shuffled,) = (one for one in said if SHUFFLED in one)
    assert shuffled.startswith(f"On xgqa, {SHUFFLED} (control) against none is inconclusive in the languages")
    assert said[-1].startswith("Not controlled: what squad gains over none may be more training")
    cells = {cell["route"]: cell for cell in matrix["cells"]}
    assert set(cells) == set(GAINS) - {"none"}
    for cell in cells.values():
        low, high = cell["zero_shot"]["interval"]
        assert cell["zero_shot"]["detectable"] > (high - low) / 2  # what is found in half of all studies
    rows = heat_rows(matrix, {"xgqa": study_of(known)}, "xgqa")
    assert {row["route"] for row in rows} == set(GAINS)
    assert {row["route"] for row in transfer_rows(matrix)} == set(GAINS) - {"none"}


def test_a_run_that_is_missing_is_named(of: Any) -> None:
    (cell_of("gqa", 3, "xgqa").collected() / "items.arrow").unlink()
    with pytest.raises(DataError, match=r"gqa-s3/items\.arrow: found no such file"):
        of()
