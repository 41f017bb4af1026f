"""A study of five seeds, from the items of its cells to what is printed: every part says what its intervals cover."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from xstilts.base.files import open_rows, write_json
from xstilts.report.answer import answers
from xstilts.report.claims import claims
from xstilts.report.dvc_plots import transfer_rows
from xstilts.report.heat_map import heat_rows
from xstilts.report.paired import Paired
from xstilts.report.places import cell_path, items_path
from xstilts.report.sentences import sentences
from xstilts.report.side_by_side import read_paired
from xstilts.report.study import read_study, with_intervals
from xstilts.report.summary import print_summary
from xstilts.report.table import WIDTH, print_study
from xstilts.report.transfer import Transfer, transfer_matrix

SEEDS = range(5)
GAINS = {"none": 0.0, "squad": -0.04, "gqa": 0.08, "gqa_shuffled": 0.0}
COVERED = "test items and training runs (5 seeds)"


@pytest.fixture
def world(write_cell: Any, tmp_path: Path) -> Path:
    """Five training runs of four routes, which differ by some points; and metrics that are those of their items."""
    for route, gain in GAINS.items():
        cost = {"shuffled_labels": ["gqa"]} if route == "gqa_shuffled" else {}
        for seed in SEEDS:
            run = float(np.random.default_rng([seed, len(route)]).normal(0, 0.02))
            items = open_rows(write_cell("xgqa", route, seed, more=gain + run, english=0.2, cost=cost))
            write_json(cell_path(tmp_path / "study", "xgqa", route, seed), metrics_of(items))
    return tmp_path


def metrics_of(items: Any) -> dict[str, Any]:
    languages, score = np.array(items["language"].to_pylist()), items["score"].to_numpy()
    own = {code: float(score[languages == code].mean()) for code in ("en", "de", "zh")}
    own["zero_shot"] = (own["de"] + own["zh"]) / 2
    return {"metric": "accuracy", "data": "pictograms", "accuracy": own, "gap": own["en"] - own["zero_shot"]}


def paired_of(world: Path, seeds: Any = SEEDS) -> Paired:
    return read_paired(world / "items", ["xgqa"], list(GAINS), list(seeds))


def study_of(world: Path, seeds: Any = SEEDS) -> dict[str, Any]:
    found = with_intervals(read_study(world / "study", ["xgqa"], list(GAINS), list(seeds)), paired_of(world, seeds))
    return dict(found["xgqa"])


def test_scores_stand_with_intervals_over_items_and_runs(world: Path) -> None:
    several, one = study_of(world), study_of(world, [0])
    for route in GAINS:
        for name in ("en", "zero_shot", "gap"):
            low, high = several["intervals"][route][name]
            mean = several["accuracy"][route][name]
            assert low < mean < high
            assert (low + high) / 2 == pytest.approx(mean, abs=0.005)
            assert high - low > 2 * 1.9 * several["spread"][route][name] / np.sqrt(5)  # no less than runs alone say
            assert one["intervals"][route][name][0] < one["accuracy"][route][name] < one["intervals"][route][name][1]
    assert "spread" not in one


def test_the_interval_of_a_score_ends_where_scores_do(write_cell: Any, tmp_path: Path) -> None:
    """Two runs that differ by a lot say next to nothing of a score: it is somewhere from 0 to 1."""
    for seed, more in enumerate((-0.4, 0.4)):
        items = open_rows(write_cell("xgqa", "none", seed, more=more, english=0.1))
        write_json(cell_path(tmp_path / "study", "xgqa", "none", seed), metrics_of(items))
    paired = read_paired(tmp_path / "items", ["xgqa"], ["none"], range(2))
    found = with_intervals(read_study(tmp_path / "study", ["xgqa"], ["none"], [0, 1]), paired)["xgqa"]
    assert paired.interval({"none": paired.zero_shot("xgqa")}).high > 1
    assert found["intervals"]["none"]["zero_shot"] == [0.0, 1.0]
    assert found["intervals"]["none"]["en"] == [0.0, 1.0]


def printed(world: Path, seeds: Any = SEEDS) -> str:
    console = Console(file=io.StringIO(), width=WIDTH)
    paired = paired_of(world, seeds)
    print_study({"xgqa": study_of(world, seeds)}, console)
    print_summary(transfer_matrix(Transfer(paired, {})), answers(paired), console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_what_is_printed_says_what_intervals_cover(world: Path) -> None:
    text, study = printed(world), study_of(world)
    assert max(map(len, text.splitlines())) <= WIDTH
    lines = [line.split() for line in text.splitlines()]
    assert ["route", "zero-shot", "95", "%", "sd", "en", "95", "%", "sd", "gap", "95", "%", "sd"] in lines
    low, high = study["intervals"]["gqa"]["zero_shot"]
    shown = [f"{100 * value:.1f}" for value in (study["accuracy"]["gqa"]["zero_shot"], low, high)]
    row = next(line for line in lines if line[:2] == ["gqa", shown[0]] and "to" in line)
    assert row[1:5] == [shown[0], shown[1], "to", shown[2]]
    assert row[5] == f"{100 * study['spread']['gqa']['zero_shot']:.1f}"
    words = " ".join(text.split())
    assert f"xgqa: accuracy in % with intervals, which cover {COVERED}" in words
    assert f"They cover {COVERED}." in words
    assert f"the interval covers {COVERED}" in words
    assert "one seed" not in words


def test_one_seed_is_said_to_say_nothing_of_other_runs(world: Path) -> None:
    words = " ".join(printed(world, [0]).split())
    assert "with intervals, which cover test items only: one seed says nothing about the variance" in words
    assert " sd " not in words
    assert COVERED not in words


def test_every_part_of_the_report_takes_five_seeds(world: Path) -> None:
    paired = paired_of(world)
    transfer = Transfer(paired, {})
    matrix, answer, ledger = transfer_matrix(transfer), answers(paired), claims(transfer)
    assert {one["covers"] for one in (matrix, answer, ledger)} == {COVERED}
    assert {one["seeds"] for one in (matrix, answer, ledger)} == {5}
    (found,), (control,) = answer["answers"], answer["shuffled_labels"]
    assert found["verdict"] == "better"
    assert control["verdict"] == "cannot tell"
    said = sentences(answer)
    assert f"the interval covers {COVERED}" in said[0]
    assert said[-1].startswith("gqa_shuffled (control) gains nothing that this study can see")
    cells = {cell["route"]: cell for cell in matrix["cells"]}
    assert set(cells) == set(GAINS) - {"none"}
    for cell in cells.values():
        low, high = cell["zero_shot"]["interval"]
        assert cell["zero_shot"]["smallest"] > (high - low) / 2  # what is found in half of all studies
    rows = heat_rows(matrix, {"xgqa": study_of(world)}, "xgqa")
    assert {row["route"] for row in rows} == set(GAINS)
    assert {row["route"] for row in transfer_rows(matrix)} == set(GAINS) - {"none"}


def test_a_run_that_is_missing_is_named(world: Path) -> None:
    items_path(world / "items", "xgqa", "gqa", 3).unlink()
    with pytest.raises(Exception, match=r"gqa-s3\.arrow: found no such file"):
        paired_of(world)
