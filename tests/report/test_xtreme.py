"""Overall scores: the means of XTREME's evaluation script, nothing averaged silently over less than the benchmark."""

from __future__ import annotations

import io
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from rich.console import Console

from xstilts.base.cells import scores_folder
from xstilts.base.errors import DataError, ParameterError, XstiltsError
from xstilts.base.files import write_json
from xstilts.report.benchmarks import BENCHMARKS
from xstilts.report.xtreme import Benchmark, official_scores, overall, print_overall

Scores = dict[str, dict[str, dict[str, float]]]
# A number for each task (in percent); of question answering the mean of F1 and exact match, which lie 10 to its sides.
# Group means: 70, 60, 50, 40 in XTREME; 70, 60, 50, 30 in XTREME-R.
TRAINED = {"udpos": 70, "panx": 50, "xquad": 60, "mlqa": 50, "tydiqa": 40}  # in both
XTREME = {"xnli": 80, "pawsx": 60, **TRAINED, "bucc2018": 50, "tatoeba": 30}
XTREME_R = {"xnli": 80, "xcopa": 60, **TRAINED, "tatoeba": 30, "mewslix": 20, "lareqa": 40}
NUMBERS: dict[Benchmark, dict[str, int]] = {"xtreme": XTREME, "xtreme_r": XTREME_R}


def scores_of(benchmark: Benchmark) -> Scores:
    """Scores that differ by language and have the numbers above as means."""
    scores: Scores = {}
    for task, part in BENCHMARKS[benchmark].items():
        sides = {"f1": 0.1, "exact_match": -0.1} if part.group == "qa" else {part.metrics[0]: 0.0}
        middle = (len(part.languages) - 1) / 2
        scores[task] = {
            metric: {
                language: NUMBERS[benchmark][task] / 100 + side + 0.001 * (place - middle)
                for place, language in enumerate(part.languages)
            }
            for metric, side in sides.items()
        }
    return scores


@pytest.mark.parametrize(
    ("benchmark", "tasks", "languages"),
    [
        ("xtreme", 9, [15, 7, 33, 40, 11, 7, 9, 4, 36]),
        ("xtreme_r", 10, [15, 11, 38, 48, 12, 7, 9, 41, 11, 11]),
    ],
)
def test_the_benchmarks_are_those_of_the_papers(benchmark: Benchmark, tasks: int, languages: list[int]) -> None:
    parts = BENCHMARKS[benchmark]
    assert len(parts) == tasks
    assert [len(set(part.languages)) for part in parts.values()] == languages
    assert [len(part.languages) for part in parts.values()] == languages
    assert {part.group for part in parts.values()} == {"classification", "tagging", "qa", "retrieval"}


def test_xtreme() -> None:
    found = overall(scores_of("xtreme"), "xtreme")
    assert found.tasks == pytest.approx({task: number / 100 for task, number in XTREME.items()})
    groups = {group: mean.value for group, mean in found.groups.items()}
    assert groups == pytest.approx({"classification": 0.7, "tagging": 0.6, "qa": 0.5, "retrieval": 0.4})
    assert found.by_task.value == pytest.approx(4.9 / 9)
    assert found.by_task_without_retrieval.value == pytest.approx(4.1 / 7)
    assert found.by_group.value == pytest.approx(0.55)
    assert found.by_group_without_retrieval.value == pytest.approx(0.6)
    assert str(found.by_task) == "54.4"


def test_xtreme_r_has_an_overall_score_and_counts_xcopa_once() -> None:
    found = overall(scores_of("xtreme_r"), "xtreme_r")
    assert found.by_task.value == pytest.approx(5.0 / 10)
    assert found.by_task_without_retrieval.value == pytest.approx(4.1 / 7)
    assert found.by_group.value == pytest.approx((0.7 + 0.6 + 0.5 + 0.3) / 4)
    better = scores_of("xtreme_r")
    better["xcopa"]["accuracy"] = {language: value + 0.1 for language, value in better["xcopa"]["accuracy"].items()}
    assert overall(better, "xtreme_r").by_task.value == pytest.approx(5.1 / 10)
    assert overall(better, "xtreme_r").groups["classification"].value == pytest.approx(0.75)


def test_english_is_one_of_the_languages_and_other_keys_are_none() -> None:
    scores: Any = scores_of("xtreme")
    scores["xnli"] |= {"data": "official", "gap": 0.3, "blind": {"en": 0.9}}
    scores["xnli"]["accuracy"] |= {"zero_shot": 0.0, "id": 0.0}
    scores["xgqa"] = {"accuracy": {"en": 0.0}}
    scores["udpos"]["accuracy"] = {"en": 0.0}
    assert overall(scores, "xtreme") == overall(scores_of("xtreme"), "xtreme")
    scores["xnli"]["accuracy"]["en"] += 0.15
    assert overall(scores, "xtreme").tasks["xnli"] == pytest.approx(0.81)  # of 15 languages


def test_what_is_missing_is_named_and_the_mean_is_partial() -> None:
    scores = scores_of("xtreme")
    del scores["bucc2018"], scores["xnli"]["accuracy"]["sw"], scores["mlqa"]["exact_match"]
    found = overall(scores, "xtreme")
    assert found.by_task.value is None
    assert found.by_task.missing == ("xnli (no sw)", "mlqa (no exact_match)", "bucc2018")
    assert found.by_task.partial == pytest.approx(fmean([0.6, 0.7, 0.5, 0.6, 0.4, 0.3]))
    expected = "incomplete: missing xnli (no sw), mlqa (no exact_match), bucc2018; partial mean 51.7"
    assert str(found.by_task) == expected
    assert found.by_task_without_retrieval.missing == ("xnli (no sw)", "mlqa (no exact_match)")
    assert found.groups["tagging"].value == pytest.approx(0.6)
    assert found.groups["retrieval"].value is None
    assert found.by_group.value is None
    assert found.by_group.partial == pytest.approx((0.6 + 0.6 + 0.5 + 0.3) / 4)


def test_nothing_scored() -> None:
    found = overall({}, "xtreme_r")
    assert found.by_task.missing == tuple(XTREME_R)
    assert str(found.by_group_without_retrieval) == (
        "incomplete: missing xnli, xcopa, udpos, panx, xquad, mlqa, tydiqa"
    )


def test_reading_them_back_from_json_changes_nothing() -> None:
    scores = scores_of("xtreme")
    assert overall(json.loads(json.dumps(scores)), "xtreme") == overall(scores, "xtreme")


@pytest.mark.parametrize("value", [63.2, -0.1, float("nan")])
def test_values_that_are_no_fractions_are_refused(value: float) -> None:
    scores = scores_of("xtreme")
    scores["panx"]["f1"]["de"] = value
    with pytest.raises(XstiltsError, match=r"scores of panx: found f1 \S+ in de, expected a fraction"):
        overall(scores, "xtreme")


def test_an_unknown_benchmark() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'xtreme_r'"):
        overall({}, "xtreme-r")  # type: ignore[arg-type]


def test_the_printed_table() -> None:
    partial = scores_of("xtreme")
    del partial["tatoeba"]
    console = Console(file=io.StringIO(), width=160)
    print_overall({"none": overall(scores_of("xtreme"), "xtreme"), "mnli": overall(partial, "xtreme")}, console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    cells = {words[0]: words[1:] for line in lines if (words := line.split())}
    assert cells["none"] == "80.0 60.0 70.0 50.0 60.0 50.0 40.0 50.0 30.0 54.4 58.6 55.0 60.0".split()
    assert cells["mnli"][8:] == "- (57.5) 58.6 (57.5) 60.0".split()
    assert cells["mnli:"] == "incomplete: missing tatoeba; partial mean 57.5".split()


def test_the_scores_of_every_route_on_published_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="data/scores: found no scores of seed 0 on published data; choose"):
        official_scores(0)
    for recipe, route, data in (("plain", "mnli", "official"), ("lora", "mnli", "official"), ("plain", "none", "toy")):
        content = {"data": data, "target": "xnli", "scores": {"accuracy": {"en": 0.5}}}
        write_json(scores_folder(recipe, route, 0) / "xnli" / "scores.json", content)
    expected = {"xnli": {"accuracy": {"en": 0.5}}}
    assert official_scores(0) == {"mnli": expected, "lora/mnli": expected}
    write_json(scores_folder("plain", "none", 0) / "xnli" / "scores.json", {"accuracy": {}})
    with pytest.raises(DataError, match=r"none-s0/xnli/scores\.json: found no data, expected a JSON object"):
        official_scores(0)
