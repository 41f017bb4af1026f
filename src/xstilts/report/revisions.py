"""Metrics of two revisions of the repository: read from git and compared by DVC, without cache or remote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError


@dataclass(frozen=True)
class Revisions:
    """Two revisions of a repository.

    Attributes:
        root: the working directory of the repository.
        base, head: as git names them: what is compared with, and what is compared.
    """

    root: Path
    base: str
    head: str

    def check(self) -> None:
        """`ParameterError` if git does not know one of them."""
        for revision in (self.base, self.head):
            if self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
                todo = "name a branch, a tag or a commit, and fetch it first"
                raise ParameterError(f"{self.root}: git knows no revision '{revision}'; {todo}")

    def short(self, revision: str) -> str:
        """The first digits of a revision's commit."""
        return (self._git("rev-parse", "--short", f"{revision}^{{commit}}") or revision).strip()

    def json(self, revision: str, path: str) -> Any:
        """The content of a JSON file at a revision, None where it does not exist; `DataError` if it is broken."""
        text = self._git("show", f"{revision}:{path}")
        try:
            return None if text is None else json.loads(text)
        except json.JSONDecodeError as error:
            todo = "make the file again and commit it"
            raise DataError(f"{revision}:{path}", error.lineno, f"broken JSON ({error})", "valid JSON", todo) from None

    def metrics_diff(self, paths: Sequence[str]) -> list[list[str]]:
        """The rows of `dvc metrics diff --md` for some files: path, metric, value at base, value at head, change."""
        command = ("metrics", "diff", "--md", self.base, self.head, "--targets", *paths)
        run = subprocess.run(
            [sys.executable, "-m", "dvc", *command], cwd=self.root, capture_output=True, text=True, check=False
        )
        if run.returncode:
            raise ParameterError(f"{self.root}: dvc {' '.join(command)} failed: {run.stderr.strip()}")
        lines = [line for line in run.stdout.splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]

    def _git(self, *arguments: str) -> str | None:
        run = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        return None if run.returncode else run.stdout
