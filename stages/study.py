"""Stage `study`: metrics/study/<target>/<route>-s<seed>.json from the scores of one cell of the study."""

from pathlib import Path

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.report.metrics import read_scores, study_metrics
from xstilts.report.study import cell_path


def main(route: str, seed: int, target: str) -> None:
    """Collect the scores of one cell, with accuracies by question type."""
    scores = Path("data/scores") / f"{route}-s{seed}" / target / "scores.json"
    out = cell_path(Path("metrics/study"), target, route, seed)
    run_stage(lambda: write_json(out, study_metrics(read_scores(scores))))


if __name__ == "__main__":
    typer.run(main)
