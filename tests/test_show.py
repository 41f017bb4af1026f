"""What `xstilts show` says of a study: one sentence of at most 25 words, and what it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.show import answer, read_study, rests_on, show

ROOT = Path(__file__).parents[1]


def record(difference: float, half: float, p: float | None) -> dict[str, Any]:
    return {"difference": difference, "interval": [difference - half, difference + half], "p": p, "detectable": 0.02}


def study(*cells: tuple[str, dict[str, Any]], seeds: int = 5, **said: Any) -> dict[str, Any]:
    """Routes with their differences to `longer/none`, a name as long as they come."""
    about = {
        "target": "xgqa_few_shot",
        "baseline": "longer/none",
        "data": "pictograms",
        "examples": 1300,
        "clusters": 260,
    }
    rows = [{**about, "route": route, "zero_shot": found} for route, found in cells]
    return {"transfer": {"cells": rows, "seeds": seeds}, "answer": said}


SURE, OPEN = record(0.016, 0.01, 0.001), record(0.01, 0.02, 0.4)
EXPOSURE = [{"target": "xgqa_few_shot", "route": "shuffled_labels/gqa_told", "verdict": "inconclusive"}]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (study(), "one route alone gives no comparison"),
        (study(("gqa", record(0.023, 0.01, None)), seeds=1), "gqa minus longer/none is +2.3 points"),
        (study(("squad", OPEN), ("gqa", SURE)), "gqa beats longer/none in languages without labels by +1.6 points"),
        (study(("gqa", SURE)), "equal exposure was not controlled"),
        (study(("shuffled_labels/gqa_told", SURE), exposure=EXPOSURE), "at equal exposure: inconclusive"),
        (study(("squad", OPEN), ("gqa", record(-0.03, 0.01, 0.001))), "No intermediate task is shown to beat"),
    ],
)
def test_the_answer_is_one_short_sentence(files: dict[str, Any], said: str) -> None:
    sentence = answer("xgqa_few_shot", files)
    assert said in sentence
    assert sentence.endswith(".")
    assert len(sentence.split()) <= 25


def test_one_run_is_said_to_decide_nothing_even_where_its_interval_excludes_0() -> None:
    files = study(("gqa", record(0.2, 0.01, None)), seeds=1)
    assert answer("xgqa_few_shot", files).endswith("from one run each, which decides nothing.")
    (line,) = rests_on("xgqa_few_shot", files)
    assert line == "Rests on: pictograms data, 1,300 test examples in 260 clusters, 1 training run of each route."


def test_equal_exposure_that_is_missing_is_said_once() -> None:
    lacking = [
        f"what {one} gains is more training, for lack of none at equal exposure: add longer/none" for one in "ab"
    ]
    lines = list(rests_on("xgqa_few_shot", study(("gqa", SURE), controls_missing=[*lacking, "something else"])))
    assert lines[1:] == ["Not controlled: equal exposure, so any gain may be more training; add longer/none."]


def test_the_committed_study_is_shown_without_any_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics").symlink_to(ROOT / "metrics")
    monkeypatch.chdir(tmp_path)
    files = read_study(None)
    show()
    out = capsys.readouterr().out
    assert answer("xgqa", files) in out
    assert len(out.splitlines()) < 20
    assert max(map(len, out.splitlines())) <= 100
    assert "Page: data/report/index.html (not there yet: `make repro` makes it)" in out
    with pytest.raises(DataError, match="expected what a finished study leaves there; run `xstilts grid run nowhere`"):
        show("nowhere")
