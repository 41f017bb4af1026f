"""Stage `confusion`: metrics/confusion/<target>.json, kinds of answers of the route and seed in params.yaml."""

from pathlib import Path

import typer

from xstilts.errors import run_stage
from xstilts.report.compact import write_compact
from xstilts.report.confusion import confusion_rows


def main(route: str, seed: int, target: str) -> None:
    """Count the answers of one cell by their kind."""
    scores, out = Path("data/scores", f"{route}-s{seed}", target), Path("metrics/confusion", f"{target}.json")
    run_stage(lambda: write_compact(out, confusion_rows(scores)))


if __name__ == "__main__":
    typer.run(main)
