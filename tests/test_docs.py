"""The documentation says what is true: generated parts are as they would be made now, and every command exists."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import typer
import yaml

from xstilts.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "stages/README.md")] + sorted(
    ROOT.glob("docs/**/*.md")
)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROGRAMS = ("xstilts", "dvc", "make")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|(?:src|srcset)=\"([^\"#]+)")


def script(name: str) -> ModuleType:
    """A script of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    return script("generate")


@pytest.mark.slow
def test_the_site_has_the_page_of_every_study_that_git_holds(tmp_path: Path) -> None:
    hooks = script("hooks")
    assert "default" in hooks.studies()
    hooks.on_post_build(config=SimpleNamespace(site_dir=str(tmp_path)))
    pages = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "studies").iterdir()}
    assert set(pages) == {f"{name}.html" for name in hooks.studies()}
    assert all("<title>" in page and len(page) > 100_000 for page in pages.values())


def test_generated_parts_are_up_to_date(generate: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference, and every output that is made of what git holds."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", generate.WIDTH)
    found = generate.generated(frozenset({"metrics"}))
    assert {"cli.md", "settings.md", "README.md"} <= {page.name for page in found}
    stale = [str(page.relative_to(ROOT)) for page, text in found.items() if page.read_text(encoding="utf-8") != text]
    assert stale == [], "run `python docs/generate.py`"


def test_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    assert len(text.encode()) <= 12_800


def test_the_tutorials_rows_of_metrics_diff_are_those_of_the_cells() -> None:
    text = (ROOT / "docs/tutorials/first-study.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- diff: (\w+) (\w+) -->\n```\n(.*?)```", text, re.DOTALL)
    assert found is not None
    cells = json.loads((ROOT / "metrics/cells.json").read_text())["xgqa"]
    before, after = (flat(cells[route][0]) for route in found.groups()[:2])
    rows = [line.split() for line in found[3].splitlines()[1:]]
    assert len(rows) == 4
    for _, metric, old, new, change in rows:
        assert (float(old), float(new)) == (before[metric], after[metric])
        assert float(change) == pytest.approx(after[metric] - before[metric], abs=1e-9)


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{a: {b: 1}}` as `{"a.b": 1}`."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command line of ours in a fenced block, with the page that it stands on."""
    for page in PAGES:
        for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
            lines = block.replace("\\\n", " ").splitlines()
            if language == "console":
                lines = [line[2:] for line in lines if line.startswith("$ ")]
            if page.name != "cli.md":  # which the app itself writes, with placeholders
                yield from ((page.name, one) for line in lines for one in parts(line))


def parts(line: str) -> Iterator[list[str]]:
    """The commands of ours in a line."""
    words = shlex.split(line, comments=True) if line.split()[:1] and line.split()[0] in (*PROGRAMS, ".", "git") else []
    words = words[: next((at for at, word in enumerate(words) if word in (">", "|")), len(words))]
    while words:
        end = words.index("&&") if "&&" in words else len(words)
        if words[0] in PROGRAMS:
            yield words[:end]
        words = words[end + 1 :]


COMMANDS = list(commands())


def test_there_are_commands_of_each_kind() -> None:
    assert {words[0] for _, words in COMMANDS} == set(PROGRAMS)
    assert len(COMMANDS) > 25


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=[f"{page}: {' '.join(words)[:60]}" for page, words in COMMANDS]
)
def test_every_command_exists_with_its_options(page: str, words: list[str]) -> None:
    {"xstilts": parses, "dvc": dvc_parses, "make": is_a_target}[words[0]](words[1:])


def parses(words: list[str]) -> None:
    """That the app takes these words; nothing runs."""
    command, context, rest = typer.main.get_command(app), None, list(words)
    while True:
        context = command.make_context("xstilts", rest, parent=context)
        if not hasattr(command, "resolve_command"):
            return
        left = [*getattr(context, "_protected_args", []), *context.args]
        if not left and context.command.invoke_without_command:
            return
        _, command, rest = command.resolve_command(context, left)


def dvc_parses(words: list[str]) -> None:
    """That DVC's own parser takes these words, that named files exist, and that `-S` names parameters there are."""
    from dvc.cli.parser import get_main_parser

    found = get_main_parser().parse_args(words)
    for target in getattr(found, "targets", None) or []:
        assert (ROOT / str(target).partition(":")[0]).exists() or str(target).startswith("data/"), target
    for one in getattr(found, "params", None) or []:
        if ".yaml:" not in str(one):
            assert_parameter(str(one).partition("=")[0])


def assert_parameter(key: str) -> None:
    """That params.yaml has a key, written with dots."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    for part in key.split("."):
        assert part in content, key
        content = content[part]


def is_a_target(words: list[str]) -> None:
    targets = re.findall(r"^([\w ]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    known = {name for line in targets for name in line.split()}
    assert {word for word in words if "=" not in word} <= known


INLINE = re.compile(r"`(xstilts [a-z][^`]*)`")


def test_commands_within_sentences_exist() -> None:
    """Their names and options; values may be placeholders."""
    found = {(page.name, text) for page in PAGES for text in INLINE.findall(page.read_text(encoding="utf-8"))}
    assert len(found) > 20
    for page, text in sorted(found):
        command: Any = typer.main.get_command(app)
        words = text.split()[1:]
        while words and hasattr(command, "commands") and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert command.name not in (None, "xstilts"), f"{page}: {text}"
        options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
        assert {word.rstrip(",.") for word in words if word.startswith("--")} <= options, f"{page}: {text}"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for found in LINK.findall(page.read_text(encoding="utf-8")):
        path = next(filter(None, found))
        if not re.match(r"[a-z]+:", path):
            assert (page.parent / path).exists(), path


def test_every_page_is_in_the_sites_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    listed = set(re.findall(r": ([\w/-]+\.md)$", nav, re.MULTILINE))
    assert listed == {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}


def test_pages_that_are_named_are_there() -> None:
    """In messages, comments and parameter files too: what an error advises to read must exist."""
    named = [
        (file, page)
        for pattern in (
            "src/**/*.py",
            "stages/**/*.py",
            "stages/**/*.yaml",
            "stages/**/*.md",
            "*.yaml",
            "*.md",
            "tests/**/*.py",
        )
        for file in sorted(ROOT.glob(pattern))
        for page in re.findall(r"\bdocs/[\w/.-]+\.(?:md|html|py)", file.read_text(encoding="utf-8"))
    ]
    assert len(named) > 20
    assert [one for one in named if not (ROOT / one[1]).exists()] == []
