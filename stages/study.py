"""Stage `study`: metrics/study/<target>/<route>-s<seed>.json from the scores of one cell of a study."""

from pathlib import Path
from typing import Annotated

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.report.metrics import read_scores, study_metrics
from xstilts.report.places import cell_path, metrics_folder


def main(
    route: str,
    seed: int,
    target: str,
    study: Annotated[str | None, typer.Option(help="collect for a folder of stages/, not for params.yaml")] = None,
) -> None:
    """Collect the scores of one cell, with accuracies by question type."""
    scores = Path("data/scores") / f"{route}-s{seed}" / target / "scores.json"
    out = cell_path(metrics_folder(study) / "study", target, route, seed)
    run_stage(lambda: write_json(out, study_metrics(read_scores(scores))))


if __name__ == "__main__":
    typer.run(main)
