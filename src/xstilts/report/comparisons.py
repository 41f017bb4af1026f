"""What a study compares with what: stages/comparisons.yaml, and the baselines, pairs and controls of a study.

Twins are made from the same scenes, but not always with the same questions, nor at the same cost. A control of equal
`exposure` is trained on the target at least as long as a route is in both phases together; one of equal `input` is
taught labels that say nothing; one that has only the `questions` in common was trained on the target without its
pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from xstilts.base.cells import PLAIN, Route, Study
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.parameters import STAGES, build, read_yaml, recipe_names, task_names

FILE = STAGES / "comparisons.yaml"
BASELINE = "none"
Matched = Literal["exposure", "input", "questions"]
# Why a route is a control, by what it is matched in; and of one that only the study names among its controls.
REASONS = {"exposure": "equal exposure", "input": "shuffled labels", "questions": "trained blind"}
UNDECLARED = "named in study.controls"
_LACKING = {
    "exposure": "what {of} gains over none may be more training, for lack of none at equal exposure",
    "input": "{of} with shuffled labels",
    "questions": "{of} trained blind",
}
Entry = TypeVar("Entry", "Twins", "Control")


@dataclass(frozen=True)
class Twins:
    """A multimodal task and its text-only counterpart, or two routes with these.

    Attributes:
        unlike: what the embedded twins do not have in common, though they are made from the same scenes.
        primary: the target of the one comparison that docs/results/protocol.md names before the runs,
            and that is tested alone.
    """

    multimodal: str
    text: str
    unlike: str = ""
    primary: str = ""


@dataclass(frozen=True)
class Control:
    """A route that controls for what another one got beside what it was taught.

    Attributes:
        control, of: routes with their recipe, `longer/none` and `gqa`.
        matched: what the two are meant to have in common.
    """

    control: str
    of: str
    matched: Matched


@dataclass(frozen=True)
class Comparisons:
    """The content of stages/comparisons.yaml."""

    twins: Sequence[Twins]
    controls: Sequence[Control]


def read_comparisons(path: Path = FILE) -> Comparisons:
    """Read and check stages/comparisons.yaml.

    Raises:
        ParameterError: an unknown key, task or recipe, or several primary comparisons; it names the file and the entry.
    """
    written = build(_File, read_yaml(path), str(path))
    twins = _entries(Twins, written.twins, path, "twins")
    controls = _entries(Control, written.controls, path, "controls")
    for number, pair in enumerate(twins, start=1):
        for task in filter(None, (pair.multimodal, pair.text, pair.primary)):
            _known(task, task_names(), "task", f"{path}: twins, entry {number}")
    if len(named := [pair.primary for pair in twins if pair.primary]) > 1:
        raise ParameterError(f"{path}: twins: {len(named)} are primary, expected one: the others are tested together")
    for number, control in enumerate(controls, start=1):
        _check_control(control, f"{path}: controls, entry {number}")
    return Comparisons(twins, controls)


@dataclass(frozen=True)
class _File:
    twins: list[Any]
    controls: list[Any]


def _entries(cls: type[Entry], written: list[Any], path: Path, key: str) -> list[Entry]:
    entries = []
    for number, entry in enumerate(written, start=1):
        where = f"{path}: {key}, entry {number}"
        if not isinstance(entry, dict):
            raise ParameterError(f"{where}: found {entry!r}, expected a mapping")
        entries.append(build(cls, entry, where))
    return entries


def _check_control(entry: Control, where: str) -> None:
    for route in map(Route.parse, (entry.control, entry.of)):
        _known(route.task, task_names(), "task", where)
        _known(route.recipe, recipe_names(), "recipe", where)
    if entry.control == entry.of:
        raise ParameterError(f"{where}: '{entry.of}' is named as its own control")


def _known(name: str, names: Sequence[str], what: str, where: str) -> None:
    if name not in names:
        raise ParameterError(f"{where}: unknown {what} '{name}'.{did_you_mean(name, names)}")


@dataclass(frozen=True)
class Design:
    """The routes of a study, and what of the declared comparisons it has. Routes are written with their recipe."""

    study: Study
    declared: Comparisons

    @property
    def routes(self) -> list[str]:
        """Every route of the study."""
        return [str(route) for route in self.study.routes()]

    @property
    def of_one_recipe(self) -> Design:
        """The first recipe alone, without controls, its routes under the names of their tasks."""
        alone = Study([PLAIN], self.study.intermediates, [], self.study.seeds, self.study.targets)
        return Design(alone, self.declared)

    def control_of(self, route: str) -> str:
        """Why a route is a control, no intermediate task of its own (`REASONS`, `UNDECLARED`); "" if it is none."""
        entry = next((one for one in self.declared.controls if one.control == route), None)
        if entry:
            return REASONS[entry.matched]
        parsed = Route.parse(route)
        in_product = parsed.recipe in self.study.recipes and parsed.task in self.study.intermediates
        return "" if in_product else UNDECLARED

    def baseline_of(self, route: str) -> str:
        """`none` by the route's own recipe; of a control, by `plain`."""
        return str(Route(BASELINE, PLAIN if self.control_of(route) else Route.parse(route).recipe))

    @property
    def compared(self) -> list[str]:
        """The routes that stand beside a baseline."""
        known = {route: self.baseline_of(route) for route in self.routes}
        return [route for route, baseline in known.items() if baseline != route and baseline in known]

    @property
    def recipes_compared(self) -> list[tuple[str, str]]:
        """Every route by a later recipe than the first, with the same task by the first."""
        first, *later = self.study.recipes
        tasks = self.study.intermediates
        return [(str(Route(task, recipe)), str(Route(task, first))) for task in tasks for recipe in later]

    def controls(self, matched: Matched) -> list[Control]:
        """The declared controls that the study has, with the routes that they control for."""
        own = (one for one in self.declared.controls if one.matched == matched)
        return [one for one in own if {one.control, one.of} <= set(self.routes)]

    def pairs(self) -> list[Twins]:
        """The twins of every recipe; those of `plain` may be primary."""
        return [
            replace(
                one,
                multimodal=str(Route(one.multimodal, recipe)),
                text=str(Route(one.text, recipe)),
                primary=one.primary if recipe == PLAIN else "",
            )
            for recipe in self.study.recipes
            for one in self.declared.twins
            if {one.multimodal, one.text} <= set(self.study.intermediates)
        ]

    def missing(self) -> list[str]:
        """The twins that the study lacks, and what to add for them."""
        return [
            f"{one.multimodal} against {one.text}: add {' and '.join(lacking)} to study.intermediates"
            for one in self.declared.twins
            if (lacking := [task for task in (one.multimodal, one.text) if task not in self.study.intermediates])
        ]

    def controls_missing(self) -> list[str]:
        """The controls that the study lacks for the routes that it has, and what to add for them."""
        return [
            f"{_LACKING[one.matched].format(of=one.of)}: add {one.control} to study.controls"
            for one in self.declared.controls
            if one.of in self.routes and one.control not in self.routes
        ]
