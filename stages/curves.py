"""Stage `curves`: metrics/curves/<target>, the learning curves of the route and seed chosen in params.yaml."""

from pathlib import Path

import typer

from xstilts.errors import run_stage
from xstilts.report.curves import write_curves


def main(route: str, seed: int, target: str) -> None:
    """Write the curves of both training phases of one cell."""
    cell = f"{route}-s{seed}"
    intermediate = Path("data/intermediate", cell, "checkpoint.json")
    trained = Path("data/target", cell, target, "checkpoint.json")
    run_stage(lambda: write_curves(intermediate, trained, Path("metrics/curves", target)))


if __name__ == "__main__":
    typer.run(main)
