"""Continuous integration: its workflow parses, runs scripts that exist, and may do no more than it needs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from xstilts.report.review import MARK

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
SCRIPTS = sorted(path for path in (ROOT / ".ci").iterdir() if os.access(path, os.X_OK) and path.is_file())


@pytest.fixture(params=WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def workflow(request: pytest.FixtureRequest) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(request.param.read_text())
    return content


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """The steps of all jobs."""
    found = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert found
    return found


def test_there_is_something_to_examine() -> None:
    assert "study" in {path.stem for path in WORKFLOWS}
    assert {"run", "review", "comment", "shrink"} <= {path.name for path in SCRIPTS}


def test_everything_that_runs_exists(workflow: dict[Any, Any]) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for step in steps(workflow):
        assert ("run" in step) != ("uses" in step)
        for line in step.get("run", "").splitlines():
            program, first = shlex.split(line)[:2]
            assert program in ("make", "cat") or ROOT / program in SCRIPTS, line
            assert program != "make" or first in targets, line
        for variable in re.findall(r'"\$(\w+)"', step.get("run", "")):
            assert variable in step.get("env", {}) or variable.startswith("GITHUB_"), variable


def test_it_may_do_no_more_than_it_needs(workflow: dict[Any, Any]) -> None:
    """No write access beside a pull request's code, no value of a pull request in a shell's text, actions by tag."""
    started = workflow[True]  # YAML 1.1 reads the key `on` so
    assert started == {"pull_request": None, "push": {"branches": ["main"]}}
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        writes = {name for name, level in job.get("permissions", {}).items() if level == "write"}
        refs = [step["with"]["ref"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout")]
        if writes == {"pages", "id-token"}:  # publishes what another job made of main, and runs nothing itself
            assert "'push'" in job["if"]
            assert not any("run" in step for step in job["steps"])
            assert refs == []
            continue
        assert len(refs) == 1
        assert writes <= {"pull-requests"}
        assert not writes or "base.sha" in refs[0]
    for step in steps(workflow):
        assert "${{" not in step.get("run", "")
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/x@v1"))
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_the_oldest_python_runs_all_tests_and_every_named_one_the_quick_ones() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    job = yaml.safe_load((ROOT / ".github/workflows/tests.yaml").read_text())["jobs"]["test"]
    named = [one.rpartition(" ")[2] for one in project["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert job["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"
    whole = [step["if"] for step in job["steps"] if step.get("run") == "make test"]
    assert whole == [f"matrix.python == '{named[0]}'"]


def test_hooks_container_and_templates_are_as_their_programs_read_them() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    dev = " ".join(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"])
    assert [hook["entry"].split()[0] for hook in local["hooks"]] == ["ruff", "ruff", "mypy"]
    assert all(hook["language"] == "system" and hook["entry"].split()[0] in dev for hook in local["hooks"])
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make env"
    templates = [yaml.safe_load(path.read_text()) for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yaml")]
    assert len(templates) > 1
    for template in templates:
        assert {"name", "description", "body"} <= set(template)
        assert all({"type", "attributes"} <= set(field) for field in template["body"])


def test_pull_requests_find_a_cache_that_they_may_read() -> None:
    """That of the default branch, filled on every push to it, under a key that theirs begin with."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/study.yaml").read_text())["jobs"]
    assert "'push'" in jobs["base"]["if"]
    assert all("pull_request" in jobs[name]["if"] for name in ("run", "comment"))
    cached = {name: _cache(jobs[name]) for name in ("base", "run")}
    assert cached["base"]["path"] == cached["run"]["path"] == ".dvc/cache"
    assert cached["base"]["key"].startswith(cached["run"]["restore-keys"])
    order = [step.get("uses", step.get("run", "")) for step in jobs["base"]["steps"]]
    assert order.index("make env") < next(n for n, step in enumerate(order) if step.startswith(".ci/review"))


def _cache(job: dict[str, Any]) -> dict[str, str]:
    (found,) = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/cache@")]
    return dict(found)


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_scripts_are_sound_shell(script: Path) -> None:
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("first", ["## Study", '<!-- " or true or " -->', "<!-- another -->"])
def test_a_comment_needs_our_mark(tmp_path: Path, first: str) -> None:
    """By which it is found again; and as a pull request's code writes the file, no other mark gets into the query."""
    (tmp_path / "comment.md").write_text(f"{first}\n")
    command = [str(ROOT / ".ci/comment"), "owner/name", "1", str(tmp_path / "comment.md")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == f"error: {tmp_path / 'comment.md'}: the first line is not the mark {MARK}\n"


GH = """#!/usr/bin/env python3
import json, pathlib, subprocess, sys
call, store = sys.argv[1:], pathlib.Path(__file__).with_name("comments.json")
comments = json.loads(store.read_text())
body = next((open(one.removeprefix("body=@")).read() for one in call if one.startswith("body=@")), None)
if body is None:
    subprocess.run(["jq", "--raw-output", call[call.index("--jq") + 1], str(store)], check=True)
elif "POST" in call:
    comments.append({"id": len(comments), "user": {"login": "github-actions[bot]"}, "body": body})
else:
    comments[int(call[call.index("PATCH") + 1].rsplit("/", 1)[1])]["body"] = body
store.write_text(json.dumps(comments))
"""


@pytest.mark.skipif(shutil.which("jq") is None, reason="GitHub's client has jq in it, its stand-in has not")
def test_a_second_push_updates_our_comment(tmp_path: Path) -> None:
    """With a stand-in for GitHub's client that keeps comments in a file; a comment of somebody else stays."""
    other = {"id": 0, "user": {"login": "somebody"}, "body": f"{MARK}\nmine"}
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "comments.json").write_text(json.dumps([other]))
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    for text in ("first", "second"):
        (tmp_path / "comment.md").write_text(f"{MARK}\n{text}\n")
        command = [str(ROOT / ".ci/comment"), "owner/name", "1", str(tmp_path / "comment.md")]
        subprocess.run(command, env=environment, check=True)
        kept = json.loads((tmp_path / "comments.json").read_text())
        assert [comment["body"] for comment in kept] == [other["body"], f"{MARK}\n{text}\n"]
