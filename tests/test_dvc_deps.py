"""Each stage's deps against what its script imports and reads.

Too few deps and an edit goes unnoticed; too many and an edit reruns what it cannot change.
"""

from __future__ import annotations

import ast
import functools
import math
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import parse_yaml

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "xstilts"
PREPARING = {"data", "tasks", "features", "encode"}
LEARNING = {"model", "train", "score", "systems", "decoder", "report", "page"}
# Whom a package may import, besides itself, base and programs:
# encode, features -> tasks -> data; page -> report -> systems -> score -> train -> model.
MAY_IMPORT = {
    "base": set(),
    "programs": set(),
    "data": set(),
    "tasks": {"data"},
    "features": {"tasks", "data"},
    "encode": {"tasks", "data"},
    "model": set(),
    "train": {"model"},
    "score": {"train", "model"},
    "systems": {"score", "train", "model"},
    "decoder": {"score", "train", "model"},
    "report": {"systems", "score", "train", "model"},
    "page": {"report"},
    "boxes": {"features", "data"},
    "external": {"tasks", "score", "report", "scenes"},
    "bench": PREPARING | LEARNING,
}
NEUTRAL = {"base", "programs"}  # both chains stand on them
# Measures what the others do; imported by nothing but the command line, so that no stage depends on it.
MEASURING = "bench"
# Reads the schemas of both halves; its output is always the same text, so that it makes nothing stale.
BOTH_CHAINS = {"check"}
# The collector of the front door that shows the route chosen in params.yaml.
CHOSEN_ROUTE = {"chosen"}
# Studies with parameters and data of their own: each a project in its folder, with stages of the same code.
OWN_PROJECTS = [file.with_name("dvc.yaml") for file in sorted((ROOT / "stages").glob("*/params.yaml"))]


@dataclass(frozen=True)
class Stage:
    """One stage as written in a dvc.yaml."""

    file: Path
    name: str
    content: dict[str, Any]

    @property
    def deps(self) -> list[str]:
        return list(self.content.get("deps", []))

    @property
    def script(self) -> Path:
        return ROOT / next(word for word in shlex.split(self.content["cmd"]) if word.endswith(".py"))

    @property
    def parameters(self) -> dict[str, list[str] | None]:
        """{file: its keys, None for the whole file}; the bare keys are those of params.yaml."""
        listed: dict[str, list[str] | None] = {}
        for one in self.content.get("params", []):
            if isinstance(one, str):
                listed.setdefault("params.yaml", []).append(one)  # type: ignore[union-attr]
            else:
                listed.update(one)
        return listed


def stages() -> list[Stage]:
    files = [ROOT / "dvc.yaml", *sorted((ROOT / "stages").glob("*/dvc.yaml"))]
    return [
        Stage(file, name, content.get("do", content))
        for file in files
        for name, content in yaml.safe_load(_from_the_root(file))["stages"].items()
    ]


def _from_the_root(file: Path) -> str:
    """A dvc.yaml as if it stood at the root: a study with parameters of its own runs in its folder, below the code.

    `${name}` is that of its study.
    """
    text = file.read_text().replace("${name}", file.parent.name)
    return text.replace("../../s", "s") if file in OWN_PROJECTS else text


@functools.cache
def imported(file: Path) -> tuple[Path, ...]:
    """Every file of the package that a file imports, also within functions, and the packages on the way."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: relative import, which this test does not follow"
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = re.findall(r"^xstilts(?:\.\w+)+$", node.value)  # importlib.import_module and the like
        for name in names:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                path = SOURCE.joinpath(*parts[:end])
                yield from (p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file())


@functools.cache
def has_code(file: Path) -> bool:
    """Whether an edit could change what a stage does: not in an __init__ of a docstring, nor in that of the package,
    which says its version and what Ctrl-C prints."""
    body = ast.parse(file.read_text()).body
    harmless = all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
    return not harmless and file != PACKAGE / "__init__.py"


def closure(file: Path) -> set[Path]:
    """Every file with code that running `file` may read, itself not among them."""
    found: set[Path] = set()
    todo = [file]
    while todo:
        new = set(imported(todo.pop())) - found
        found |= new
        todo.extend(new)
    return {one for one in found if has_code(one)}


def part(file: Path) -> str:
    """The package or module of xstilts that a file belongs to: `encode`, `cache`, ..."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


STAGES = stages()
NAMED_STUDIES = [file.with_name("dvc.yaml") for file in sorted((ROOT / "stages").glob("*/study.yaml"))]
each_stage = pytest.mark.parametrize("stage", STAGES, ids=[stage.name for stage in STAGES])


def test_all_stages_are_examined() -> None:
    used = {stage.script for stage in STAGES}
    assert len(used) > 0
    assert used == set((ROOT / "stages").glob("*.py"))


def uncovered(script: Path, deps: list[str]) -> list[str]:
    """The files that a script imports and no dep covers."""
    paths = [ROOT / dep for dep in deps]
    files = closure(script)
    return sorted(
        str(file.relative_to(ROOT)) for file in files if not any(file == dep or dep in file.parents for dep in paths)
    )


@each_stage
def test_deps_cover_what_is_imported(stage: Stage) -> None:
    assert stage.script in [ROOT / dep for dep in stage.deps]
    assert uncovered(stage.script, stage.deps) == []


@each_stage
def test_a_dep_taken_out_is_noticed(stage: Stage) -> None:
    """So a dep too many is noticed as well."""
    for dep in [dep for dep in stage.deps if dep.startswith("src/")]:
        others = [other for other in stage.deps if other != dep]
        assert uncovered(stage.script, others), f"{stage.name} does not import {dep}"


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    script = tmp_path / "stage.py"
    script.write_text(
        "from xstilts.base.cache import ROW\nimport importlib\n"
        "def main():\n    import xstilts.report.table as t\n"
        "class A:\n    from xstilts.base.parameters import grid\n"
        "importlib.import_module('xstilts.encode.members')\n"
    )
    found = {str(file.relative_to(PACKAGE)) for file in closure(script)}
    by_way_of_cache = "base/files.py"
    assert {"base/cache.py", by_way_of_cache, "base/parameters.py", "encode/members.py"} <= found
    assert {"report/table.py", "report/numbers.py"} <= found
    assert "__init__.py" not in found


@each_stage
def test_a_stage_imports_one_chain_only(stage: Stage) -> None:
    parts = {part(file) for file in closure(stage.script)}
    if stage.name not in BOTH_CHAINS:
        assert not (parts & PREPARING and parts & LEARNING), sorted(parts)


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_imports_go_one_way(package: str) -> None:
    files = sorted((PACKAGE / package).rglob("*.py"))
    assert files
    for file in files:
        parts = {part(one) for one in imported(file) if one != PACKAGE / "__init__.py"}
        wrong = parts - MAY_IMPORT[package] - NEUTRAL - {package}
        assert not wrong, f"{file.relative_to(ROOT)} imports {sorted(wrong)}"


def test_the_command_line_alone_imports_what_measures() -> None:
    importing = {
        file.relative_to(PACKAGE).parts[0]
        for file in PACKAGE.rglob("*.py")
        if MEASURING in {part(one) for one in imported(file)}
    }
    assert importing == {MEASURING, "cli.py"}
    assert not [stage.name for stage in STAGES if MEASURING in {part(one) for one in closure(stage.script)}]


@each_stage
def test_sections_that_a_script_reads_are_parameters(stage: Stage) -> None:
    """`task_section(task, "intermediate")`, `task_settings(..., "target", recipe)` and `choices()["world"]`."""
    if stage.name == "check":  # whole files
        return
    for file in {stage.script, *closure(stage.script)}:
        for node in ast.walk(ast.parse(file.read_text())):
            called = ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
            place = {"task_section": 1, "task_settings": 2}.get(called)
            if place and isinstance(node.args[place], ast.Constant):
                section = node.args[place].value
                read_in = [path for path, keys in stage.parameters.items() if section in (keys or [])]
                assert "stages/defaults.yaml" in read_in, f"{stage.name}: {section} of stages/defaults.yaml"
                if called == "task_settings":
                    assert "stages/recipes/${item.recipe}.yaml" in read_in, f"{stage.name}: {section} of its recipe"
            if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("choices()"):
                key = ast.literal_eval(node.slice)
                assert key in (stage.parameters.get("params.yaml") or []), f"{stage.name}: {key} of params.yaml"


@each_stage
def test_rules_that_restoring_relies_on(stage: Stage) -> None:
    """No `persist`, nothing git-tracked but by collectors, of the front door no plain out, a dep each."""
    assert stage.deps
    for kind in ("outs", "metrics", "plots"):
        for out in stage.content.get(kind, []):
            options = next(iter(out.values())) if isinstance(out, dict) else {}
            assert not options.get("persist")
            if options.get("cache") is False:
                assert stage.file in (ROOT / "dvc.yaml", *NAMED_STUDIES, *OWN_PROJECTS)
                assert kind in ("metrics", "plots") or stage.name == "report"


def test_every_stage_waits_for_the_check() -> None:
    """A stage without an upstream stage depends on data/checked, and so do the choices of the front door."""
    for stage in STAGES:
        made = [dep for dep in stage.deps if dep.startswith(("data/", "metrics/", "${"))]
        if stage.name != "check":
            assert made, stage.name
        if stage.file in (ROOT / "dvc.yaml", *NAMED_STUDIES) and stage.name != "report":
            assert "data/checked" in made


@pytest.mark.parametrize("file", NAMED_STUDIES, ids=[file.parent.name for file in NAMED_STUDIES])
def test_a_named_study_collects_as_the_default_one_does(file: Path) -> None:
    """The same stages with the same inputs, but for the folders that they collect into; `check` reads its lists."""
    name = file.parent.name
    default = {stage.name: stage for stage in STAGES if stage.file == ROOT / "dvc.yaml"}
    own = [stage for stage in STAGES if stage.file == file]
    assert {stage.name for stage in own} == set(default) - CHOSEN_ROUTE
    for stage in own:
        plain = str(stage.content).replace(f"/{name}/", "/").replace(f" --study {name}", "")
        expected = default[stage.name].content
        assert ast.literal_eval(plain)["cmd"] == expected["cmd"]
        assert ast.literal_eval(plain)["deps"] == expected["deps"]
        assert stage.content.get("matrix") == expected.get("matrix")
    check = next(stage for stage in STAGES if stage.name == "check")
    assert {str(file.with_name("study.yaml").relative_to(ROOT)): None} in check.content["params"]
    for stage in own:
        if "study_file(" in stage.script.read_text():
            assert {str(file.with_name("study.yaml").relative_to(ROOT)): ["study"]} in stage.content["params"]
            assert "study" in default[stage.name].content["params"]


def test_named_studies_differ_in_their_lists_alone() -> None:
    """A further study is a copy of one of these folders under another name."""
    assert len(NAMED_STUDIES) > 1
    assert len({file.read_text() for file in NAMED_STUDIES}) == 1
    for file in NAMED_STUDIES:
        assert yaml.safe_load(file.with_name("study.yaml").read_text())["name"] == file.parent.name
        assert f"stages/{file.parent.name}/*.yaml" in (ROOT / "pyproject.toml").read_text()  # `xstilts new` lays it out


@pytest.mark.parametrize(
    "file", [*sorted(ROOT.glob("stages/*/dvc.yaml")), ROOT / "dvc.yaml"], ids=lambda file: file.parent.name
)
def test_dvc_can_read_every_pipeline_file(file: Path) -> None:
    """By its own parser, which refuses a key that is there twice, where PyYAML takes the last."""
    assert parse_yaml(file.read_text(encoding="utf-8"), str(file))


@pytest.mark.parametrize("file", OWN_PROJECTS, ids=[file.parent.name for file in OWN_PROJECTS])
def test_a_study_of_its_own_has_the_stages_of_the_whole_project(file: Path) -> None:
    """The same commands, inputs and parameters, but for those of other studies."""
    whole = {stage.name: stage for stage in STAGES if stage.file.parent.name in ("data", "train", "score", "mixtures")}
    whole |= {stage.name: stage for stage in STAGES if stage.file == ROOT / "dvc.yaml"}
    own = [stage for stage in STAGES if stage.file == file]
    assert {"public", "target", "score", "report", "page"} <= {stage.name for stage in own}
    for stage in own:
        if stage.script.name == "mixture.py" and stage.name not in whole:  # a mixture of its own tasks
            continue
        expected = whole[stage.name]
        assert stage.content["cmd"] == expected.content["cmd"]
        assert stage.deps == expected.deps
        assert "wdir" not in stage.content
        others = {str(named.relative_to(ROOT)) for named in (ROOT / "stages").glob("*/study.yaml")}
        listed = {one: keys for one, keys in expected.parameters.items() if one not in others}
        captions = {"stages/tasks/${alignment}.yaml": ["kind", "encode"]} if stage.name == "public" else {}
        assert stage.parameters in (listed, listed | captions)


@each_stage
def test_a_script_puts_its_own_src_first(stage: Stage) -> None:
    """Before it imports anything of the package: what DVC hashes is what runs, whatever is installed."""
    first = [node for node in ast.parse(stage.script.read_text()).body[:4] if not isinstance(node, ast.Expr)]
    assert [ast.unparse(node) for node in first] == [
        "import sys",
        "from pathlib import Path",
        "sys.path[0] = str(Path(__file__).resolve().parents[1] / 'src')",
    ]


def test_the_grid_is_lean() -> None:
    """A declared cell costs every DVC command 1.5 ms."""
    grid = yaml.safe_load((ROOT / "stages/grid.yaml").read_text())
    declared = 0
    folders = [ROOT / "stages" / name for name in ("train", "score", "decoder")]
    for stage in (stage for stage in STAGES if stage.file.parent in folders):
        sizes = (len(_listed(grid, values)) for values in stage.content["matrix"].values())
        declared += math.prod(sizes)
    assert 1000 < declared <= 3000


def _listed(grid: dict[str, Any], template: str | list[Any]) -> list[Any]:
    """The list that `${recipes.target}` names, or a list itself."""
    if isinstance(template, list):
        return template
    found: Any = grid
    for key in template.removeprefix("${").removesuffix("}").split("."):
        found = found[key]
    return list(found)


def test_files_have_no_grid_of_their_own() -> None:
    for directory in ("data", "train", "score", "decoder"):
        content = yaml.safe_load((ROOT / "stages" / directory / "dvc.yaml").read_text())
        assert content["vars"][0] == "../grid.yaml"
