"""`xstilts new`: a project beside an installed xstilts is whole, and an installation has all of its files."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from xstilts.base.errors import DataError
from xstilts.new import PROJECT, new, project_files

ROOT = Path(__file__).resolve().parents[1]


def test_a_wheel_has_every_file_that_is_laid_out() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    listed = [pattern for group in patterns.values() for pattern in group]
    assert all(
        Path(place).relative_to("share/xstilts") == Path(one).parent
        for place, group in patterns.items()
        for one in group
    )
    files = subprocess.run(
        ["git", "ls-files", *PROJECT], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(files) > 50
    missing = [one for one in files if not one.endswith(".lock") and not _matched(one, listed)]
    assert missing == []


def _matched(path: str, patterns: list[str]) -> bool:
    same_folder = (one for one in patterns if Path(one).parent == Path(path).parent)
    return any(fnmatch.fnmatch(path, one) for one in same_folder)


@pytest.mark.slow
def test_a_new_project_checks_and_plans_with_its_own_code(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    new(folder)
    assert project_files() == ROOT
    assert not list(folder.rglob("*.lock"))
    command = (sys.executable, "-c", "from xstilts.cli import app; app()")
    check = subprocess.run([*command, "check"], cwd=folder, capture_output=True, text=True, check=False)
    assert (check.returncode, check.stdout) == (0, "ok\n"), check.stderr
    plan = subprocess.run(
        [*command, "grid", "run", "--dry-run"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "stages would run" in plan.stdout, plan.stderr


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="something that is there already"):
        new(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
