"""The check of the parameter files: what is refused, and in which words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from xstilts.check import check_grid, check_parameters, choose_cell, write_checked
from xstilts.errors import ParameterError

ROOT = Path(__file__).parents[1]


def put(*keys: str, value: Any) -> Any:
    """A change that sets the value under nested keys."""

    def change(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def test_the_files_of_the_repository_pass(parameter_files: Any) -> None:
    check_parameters()


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (
            "params.yaml",
            put("intermediate", value="gpa"),
            ["params.yaml", "'gpa'", "mean 'gqa'?", "Valid: all"],
        ),
        ("params.yaml", put("intermediate", value=3), ["params.yaml", "intermediate is 3", "expected str"]),
        ("params.yaml", put("seed", value=7), ["seed", "'7'", "Valid: 0, 1, 2, 3, 4"]),
        ("params.yaml", put("seed", value="one"), ["seed is 'one'", "expected int"]),
        ("params.yaml", put("seeds", value=0), ["unknown key 'seeds'", "mean 'seed'?"]),
        ("params.yaml", put("world", value="offical"), ["world is 'offical'", "pictograms, official"]),
        ("params.yaml", put("study", "intermediates", value=["none", "squat"]), ["'squat'", "mean 'squad'?"]),
        ("params.yaml", put("study", "intermediates", value=[]), ["study.intermediates is empty"]),
        ("params.yaml", put("study", "intermediates", value="gqa"), ["study: intermediates is 'gqa'"]),
        ("params.yaml", put("study", "seeds", value=[0, 9]), ["study.seeds", "'9'"]),
        ("params.yaml", put("study", "seeds", value=[0, 0]), ["study.seeds", "'0' is listed twice"]),
        ("params.yaml", put("study", "targets", value=["xgqaa"]), ["study.targets", "mean 'xgqa'?"]),
        ("params.yaml", put("study", "target", value=["xgqa"]), ["study", "'target'", "mean 'targets'?"]),
        ("params.yaml", put("encoder", value="no-such-encoder"), ["encoder", "'no-such-encoder'"]),
        (
            "stages/grid.yaml",
            put("intermediates", value=["none", "a-b"]),
            ["grid.yaml", "'a-b'", "small letters"],
        ),
        ("stages/grid.yaml", put("targets", value=["xgqa", "xnli"]), ["'xnli'", "stages/tasks/xnli.yaml"]),
        ("stages/grid.yaml", put("targets", value=["text"]), ["grid.yaml", "'text'"]),
        ("stages/grid.yaml", put("datasets", "gqa", value="data/features/gqq"), ["datasets: gqa", "mean"]),
        ("stages/tasks/gqa.yaml", put("intermediat", value={}), ["gqa.yaml", "mean 'intermediate'?"]),
        ("stages/tasks/gqa.yaml", put("intermediate", "epoch", value=1), ["gqa.yaml", "mean 'epochs'?"]),
        ("stages/tasks/xgqa.yaml", put("target", "learning_rate", value="1e-5"), ["write 1.0e-5, not 1e-5"]),
        ("stages/tasks/gqa.yaml", put("encode", "language", value=["en"]), ["gqa.yaml", "mean 'languages'?"]),
        ("stages/tasks/none.yaml", put("encode", "members", value=["gqa"]), ["none.yaml", "gqa"]),
        ("stages/defaults.yaml", put("trian", value={}), ["defaults.yaml", "unknown key 'trian'"]),
        ("stages/defaults.yaml", put("data", "shrae", value=0.1), ["mean 'share'?"]),
    ],
)
def test_a_mistake_is_named(parameter_files: Any, file: str, change: Any, words: list[str]) -> None:
    parameter_files.edit(file, change)
    with pytest.raises(ParameterError) as caught:
        check_parameters()
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message


def test_a_section_that_is_missing_is_named(parameter_files: Any) -> None:
    parameter_files.edit("stages/tasks/mnli.yaml", lambda content: content.pop("score"))
    with pytest.raises(ParameterError, match=r"mnli\.yaml: missing score; write `score: \{\}`"):
        check_parameters()


def test_a_local_encoder_is_accepted(parameter_files: Any, tmp_path: Path) -> None:
    (tmp_path / "my-encoder").mkdir()
    (tmp_path / "my-encoder" / "config.json").write_text("{}")
    parameter_files.edit("params.yaml", put("encoder", value="my-encoder"))
    check_parameters()
    parameter_files.edit("params.yaml", put("encoder", value="FacebookAI/xlm-roberta-base"))
    check_parameters()


def test_official_data_need_a_folder(parameter_files: Any, tmp_path: Path) -> None:
    """Only those that the chosen routes read: mixtures by their members."""
    parameter_files.edit("params.yaml", put("world", value="official"))
    parameter_files.edit("params.yaml", put("study", "intermediates", value=["text"]))
    with pytest.raises(ParameterError, match=r"squad\.yaml: data\.official: root is not set"):
        check_parameters()
    for task in ("squad", "mnli", "xgqa"):
        parameter_files.edit(f"stages/tasks/{task}.yaml", put("data", "official", "root", value="here"))
    with pytest.raises(ParameterError, match=r"squad\.yaml: data\.official: no folder 'here'"):
        check_parameters()
    (tmp_path / "here" / "images").mkdir(parents=True)
    with pytest.raises(ParameterError, match=r"no 'train-v1\.1\.json' in 'here'"):
        check_parameters()
    for task in ("squad", "mnli", "xgqa"):
        content = yaml.safe_load(Path(f"stages/tasks/{task}.yaml").read_text())
        for name in content["data"]["official"]["files"].values():
            (tmp_path / "here" / name.format(language="bn")).touch()
    check_parameters()


def test_a_cell_is_chosen_by_params_unless_asked_for(parameter_files: Any) -> None:
    cell = choose_cell(check_grid(), None, None, None)
    assert (cell.route, cell.seed, cell.target) == ("none", 0, "xgqa")
    assert choose_cell(check_grid(), "gqa", 2, None).route == "gqa"
    with pytest.raises(ParameterError, match="'gpa'"):
        choose_cell(check_grid(), "gpa", None, None)


def test_what_is_written_never_changes(parameter_files: Any, tmp_path: Path) -> None:
    out = tmp_path / "data" / "checked"
    write_checked(out)
    first = out.read_bytes()
    parameter_files.edit("params.yaml", put("intermediate", value="gqa"))
    write_checked(out)
    assert out.read_bytes() == first
    parameter_files.edit("params.yaml", put("intermediate", value="gpa"))
    with pytest.raises(ParameterError):
        write_checked(out)
    assert out.read_bytes() == first


def test_checking_imports_nothing_heavy() -> None:
    code = (
        "import sys, xstilts.check, xstilts.catalogue, xstilts.cli;"
        "sys.exit(', '.join({'torch', 'transformers', 'datasets', 'dvc'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
