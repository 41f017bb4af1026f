"""A review comment made of two branches, in a fresh clone that has neither cache nor remote."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import ParameterError
from xstilts.base.files import write_json
from xstilts.report.changes import NO_CHANGE
from xstilts.report.numbers import percent, points, points_interval
from xstilts.report.review import (
    MARK,
    Revisions,
    answered,
    differences,
    section,
    table,
    write_pictures,
    write_review,
)

pytestmark = pytest.mark.stage
ROOT = Path(__file__).parents[2]
KEPT = (".dvc/config", "dvc.yaml", "params.yaml")  # the cells in stages/ have no metrics
LANGUAGES = ("en", "de", "zh", "zero_shot")
Json = dict[str, Any]


def git(root: Path, *arguments: str) -> None:
    """Run git in a repository."""
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    environment = {**os.environ, **dict.fromkeys(names, "test@localhost")}
    subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def chosen(files: Json, route: str) -> Json:
    """metrics/xgqa.json of a route."""
    cell = files["cells"]["xgqa"][route][0]
    return {key: value for key, value in cell.items() if key != "metric"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, files: Json) -> Iterator[Path]:
    """A clone of a repository with a study's metrics, in which the branch `change` shows the route gqa, not none."""
    origin, root = tmp_path_factory.mktemp("origin"), tmp_path_factory.mktemp("clone")
    for name in KEPT:
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, origin / name)
    for name, content in (files | {"xgqa": chosen(files, "none")}).items():
        write_json(origin / "metrics" / f"{name}.json", content)
    git(origin, "init", "--quiet", "--initial-branch", "main")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "base")
    git(root.parent, "clone", "--quiet", str(origin), str(root))
    git(root, "checkout", "--quiet", "-b", "change")
    change(root / "metrics", files)
    git(root, "commit", "--quiet", "--all", "--message", "change")
    yield root
    shutil.rmtree(root)


def change(metrics: Path, files: Json) -> None:
    """Another route's scores, a study in which it does a little better, and another answer."""
    write_json(metrics / "xgqa.json", chosen(files, "gqa"))
    study, answer = read(metrics / "study.json"), read(metrics / "answer.json")
    study["xgqa"]["accuracy"]["gqa"]["de"] += 0.01
    study["xgqa"]["spread"] = {"gqa": {"de": 0.02}}
    study["xgqa"]["accuracy"]["squad"] = study["xgqa"]["accuracy"]["gqa"]
    items = read(metrics / "items.json")
    items["targets"]["xgqa"]["right"]["squad"] = items["targets"]["xgqa"]["right"]["gqa"]
    write_json(metrics / "items.json", items)
    study["xgqa"]["intervals"] = {"gqa": {"zero_shot": [0.4, 0.5]}}
    write_json(metrics / "study.json", study)
    answer["answers"][0]["sentence"] = "On xgqa <b>nothing</b> is decided."
    write_json(metrics / "answer.json", answer)


def rows(text: str) -> list[list[str]]:
    """The rows of all Markdown tables of a text."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_metrics_diff_prints_the_table_by_language(clone: Path, files: Json) -> None:
    """It needs what git has and nothing else, and fits into a comment."""
    command = ["metrics", "diff", "--md", "main", "change", "--targets", "metrics/xgqa.json"]
    run = subprocess.run([sys.executable, "-m", "dvc", *command], cwd=clone, capture_output=True, text=True, check=True)
    assert not (clone / ".dvc/cache").exists()
    assert max(map(len, run.stdout.splitlines())) <= 100
    printed = {row[1]: row[2:] for row in rows(run.stdout) if row[1].startswith("accuracy.")}
    before, after = chosen(files, "none"), read(clone / "metrics/xgqa.json")
    assert set(printed) == {f"accuracy.{language}" for language in LANGUAGES}
    for language in LANGUAGES:
        old, new, difference = map(float, printed[f"accuracy.{language}"])
        assert (old, new) == (before["accuracy"][language], after["accuracy"][language])
        assert difference == pytest.approx(new - old)


def test_the_comment_shows_what_changed(clone: Path, tmp_path: Path, files: Json) -> None:
    out = tmp_path / "out"
    text = write_review(Revisions(clone, "main", "change"), out, link="https://example.org/run").read_text()
    assert text.startswith(f"{MARK}\n")
    assert text.count(MARK) == 1
    line = text.split("\n\n")[1]
    assert line.startswith("**2 of 4 routes changed; better: squad on xgqa +")
    assert "inconclusive: gqa on xgqa 0.0 points (0.0 to 0.0)" in line  # whose examples did not change
    before, after = (files["study"]["xgqa"]["accuracy"][route] for route in ("squad", "gqa"))
    (own,) = [row for row in rows(text) if row[0] == "squad on xgqa" and len(row) == 9]
    assert own[1:4] == [
        percent(before["zero_shot"]), percent(after["zero_shot"]), points(after["zero_shot"] - before["zero_shot"]),
    ]  # fmt: skip
    assert f"squad on xgqa {own[3]} points ({own[4]})" in line
    by_language = [row for row in rows(text) if row[0] == "gqa on xgqa"][-1]
    assert "+1.0" in by_language
    assert [row[3] for row in rows(text) if row[0] == "de"] == [
        points(chosen(files, "gqa")["accuracy"]["de"] - chosen(files, "none")["accuracy"]["de"])
    ]
    assert "**On xgqa &lt;b&gt;nothing&lt;/b&gt; is decided.**" in text
    assert f"Before: {files['answer']['answers'][0]['sentence']}" in text
    assert NO_CHANGE not in text
    assert (out / "heat_map_xgqa.png").read_bytes().startswith(b"\x89PNG")
    assert "Heat map: [heat_map_xgqa.png](https://example.org/run)" in text
    revisions = Revisions(clone, "main", "change")
    shown = write_review(revisions, out, pictures_at="https://example.org/files/").read_text()
    assert re.search(r"!\[Heat map: [^]]+\]\(https://example.org/files/heat_map_xgqa.png\)", shown)
    assert "Heat map: `heat_map_xgqa.png`" in write_review(revisions, out).read_text()


def test_the_heat_map_stands_in_the_comment_as_a_table(clone: Path, tmp_path: Path, files: Json) -> None:
    text = write_review(Revisions(clone, "main", "change"), tmp_path).read_text()
    cell = next(one for one in copy.deepcopy(files["transfer"])["cells"] if one["route"] == "gqa")
    (row,) = [row for row in rows(text) if row[0] == "gqa"]
    assert row[1].strip("()") == points(cell["zero_shot"]["difference"])
    low, high = cell["zero_shot"]["interval"]
    assert row[1].startswith("(") == (low <= 0 <= high)
    assert row[2] == points_interval([low, high])
    assert len(row) == 1 + len(cell["languages"]) + 5  # two means with intervals, and the gap
    assert f"intervals cover {files['transfer']['covers']})" in text


def test_an_unchanged_study_says_so(clone: Path, tmp_path: Path, files: Json) -> None:
    text = write_review(Revisions(clone, "main", "main"), tmp_path).read_text()
    assert NO_CHANGE in text
    assert text.count(MARK) == 1
    assert not [row for row in rows(text) if row[0].endswith(" on xgqa")]
    assert files["answer"]["answers"][0]["sentence"] in text
    assert "Before:" not in text


def test_a_small_run_is_folded_in(clone: Path, tmp_path: Path, files: Json) -> None:
    """Still one mark: there is one comment."""
    text = write_review(Revisions(clone, "main", "main"), tmp_path, Revisions(clone, "main", "change")).read_text()
    first, second = text.split("<details><summary>A run of both sides", 1)
    assert NO_CHANGE in first
    assert NO_CHANGE not in second
    assert "squad on xgqa" in second
    assert text.count(MARK) == 1
    assert text.count("<details>") == text.count("</details>")


def test_metrics_that_begin_with_a_change(clone: Path, files: Json) -> None:
    """Nothing to compare with: what is there is shown as new."""
    git(clone, "checkout", "--quiet", "--orphan", "empty")
    git(clone, "rm", "-r", "--quiet", "--cached", "metrics")
    git(clone, "commit", "--quiet", "--message", "no metrics yet")
    git(clone, "checkout", "--quiet", "--force", "change")
    revisions = Revisions(clone, "empty", "main")
    text = "\n".join(section(revisions, {"study": files["study"]}))
    assert "4 of 4 routes changed; without an interval: none on xgqa (new)" in text
    assert next(row for row in rows(text) if row[0] == "de")[1] == "-"
    gone = "\n".join(section(Revisions(clone, "main", "empty"), {}))
    assert "4 of 4 routes changed; without an interval: none on xgqa (gone)" in gone


def test_an_unknown_revision_is_named(clone: Path, tmp_path: Path, files: Json) -> None:
    with pytest.raises(ParameterError, match="git knows no revision 'mian'; name a branch, a tag or a commit"):
        write_review(Revisions(clone, "mian", "change"), tmp_path)


def test_a_cell_of_a_table_stays_text() -> None:
    assert table(("a", "b"), [["x|y", "<script>"]]).splitlines()[2] == "| x&#124;y | &lt;script&gt; |"


def test_nobody_and_no_issue_is_mentioned() -> None:
    shown = unescape(table(("a",), [["@team, owner/name#12, #12, GH-12 and `[x]` #x"]]).splitlines()[2].strip("| "))
    assert not re.search(r"@\w|#\d|GH-\d", shown)
    assert shown.replace("\u200b", "") == "@team, owner/name#12, #12, GH-12 and `[x]` #x"


HOSTILE = "../x` <img src=x> **b** [y](http://z) | ~~c~~\n# d"


def test_a_hostile_target_stays_text(clone: Path, tmp_path: Path, files: Json) -> None:
    """Its name comes from the metrics of a pull request: no markup in the comment, no file beside the others."""
    name = {"target": HOSTILE}
    transfer = copy.deepcopy(files["transfer"])
    transfer["cells"] = [cell | name for cell in transfer["cells"]]
    parts = {"study": {HOSTILE: files["study"]["xgqa"]}, "transfer": transfer}
    (tmp_path / "out").mkdir()
    (picture,) = write_pictures(parts, tmp_path / "out")
    assert (
        [path.name for path in tmp_path.rglob("*.png")] == [picture] == [path.name for path in tmp_path.glob("out/*")]
    )
    assert re.fullmatch(r"[\w.-]+", picture)
    told = "\n".join(
        [*differences(parts), *answered({}, {"answer": {"answers": [{"sentence": HOSTILE}], "missing": []}})]
    )
    assert "../x" in told
    for markup in ("<", "`", "[", "~", "://", "\n#", "*b"):
        assert markup not in told, markup


def test_a_control_is_named_as_one(clone: Path, files: Json) -> None:
    transfer = copy.deepcopy(files["transfer"])
    transfer["cells"][0]["control"] = "shuffled labels"
    named = [row[0] for row in rows("\n".join(differences({"transfer": transfer})))]
    routes = [cell["route"] for cell in transfer["cells"]]
    assert named == ["route", "---", *routes[1:], f"{routes[0]} (control)"]
