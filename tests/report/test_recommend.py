"""The recommendation: made of the report's own statistics, from the files that git holds, and never from one run."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import write_json
from xstilts.report.differences import means, to_json
from xstilts.report.metrics_files import study_files
from xstilts.report.packed import packed, unpacked
from xstilts.report.recommend import ranking
from xstilts.report.recommend_command import recommend
from xstilts.report.side_by_side import clusters_of, pair_up, read_tables

SEEDS = range(4)
ROUTES = {"none": 0.0, "squad": -0.03, "gqa": 0.09, "longer/none": 0.0}


@pytest.fixture
def study(write_cell: Any, read: Any) -> Any:
    """Four runs of three intermediate tasks and of a control of equal exposure."""

    def written(seeds: Any = SEEDS, **gains: float) -> Mapping[str, Any]:
        for route, gain in (ROUTES | gains).items():
            for seed in seeds:
                run = float(np.random.default_rng([seed, len(route)]).normal(0, 0.01))
                longer = {"phase2": {"updates": 900, "tokens": 99_000}} if route == "longer/none" else {}
                write_cell("xgqa", route, seed, more=gain + run, english=0.2, **longer)
        found = read(["xgqa"], ROUTES, seeds)
        found.write_leaks()
        content: Mapping[str, Any] = json.loads(json.dumps(study_files(found.study)))
        return content

    return written


def test_bits_give_the_same_differences_as_the_items(study: Any, read: Any) -> None:
    files = study()
    whole, again = read(["xgqa"], ROUTES, SEEDS).paired, unpacked(files["items"])
    for kind in ("", "query", "verify"):
        for languages in (["en"], ["de"], ["de", "zh"]):
            two = [
                to_json(one.difference("gqa", "longer/none", one.mix("xgqa", languages, type=kind)))
                for one in (whole, again)
            ]
            assert two[0] == two[1]
    assert means(again, "gqa", "none", "xgqa") == means(whole, "gqa", "none", "xgqa")


def test_examples_that_earn_a_part_have_no_bits(write_scores: Any, read: Any) -> None:
    for route in ("none", "gqa"):
        write_scores("xgqa", route, 0.4, "vqa")
    found = read(["xgqa"], ["none", "gqa"], (0, 1))
    tables, about = read_tables(found.study)
    groups, _ = clusters_of({"xgqa": tables["xgqa", 0, 0]})
    content = packed(tables, about, groups, pair_up(tables, about, ["none", "gqa"], (0, 1)))
    assert content["targets"] == {}
    assert unpacked(content).targets() == []


def test_the_ranking_is_that_of_the_report(study: Any) -> None:
    files = study()
    found = ranking(files, "xgqa")
    assert found is not None
    assert [one.route for one in found.candidates] == ["gqa", "squad"]
    for one in found.candidates:
        (cell,) = [cell for cell in files["transfer"]["cells"] if cell["route"] == one.route]
        (exposed,) = [entry for entry in files["answer"]["exposure"] if entry["route"] == one.route]
        for mine, reported in (
            (one.gain, cell["zero_shot"]),
            (one.exposed, exposed["zero_shot"]),
            (one.english, cell["en"]),
        ):
            assert mine is not None
            assert {key: mine[key] for key in ("difference", "interval", "p")} == {
                key: reported[key] for key in ("difference", "interval", "p")
            }
    assert found.sentence.startswith("Use gqa: gqa minus none +")
    assert found.candidates[0].cost["updates"] == 600


def test_without_bits_the_files_say_the_same_or_that_they_do_not_know(study: Any) -> None:
    files = study()
    known = {name: content for name, content in files.items() if name != "items"}
    for languages in ([], ["de"]):
        two = [ranking(content, "xgqa", languages) for content in (files, known)]
        assert None not in two
        gains = [[one.gain["interval"] for one in found.candidates] for found in two if found]
        assert gains[0] == gains[1]
    with pytest.raises(ParameterError, match="name one language, or all of them"):
        ranking(known, "xgqa", ["en", "de"])


def test_a_gain_that_longer_training_has_too_is_no_recommendation(study: Any) -> None:
    found = ranking(study(**{"longer/none": 0.085}), "xgqa")
    assert found is not None
    assert found.sentence.startswith("Inconclusive: gqa minus none +")
    assert "minus longer/none (equal exposure)" in found.sentence
    assert "seeds would" in found.sentence
    better = ranking(study(**{"longer/none": 0.25}), "xgqa")
    assert better is not None
    assert better.sentence.startswith("Train longer on the target instead")


def test_tasks_that_all_harm_are_advised_against(study: Any) -> None:
    found = ranking(study(gqa=-0.15, squad=-0.2), "xgqa")
    assert found is not None
    assert found.sentence.startswith("Use none: gqa minus none −")


def test_one_run_recommends_nothing(study: Any) -> None:
    found = ranking(study(seeds=(0,)), "xgqa")
    assert found is not None
    assert found.sentence.startswith("One run: no verdict: gqa minus none +")
    assert "more seeds would decide" in found.sentence


def test_what_is_printed(study: Any, folder: Path) -> None:
    for name, content in study().items():
        write_json(folder / "metrics/primary" / f"{name}.json", content)
    write_json(folder / "metrics/plots/transfer.json", [])  # of the default study: no study of its own
    printed = Console(file=io.StringIO(), width=200)
    recommend(None, None, ["zh", "de"], printed)
    text = printed.file.getvalue()  # type: ignore[attr-defined]
    assert "xgqa in German, Chinese, in points" in text
    assert "From metrics/primary, pictograms data." in text
    assert "Use gqa: gqa minus none +" in text
    with pytest.raises(ParameterError, match="unknown language 'dd'"):
        recommend(None, None, ["dd"])
    with pytest.raises(DataError, match="a finished study with the target xvnli"):
        recommend(None, "xvnli", [])


def test_nothing_of_training_is_imported() -> None:
    command = (
        "import sys, xstilts.report.recommend_command; print([n for n in ('torch', 'scipy.stats') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout == "[]\n"
