"""Stage `page`: data/report/index.html, the study as one page that needs no network."""

from pathlib import Path
from typing import Annotated

import typer

from xstilts.errors import run_stage
from xstilts.page.content import page_content
from xstilts.page.material import read_material
from xstilts.page.render import render
from xstilts.parameters import choices


def main(
    metrics: Annotated[Path, typer.Option(help="folder with answer.json and its like")] = Path("metrics"),
    report: Annotated[Path, typer.Option(help="folder with details/ and scenes/")] = Path("data/report"),
    out: Annotated[Path, typer.Option(help="the page")] = Path("data/report/index.html"),
    study: Annotated[str, typer.Option(help="the section of params.yaml that names the cells")] = "study",
) -> None:
    """Make the page of a study."""

    def page() -> None:
        chosen = choices()
        content = page_content(read_material(metrics, report, chosen[study]))
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(render(content), encoding="utf-8")

    run_stage(page)


if __name__ == "__main__":
    typer.run(main)
