"""Stage `study`: metrics/study/<target>/<route>-s<seed>.json from the scores of one cell of a study."""

from pathlib import Path

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.report.metrics import read_scores, study_metrics
from xstilts.report.places import Study, cell_path, metrics_folder


def main(
    route: str,
    seed: int,
    target: str,
    study: Study = None,
) -> None:
    """Collect the scores of one cell, with accuracies by question type."""
    scores = Path("data/scores") / f"{route}-s{seed}" / target / "scores.json"
    out = cell_path(metrics_folder(study) / "study", target, route, seed)
    run_stage(lambda: write_json(out, study_metrics(read_scores(scores))))


if __name__ == "__main__":
    typer.run(main)
