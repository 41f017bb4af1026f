"""Where the files of a study lie: of the default one (params.yaml), or of a named one (stages/<name>/study.yaml)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# What a stage that collects is called with.
Study = Annotated[str | None, typer.Option(help="folder of stages/ whose study.yaml counts, instead of params.yaml")]


def study_file(study: str | None) -> Path:
    """The parameter file whose key `study` lists routes, seeds and targets; None: of the default study."""
    return Path("params.yaml") if study is None else Path("stages", study, "study.yaml")


def metrics_folder(study: str | None) -> Path:
    """Where a study's numbers are kept in git: metrics, or metrics/<name>."""
    return Path("metrics", study or "")


def report_folder(study: str | None) -> Path:
    """Where what a study collects and its page lie: data/report, or data/report/<name>."""
    return Path("data/report", study or "")


def cell_path(root: Path, target: str, route: str, seed: int) -> Path:
    """Where the metrics of one cell of a study lie below `root` (metrics/study)."""
    return root / target / f"{route}-s{seed}.json"


def items_path(root: Path, target: str, route: str, seed: int) -> Path:
    """Where the items of one cell of a study lie below `root` (data/report/items)."""
    return root / target / f"{route}-s{seed}.arrow"


def leaks_path(root: Path, target: str, route: str) -> Path:
    """Where lies what a route and a target share, below `root` (data/report/leaks)."""
    return root / target / f"{route}.json"


def card_path(root: Path, target: str, route: str, seed: int) -> Path:
    """Where the model card of one cell lies, below `root` (data/report/cards)."""
    return root / target / f"{route}-s{seed}" / "README.md"
