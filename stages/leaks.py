"""Stage `leaks`: data/report/leaks/<target>/<route>.json, what a route's intermediate task shares with a target."""

from pathlib import Path

import typer

from xstilts.cache import write_json
from xstilts.errors import run_stage
from xstilts.leaks import leak_facts
from xstilts.report.places import Study, leaks_path, report_folder


def main(
    route: str,
    target: str,
    study: Study = None,
) -> None:
    """Compare the caches of one route and one target."""
    out = leaks_path(report_folder(study) / "leaks", target, route)
    run_stage(lambda: write_json(out, leak_facts(Path("data/tokenized"), route, target)))


if __name__ == "__main__":
    typer.run(main)
