"""A comment for code review: what a change did to the study, in tables and pictures of two revisions' metrics."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from xstilts.base.cells import Route
from xstilts.base.errors import DataError, ParameterError
from xstilts.report.cells.metrics import ENGLISH, NAMES, ZERO_SHOT
from xstilts.report.changes import Change, Parts, changes, scores_of, verdict_line
from xstilts.report.heat_map import baseline_name, cells_of, columns_of, heading, heat_map_png, route_name
from xstilts.report.numbers import ABSENT, inconclusive, percent, points, points_interval
from xstilts.report.sentences import sentences

MARK = "<!-- xstilts-study -->"  # by which the comment is found again
PARTS = ("study", "answer", "transfer", "items")
MEANS = (ZERO_SHOT, ENGLISH)
Rows = Sequence[Sequence[str]]
_NOT_IN_NAMES = re.compile(r"[^\w.-]")  # of files
_MARKUP = re.compile(r"[\\`*\[\]|~]")
_MENTION = re.compile(r"@|(?<!&)#(?=[0-9])|\bGH-(?=[0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Revisions:
    """Two revisions of a repository, whose metrics git holds.

    Attributes:
        root: the working directory of the repository.
        base, head: as git names them: what is compared with, and what is compared.
    """

    root: Path
    base: str
    head: str

    def check(self) -> None:
        """`ParameterError` if git does not know one of them."""
        for revision in (self.base, self.head):
            if self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
                todo = "name a branch, a tag or a commit, and fetch it first"
                raise ParameterError(f"{self.root}: git knows no revision '{revision}'; {todo}")

    def short(self, revision: str) -> str:
        """The first digits of a revision's commit."""
        return (self._git("rev-parse", "--short", f"{revision}^{{commit}}") or revision).strip()

    def json(self, revision: str, path: str) -> Any:
        """The content of a JSON file at a revision, None where it does not exist; `DataError` if it is broken."""
        text = self._git("show", f"{revision}:{path}")
        try:
            return None if text is None else json.loads(text)
        except json.JSONDecodeError as error:
            todo = "make the file again and commit it"
            raise DataError(f"{revision}:{path}", error.lineno, f"broken JSON ({error})", "valid JSON", todo) from None

    def _git(self, *arguments: str) -> str | None:
        run = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        return None if run.returncode else run.stdout


def write_review(
    revisions: Revisions, out: Path, shrunken: Revisions | None = None, link: str = "", pictures_at: str = ""
) -> Path:
    """Write comment.md and a picture heat_map_<target>.png of each target; return the comment's path.

    Args:
        revisions: whose committed metrics are compared.
        out: a folder; other files in it stay.
        shrunken: two revisions of another clone that hold the metrics of a run on a small part of the world.
        link: where the pictures can be found by their names, such as the page of a workflow's run.
        pictures_at: the address of a folder that serves them, so that the comment shows them.

    Raises:
        ParameterError: git does not know a revision.
    """
    for one in (revisions, shrunken):
        if one:
            one.check()
    out.mkdir(parents=True, exist_ok=True)
    parts = parts_at(revisions, revisions.head)
    pictures = write_pictures(parts, out)
    sections = [f"{MARK}\n## Study", *section(revisions, parts), shown(pictures, link, pictures_at)]
    if shrunken:
        small = section(shrunken, parts_at(shrunken, shrunken.head))
        sections.append(folded("A run of both sides on a small part of the world, which shows that it runs", small))
    path = out / "comment.md"
    path.write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")
    return path


def parts_at(revisions: Revisions, revision: str) -> Parts:
    """The parts of the study that are committed at a revision."""
    files = {part: revisions.json(revision, f"metrics/{part}.json") for part in PARTS}
    return {part: content for part, content in files.items() if content is not None}


def write_pictures(parts: Parts, out: Path) -> list[str]:
    """Write the heat map of every target that has cells; return the names of the files."""
    names = []
    for target in parts.get("study", {}) if "transfer" in parts else {}:
        if cells_of(parts["transfer"], target):
            names.append(f"heat_map_{_NOT_IN_NAMES.sub('_', target)}.png")
            (out / names[-1]).write_bytes(heat_map_png(parts["transfer"], parts["study"], target))
    return names


def section(revisions: Revisions, head: Parts) -> list[str]:
    """What the change did in one line and in numbers, the answer at head, and its differences between routes."""
    base = parts_at(revisions, revisions.base)
    found, routes = changes(base, head), len({key for one in (base, head) for key in scores_of(one)})
    names = (revisions.short(revisions.base), revisions.short(revisions.head))
    said = [f"**{text(verdict_line(found, routes))}**", f"`{names[0]}` to `{names[1]}`"]
    return [*said, *changed(found), *chosen(revisions, head), *answered(base, head), *differences(head)]


def changed(found: Sequence[Change]) -> list[str]:
    """Every route that changed: the means before and after in percent, and the change in points with its interval."""
    if not found:
        return []
    headings = [f"{NAMES[mean]} {what}" for mean in MEANS for what in ("before", "after", "change", "95 %")]
    rows = [[one.name, *_mean(one, ZERO_SHOT, one.zero_shot), *_mean(one, ENGLISH, one.english)] for one in found]
    languages = list(dict.fromkeys(code for one in found for code in {**one.after, **one.before}))
    columns = [code for code in languages if code not in MEANS]
    single = [[one.name, *(points(one.of(code)) for code in columns)] for one in found]
    by_language = table(("route", *(NAMES.get(code, code) for code in columns)), single)
    return [table(("route", *headings), rows), folded("By language, after minus before in points", [by_language])]


def _mean(one: Change, mean: str, record: Mapping[str, Any] | None) -> list[str]:
    """A mean before and after, the change and its interval."""
    interval = points_interval(record["interval"]) if record else ABSENT
    return [percent(one.before.get(mean)), percent(one.after.get(mean)), points(one.of(mean)), interval]


def chosen(revisions: Revisions, head: Parts) -> list[str]:
    """The scores of the route that params.yaml chooses, in percent, if they changed; it may be another route."""
    found = []
    for target, part in head.get("study", {}).items():
        sides = (revisions.json(one, f"metrics/{target}.json") or {} for one in (revisions.base, revisions.head))
        before, after = (side.get(part["metric"], {}) for side in sides)
        if before != after:
            one = Change(target, "the chosen route", before, after)
            names = list({**after, **before})
            rows = [[percent(before.get(name)), percent(after.get(name)), points(one.of(name))] for name in names]
            shown = table(
                (f"{target}, in %", "before", "after", "change"),
                [[NAMES.get(name, name), *row] for name, row in zip(names, rows, strict=True)],
            )
            found.append(folded(text(f"The route that params.yaml chooses, on {target}"), [shown]))
    return found


def answered(base: Parts, head: Parts) -> list[str]:
    """The answer's sentences at head, and where they were others, those at base."""
    now, before = (list(sentences(parts["answer"])) if "answer" in parts else [] for parts in (head, base))
    lines = [f"**{text(sentence)}**" for sentence in now]
    if before and before != now:
        lines.append(f"Before: {text(' '.join(before))}")
    return lines


def differences(head: Parts) -> list[str]:
    """The heat map as a table: differences to the baseline in points, in brackets where they are inconclusive.

    Of several recipes a second one has each recipe minus the first. The means stand with their intervals, and the
    tables with what these cover.
    """
    transfer = head.get("transfer", {"cells": []})
    covered = f"; intervals cover {transfer['covers']}" if "covers" in transfer else ""
    found = []
    for compared, records in _compared(transfer):
        found += [text(f"{compared}, in points (in brackets: inconclusive{covered})"), _difference_table(records)]
    return found


def _compared(transfer: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """For each target, routes minus baselines and recipes minus the first one, each with its name."""
    recipes = transfer.get("recipes", ())
    for target in dict.fromkeys(one["target"] for one in (*transfer["cells"], *recipes)):
        if cells := cells_of(transfer, target):
            yield f"{target} minus {baseline_name(cells)}", cells
        if own := [one for one in recipes if one["target"] == target]:
            yield f"{target}, each recipe minus {Route.parse(own[0]['baseline']).recipe}", own


def _difference_table(cells: Sequence[Mapping[str, Any]]) -> str:
    columns = [column for group in columns_of(cells) for column in group]
    headings = [name for column in columns for name in (heading(column), *(["95 %"] if column in MEANS else []))]
    rows = [[route_name(cell), *(one for name in columns for one in _shown(cell, name))] for cell in cells]
    return table(("route", *headings), rows)


def _shown(cell: Mapping[str, Any], name: str) -> list[str]:
    """A difference in points and, of a mean, its interval."""
    record = cell["languages"].get(name) or cell[name]
    shown = points(record["difference"])
    interval = [points_interval(record["interval"])] if name in MEANS else []
    return [f"({shown})" if inconclusive(record) else shown, *interval]


def shown(pictures: Sequence[str], link: str, pictures_at: str) -> str:
    """The pictures, or where they are."""
    if pictures_at:
        alt = "Heat map: what each intermediate task changes in each language, in points"
        return "\n".join(f"![{alt}]({pictures_at.rstrip('/')}/{name})" for name in pictures)
    named = [f"[{name}]({link})" if link else f"`{name}`" for name in pictures]
    return f"Heat map: {', '.join(named)}" if pictures else ""


def table(headings: Sequence[str], rows: Rows) -> str:
    """A Markdown table, the first column to the left; what stands in a cell stays text."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(text, line))} |" for line in lines)


def text(words: str) -> str:
    """Words as Markdown that shows them as they are: no markup, HTML, picture, link or line of its own, and nobody and
    no issue is mentioned. GitHub finds `@team` and `#12` in the text that is shown, so a space of no width parts them.
    """
    shown = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", escape(" ".join(words.split()), quote=False))
    return _MENTION.sub("\\g<0>&#8203;", shown.replace("://", "&#58;//"))


def folded(title: str, parts: Sequence[str]) -> str:
    """Parts of a comment that are shown on demand."""
    return "\n\n".join([f"<details><summary>{title}</summary>", *parts, "</details>"])
