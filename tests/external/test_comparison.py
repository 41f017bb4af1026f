"""Systems side by side: the command from files to tables, and a folder that reads as a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from few_questions import ASKED, RIGHT, gqa, iglue
from xstilts.base.cells import Study, metrics_folder, study_file
from xstilts.base.files import read_json
from xstilts.cli import app
from xstilts.external.table import print_comparison
from xstilts.report.heat_map import heat_rows
from xstilts.report.side_by_side import read_paired

ONE_WRONG, TWO_WRONG = {**RIGHT, "1": "no"}, {**RIGHT, "1": "no", "4": "cat"}


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["score-predictions", *arguments])


def one_line(output: str) -> str:
    """Without the line breaks of titles and sentences."""
    return " ".join(output.split())


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    return str(line)


@pytest.fixture
def systems(tmp_path: Path, write: Any) -> list[str]:
    """The arguments for gold answers and three systems in two languages."""
    answered = {"old": (RIGHT, TWO_WRONG), "new": (RIGHT, RIGHT), "third": (ONE_WRONG, ONE_WRONG)}
    arguments = ["--gold", write("gold.json", gqa()), "--out", str(tmp_path / "out")]
    for name, own in answered.items():
        for language, answers in zip(("en", "de"), own, strict=True):
            path = write(f"{name}/{language}.json", iglue(answers))
        arguments += ["--predictions", f"{name}={path.replace('de.json', '{language}.json')}"]
    return arguments


def test_every_pair_of_systems(tmp_path: Path, systems: list[str]) -> None:
    result = call(*systems)
    assert result.exit_code == 0, result.output
    found = read_json(tmp_path / "out" / "differences.json")
    pairs = [(one["baseline"], one["route"]) for one in found["differences"]]
    assert pairs == [("old", "new"), ("old", "third"), ("new", "third")]
    first, _, last = found["differences"]
    assert first["zero_shot"]["difference"] == pytest.approx(2 / 6, abs=1e-4)
    assert last["en"]["difference"] == last["languages"]["de"]["difference"] == pytest.approx(-1 / 6, abs=1e-4)
    assert first["types"]["query"]["zero_shot"]["difference"] == pytest.approx(1 / 3, abs=1e-4)
    assert all("p_holm" in one[place] for one in found["differences"] for place in ("en", "zero_shot", "gap"))
    assert [one["data"] for one in found["differences"]] == ["official"] * 3
    assert first["examples"] == 6
    assert first["clusters"] == len({image for image, *_ in ASKED.values()})


def test_what_is_printed(systems: list[str]) -> None:
    output = call(*systems).output
    assert "xgqa: accuracy in %, official data, one seed" in one_line(output)
    assert "Scored: 6 of 6 questions." in output
    lines = [line.split() for line in output.splitlines()]
    assert ["old", "100.0", "66.7", "66.7", "33.3"] in lines
    assert ["third", "100.0", "66.7"] in lines
    assert "new − old" in output
    assert "They cover test items only" in output
    assert "English accuracy in % by question type" in one_line(output)
    assert "Predictions of old, new, third: 6 of 6 scored in en de." in output
    assert "Gold answers without predictions: pt ru id bn ko zh." in output


def test_what_is_left_out_is_said(systems: list[str], write: Any) -> None:
    asked = gqa()
    few = write("few.json", {name: asked[name] for name in "12"})
    output = one_line(call(*systems, "--leave-out", few).output)
    assert "Scored: 4 of 6 questions." in output
    assert "Left out: 2 questions of" in output
    assert "4 of 6 scored in en de" in output


def test_the_folder_is_a_study_by_its_path(tmp_path: Path, systems: list[str]) -> None:
    """The report and the page read it as they read a named study: its name is its absolute path."""
    assert call(*systems).exit_code == 0
    name = str(tmp_path / "out")
    study = Study(**yaml.safe_load(study_file(name).read_text())["study"])
    assert [str(route) for route in study.routes()] == ["old", "new", "third"]
    paired = read_paired(study, name)
    assert paired.interval({"old": paired.english("xgqa")}).value == 1.0
    files = {part: read_json(metrics_folder(name) / f"{part}.json") for part in ("study", "transfer", "cells")}
    assert files["study"]["xgqa"]["accuracy"]["third"]["en"] == pytest.approx(5 / 6, abs=1e-4)
    assert [one["accuracy"]["de"] for one in files["cells"]["xgqa"]["new"]] == [1.0]
    heat = heat_rows(files["transfer"], files["study"], "xgqa")
    shown = {(row["route"], row["column"]): row for row in heat}
    assert shown["new", "de"]["difference"] == pytest.approx(100 / 3, abs=0.1)
    assert {row["route"] for row in heat} == {"old", "new", "third"}
    assert read_json(tmp_path / "out" / "scenes" / "xgqa" / "about.json")["why_none"]


def test_one_system_has_scores_and_no_differences(systems: list[str], tmp_path: Path) -> None:
    result = call(*systems[:6])
    assert result.exit_code == 0, result.output
    assert read_json(tmp_path / "out" / "differences.json")["differences"] == []
    assert "Intervals" not in result.output


def test_several_runs_of_a_system(systems: list[str], write: Any, tmp_path: Path) -> None:
    for run in "ab":
        for language in ("en", "de"):
            path = write(f"again_{run}/{language}.json", iglue(RIGHT))
        systems += ["--predictions", f"old={path.replace('de.json', '{language}.json')}"]
    assert "found 3 runs of old and 1 of new, expected equally many" in refused(call(*systems))
    alone = call(*systems[:6], *systems[10:])
    assert alone.exit_code == 0, alone.output
    assert "old, run 1, old, run 2: 6 of 6 scored" in one_line(alone.output)
    study = read_json(tmp_path / "out" / "study.json")["xgqa"]
    assert study["seeds"] == 3
    assert study["accuracy"]["old"]["de"] == pytest.approx((4 / 6 + 2) / 3, abs=1e-4)


def test_systems_in_other_languages_are_refused(systems: list[str], write: Any) -> None:
    path = write("german/de.json", iglue(RIGHT)).replace("de.json", "{language}.json")
    result = call(*systems, "--predictions", f"german={path}")
    assert "found predictions of german and old in other languages (en), expected the same" in refused(result)


def test_an_earlier_comparison_survives_a_failure(systems: list[str], write: Any, tmp_path: Path) -> None:
    assert call(*systems).exit_code == 0
    before = (tmp_path / "out" / "study.json").read_bytes()
    write("new/de.json", iglue({name: answer for name, answer in RIGHT.items() if name != "6"}))
    assert "found 1 of 6 questions in de without a prediction (6)" in refused(call(*systems))
    assert (tmp_path / "out" / "study.json").read_bytes() == before
    assert not list(tmp_path.glob(".out*"))


def test_other_files_are_not_replaced(systems: list[str], write: Any, tmp_path: Path) -> None:
    write("out/thesis.tex", "years of work")
    assert "out: found thesis.tex, which was not written there" in refused(call(*systems))
    assert (tmp_path / "out" / "thesis.tex").exists()


@pytest.mark.parametrize("text", ["uc2", "=uc2.json", "uc2=", "a/b=uc2.json", "-x=uc2.json"])
def test_a_system_needs_a_name_and_a_path(systems: list[str], text: str) -> None:
    assert f"--predictions: found '{text}', expected NAME=PATH" in refused(call(*systems, "--predictions", text))


def test_the_same_predictions_twice(systems: list[str]) -> None:
    assert "is given twice" in refused(call(*systems, "--predictions", systems[5]))


def test_the_files_are_printed_as_they_are_kept(systems: list[str], tmp_path: Path, capsys: Any) -> None:
    output = call(*systems).output
    names = ("study", "differences")
    print_comparison({name: read_json(tmp_path / "out" / f"{name}.json") for name in names})
    assert capsys.readouterr().out.strip() in output
