"""Where the numbers of a page come from: read from what was collected, and nothing that is not known is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from xstilts import __version__
from xstilts.base.cells import Study
from xstilts.base.files import write_json
from xstilts.page.origin import origin

STUDY = Study(["plain"], ["none", "gqa"], [], [0], ["xgqa"])


def test_revisions_date_and_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    for command in (
        ["init", "-q"],
        [*own, "commit", "-q", "--allow-empty", "-m", "a", "--date", "2026-01-02T00:00:00"],
    ):
        monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T00:00:00")
        subprocess.run(["git", *command], check=True, capture_output=True)
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True)
    known = revision.stdout.strip() + "+changes"
    for cell in [one for cells in STUDY.cells("xgqa").values() for one in cells]:
        write_json(cell.collected() / "provenance.json", {"revision": known if cell.route == "gqa" else "0000000"})
    Path("CITATION.cff").write_text('repository-code: "https://example.org/xstilts"\n')
    assert origin(STUDY, None, "e5") == {
        "encoder": "e5",
        "version": __version__,
        "revisions": ["0000000", known],
        "date": "2026-01-02",
        "repository": "https://example.org/xstilts",
    }


def test_nothing_is_known_of_cells_that_were_not_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("CITATION.cff").write_text('repository-code: "javascript:alert(1)"\n')
    found = origin(STUDY, None, "e5")
    assert (found["revisions"], found["date"], found["repository"]) == ([], "", "")
