"""The cells of a study example by example: the same scores, the same images drawn everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xstilts.base.cells import cell_of
from xstilts.base.errors import DataError
from xstilts.base.files import open_rows
from xstilts.report.cells.metrics import CONTROLS


def test_scores_and_differences(write_cell: Any, read: Any) -> None:
    for route, more in (("none", 0.0), ("gqa", 0.05)):
        write_cell("xgqa", route, more=more, english=0.2)
    paired = read(["xgqa"], ["none", "gqa"], [0]).paired
    assert paired.languages("xgqa") == ["en", "de", "zh"]
    assert paired.rows["xgqa"] == {"en": 1000, "de": 1000, "zh": 1000}
    assert paired.clusters["xgqa"] == 200
    assert paired.types("xgqa") == ["query", "verify"]
    assert paired.measures("xgqa", CONTROLS) == ["blind", "shuffled"]
    table = open_rows(cell_of("gqa", 0, "xgqa").collected() / "items.arrow")
    german = np.array(table["language"].to_pylist()) == "de"
    score = paired.interval({"gqa": paired.mix("xgqa", ["de"])})
    assert score.value == pytest.approx(table["score"].to_numpy()[german].mean())
    query = german & (np.array(table["structural"].to_pylist()) == "query")
    typed = paired.interval({"gqa": paired.mix("xgqa", ["de"], type="query")})
    assert typed.value == pytest.approx(table["score"].to_numpy()[query].mean())
    gain = paired.difference("gqa", "none", paired.zero_shot("xgqa"))
    assert gain.low < 0.05 < gain.high
    assert gain.low > 0
    gap = paired.interval({"gqa": paired.gap("xgqa")})
    assert gap.value == pytest.approx(0.2, abs=0.04)


def test_a_mean_over_seeds(write_cell: Any, read: Any) -> None:
    gains = (0.02, 0.06, 0.1)
    for seed, gain in enumerate(gains):
        write_cell("xgqa", "none", seed)
        write_cell("xgqa", "gqa", seed, more=gain)
    paired = read(["xgqa"], ["none", "gqa"], [0, 1, 2]).paired
    mean = paired.difference("gqa", "none", paired.zero_shot("xgqa"))
    one = read(["xgqa"], ["none", "gqa"], [1]).paired
    assert mean.value == pytest.approx(0.06, abs=0.02)
    single = one.difference("gqa", "none", one.zero_shot("xgqa"))
    assert mean.high - mean.low > single.high - single.low  # runs that differ by more than items say


def test_an_image_is_one_cluster_over_targets_and_texts_are_not(write_cell: Any, read: Any) -> None:
    for target in ("xnli", "xcopa"):
        write_cell(target, "none", kind="classification", images=20, names="1")
    paired = read(["xnli", "xcopa"], ["none"], [0]).paired
    assert len(paired.sums) == 200  # the same ids, of other sentences
    assert paired.clusters == {"xnli": 100, "xcopa": 100}
    assert not paired.measures("xnli", CONTROLS)
    for target in ("xvnli", "xgqa"):
        write_cell(target, "none", images=20, names="scene")
    paired = read(["xvnli", "xgqa"], ["none"], [0]).paired
    assert len(paired.sums) == 20
    assert paired.clusters == {"xvnli": 20, "xgqa": 20}


def test_other_examples_are_refused(write_cell: Any, read: Any) -> None:
    write_cell("xgqa", "none")
    write_cell("xgqa", "gqa", images=199)
    with pytest.raises(
        DataError, match=r"plain/gqa-s0/items\.arrow: found other test examples, expected those of route none, seed 0"
    ):
        read(["xgqa"], ["none", "gqa"], [0])
    write_cell("xgqa", "gqa", data="official")
    with pytest.raises(DataError, match=r"found data 'official', expected 'pictograms'"):
        read(["xgqa"], ["none", "gqa"], [0])
    with pytest.raises(DataError, match="no such file"):
        read(["xgqa"], ["none", "mnli"], [0])
