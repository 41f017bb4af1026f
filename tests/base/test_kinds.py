"""A kind of task is an entry in one table; every other table says so if it lacks the kind, before anything runs."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tiny_files import TinyFiles
from xstilts.base import kinds
from xstilts.base.errors import XstiltsError
from xstilts.base.kinds import KINDS, Kind, covers

ROOT = Path(__file__).parents[2]
NEW = Kind(("accuracy",), has_one_label=True, has_vocabulary=True, has_listed_labels=True, is_sentence=True)


def tables() -> Iterator[tuple[Path, str]]:
    """Every table that is checked by `covers`: its module and the name that it gives itself."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not any(_imports_covers(node) for node in tree.body):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "covers":
                name = node.args[1]
                assert isinstance(name, ast.Constant), f"{path}: a table without a name"
                yield path, str(name.value)


def _imports_covers(node: ast.stmt) -> bool:
    names = [one.name for one in node.names] if isinstance(node, ast.ImportFrom) else []
    return isinstance(node, ast.ImportFrom) and node.module == "xstilts.base.kinds" and "covers" in names


def guide() -> str:
    """What the documentation says of a new kind."""
    text = (ROOT / "stages" / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## What a new kind needs$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section
    return section[1]


TABLES = list(tables())


def test_the_preparing_chain_has_its_tables_checked() -> None:
    found = {name for _, name in TABLES}
    assert found >= {
        "xstilts.tasks.formats.FORMATS",
        "xstilts.tasks.READERS",
        "xstilts.tasks.COLLECTED",
        "xstilts.encode.kinds.ENCODERS",
        "xstilts.encode.kinds.TASK_LABELS",
        "xstilts.encode.fingerprints.FIELDS",
    }


@pytest.mark.parametrize(("path", "name"), TABLES, ids=[name for _, name in TABLES])
def test_a_table_without_a_new_kind_stops_its_module_and_is_named(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module runs in a namespace of its own and leaves nothing behind; errors of other tables are only noted."""
    raised: list[str] = []

    def noted(table: Mapping[str, Any], name: str, needs: Callable[[Kind], bool] = lambda kind: True) -> Any:
        try:
            covers(table, name, needs)
        except XstiltsError as error:
            raised.append(str(error))
        return table

    runpy.run_path(str(path))  # with the kinds that there are
    monkeypatch.setattr(kinds, "covers", noted)
    monkeypatch.setitem(KINDS, "drawing", NEW)  # type: ignore[call-overload]
    runpy.run_path(str(path))
    assert [error for error in raised if error.startswith(f"{name}: no entry for kind drawing")]


@pytest.mark.parametrize(("path", "name"), TABLES, ids=[name for _, name in TABLES])
def test_the_guide_lists_every_table_that_a_new_kind_needs(path: Path, name: str) -> None:
    assert f"`{name}`" in guide()


def test_a_table_has_an_entry_for_just_the_kinds_that_need_one() -> None:
    scored = {kind: 1 for kind, facts in KINDS.items() if facts.is_scored}
    assert covers(scored, "some.TABLE", lambda kind: kind.is_scored) == scored
    with pytest.raises(
        XstiltsError, match=r"some\.TABLE: no entry for kind vqa; see stages/README.md, What a new kind needs"
    ):
        covers({kind: 1 for kind in scored if kind != "vqa"}, "some.TABLE", lambda kind: kind.is_scored)
    with pytest.raises(XstiltsError, match=r"some\.TABLE: an entry for mlm, which is not a kind that needs one"):
        covers({**scored, "mlm": 1}, "some.TABLE", lambda kind: kind.is_scored)


def test_the_page_names_every_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one table by metric, not by kind: without a new kind's it stops its module, and the guide lists it."""
    path, name = ROOT / "src/xstilts/page/figure.py", "xstilts.page.figure.METRICS"
    assert f"`{name}`" in guide()
    runpy.run_path(str(path))
    monkeypatch.setitem(KINDS, "drawing", Kind(("beauty", "accuracy")))  # type: ignore[call-overload]
    with pytest.raises(XstiltsError, match=f"{name}: no entry for metric beauty; see stages/README.md, What a new"):
        runpy.run_path(str(path))


def test_tests_have_a_task_of_every_kind() -> None:
    """Tests that go through all tasks take them from there."""
    assert set(TinyFiles.KINDS.values()) == set(KINDS)


def test_facts_do_not_contradict_each_other() -> None:
    assert KINDS
    for kind, facts in KINDS.items():
        assert facts.metrics, kind
        assert facts.is_trained or facts.is_scored, kind
        assert facts.takes_images or not facts.needs_images, kind
        assert facts.has_listed_labels or not facts.may_omit_labels, kind
