"""Stage `page`: data/report/index.html, the study as one page that needs no network."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.errors import run_stage
from xstilts.base.parameters import read_yaml
from xstilts.page.content import page_content
from xstilts.page.material import read_material
from xstilts.page.render import render
from xstilts.report.places import Study, metrics_folder, report_folder, study_file


def page(study: str | None) -> None:
    """Read what a study has, and write its page."""
    metrics, report = metrics_folder(study), report_folder(study)
    html = render(page_content(read_material(metrics, report, read_yaml(study_file(study))["study"])))
    report.mkdir(parents=True, exist_ok=True)
    (report / "index.html").write_text(html, encoding="utf-8")


def main(
    study: Study = None,
) -> None:
    """Make the page of a study."""
    run_stage(lambda: page(study))


if __name__ == "__main__":
    typer.run(main)
