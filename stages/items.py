"""Stage `items`: data/report/items/<target>/<route>-s<seed>.arrow, what each test example of one cell earned."""

from pathlib import Path

import typer

from xstilts.errors import run_stage
from xstilts.report.items import write_items
from xstilts.report.places import Study, items_path, report_folder


def main(
    route: str,
    seed: int,
    target: str,
    study: Study = None,
) -> None:
    """Collect the examples of one cell, and what its training cost."""
    cell = f"{route}-s{seed}"
    out = items_path(report_folder(study) / "items", target, route, seed)
    intermediate = Path("data/intermediate", cell, "checkpoint.json")
    trained = Path("data/target", cell, target, "checkpoint.json")
    cache = Path("data/tokenized", target, "test")
    run_stage(lambda: write_items(Path("data/scores", cell, target), intermediate, trained, cache, out))


if __name__ == "__main__":
    typer.run(main)
