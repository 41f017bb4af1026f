"""Writes what the documentation has from real runs: reference pages, and the output below every `$ xstilts ...`.

    python docs/generate.py            # what needs nothing but git: `make docs` does this
    python docs/generate.py --data     # and what needs a finished default study in data/

A fenced block of `console` is run if the line before it is `<!-- output: metrics -->` or `<!-- output: data -->`: each
line of it that begins with `$ ` is a command, and what it prints is put below.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import typer
from typer.cli import get_docs_for_click
from typer.testing import CliRunner

from xstilts.cli import app
from xstilts.reference import settings_page

BLOCK = re.compile(r"(<!-- output: (metrics|data) -->\n```console\n)(.*?)(```\n)", re.DOTALL)
WIDTH = "100"  # columns of the terminal that help and tables are made for


def pages() -> Iterator[Path]:
    """README and every page of the documentation."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


def cli_page() -> str:
    """Every command with its options, from the help texts."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="xstilts", title="Command line")
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(lines).strip() + "\n"


def with_outputs(text: str, kinds: frozenset[str]) -> str:
    """A page with the output of every marked block of these kinds made anew."""

    def made(found: re.Match[str]) -> str:
        begin, kind, content, end = found.groups()
        if kind not in kinds:
            return found[0]
        commands = [line for line in content.splitlines() if line.startswith("$ ")]
        return begin + "".join(f"{line}\n{printed(line[2:])}\n" for line in commands).rstrip() + "\n" + end

    return BLOCK.sub(made, text)


def printed(command: str) -> str:
    """What a command of xstilts prints at the root of the repository; trailing spaces are left out."""
    program, *arguments = shlex.split(command)
    assert program == "xstilts", command
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{command}: {result.output}"
    lines = "\n".join(line.rstrip() for line in result.output.splitlines())
    return re.sub(r"\n\n+", "\n", re.sub(r" \(not there yet: .*\)", "", lines)).strip("\n")


def generated(kinds: frozenset[str]) -> dict[Path, str]:
    """{page: what it has to be} of every page that something is generated of."""
    os.chdir(ROOT)
    os.environ["COLUMNS"] = WIDTH
    found = {page: with_outputs(page.read_text(encoding="utf-8"), kinds) for page in pages()}
    reference = ROOT / "docs/reference"
    return found | {reference / "cli.md": cli_page(), reference / "settings.md": settings_page()}


def main() -> None:
    """Write every page that is not as it has to be."""
    kinds = frozenset({"metrics", *(["data"] if "--data" in sys.argv[1:] else [])})
    for page, text in generated(kinds).items():
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: written")


if __name__ == "__main__":
    main()
