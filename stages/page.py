"""Stage `page`: data/report/index.html, the study as one page that needs no network."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import Study, report_folder, study_file
from xstilts.base.errors import run_stage
from xstilts.base.parameters import build, read_yaml
from xstilts.page.content import page_content
from xstilts.page.material import read_material
from xstilts.page.origin import origin
from xstilts.page.render import render


def page(name: str | None, from_git: bool, out: Path) -> None:
    """Read what a study has, and write its page."""
    file = study_file(name)
    study = build(Study, read_yaml(file)["study"], f"{file}: study")
    source = origin(study, name, read_yaml(Path("params.yaml"))["encoder"])
    html = render(page_content(read_material(study, name, source, from_git)))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(html, encoding="utf-8")


def main(
    study: Annotated[str | None, typer.Option(help="folder of stages/ with a study.yaml")] = None,
    from_git: Annotated[bool, typer.Option(help="from metrics/ alone, without curves and atlas")] = False,
    out: Annotated[Path | None, typer.Option(help="file to write, in data/report if not given")] = None,
) -> None:
    """Make the page of a study."""
    run_stage(lambda: page(study, from_git, out or report_folder(study) / "index.html"))


if __name__ == "__main__":
    typer.run(main)
