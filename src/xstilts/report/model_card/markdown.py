"""Markdown that says what it is given and nothing else: text of task files and data sets is never markup."""

import html
import re
from collections.abc import Sequence

_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_LINKED = re.compile(r"(?i)\b(https?|ftp)://|\bwww\.|@")


def escaped(text: object) -> str:
    """The text on one line, without any Markdown or HTML in it; addresses stay text and become no links."""
    line = " ".join(str(text).split())
    marked = _MARKS.sub(r"\\\1", html.escape(line, quote=False))
    return _LINKED.sub(lambda found: found[0][:-1] + f"&#{ord(found[0][-1])};", marked)


def code(text: object) -> str:
    """The text on one line as code: between more backticks than it has in a row, in a table too."""
    line = " ".join(str(text).split()).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if "`" in line else ""
    return f"{fence}{space}{line}{space}{fence}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0) -> str:
    """A table of cells that are Markdown already; the last `numbers` columns are set to the right."""
    rule = ["---"] * (len(headings) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))


def fenced(source: str, language: str = "python") -> str:
    """A block of code."""
    return f"```{language}\n{source.strip()}\n```"
