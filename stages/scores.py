"""Stage `scores`: metrics/<target>.json from the scores of the route and seed chosen in params.yaml."""

from pathlib import Path

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.report.metrics import read_scores, target_metrics


def main(route: str, seed: int, target: str) -> None:
    """Collect the scores of one cell into metrics/<target>.json."""
    scores = Path("data/scores") / f"{route}-s{seed}" / target / "scores.json"
    run_stage(lambda: write_json(Path("metrics") / f"{target}.json", target_metrics(read_scores(scores))))


if __name__ == "__main__":
    typer.run(main)
