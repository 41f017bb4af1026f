"""What a study compares with what: stages/comparisons.yaml, and the baselines, pairs and controls of a study.

Two intermediate tasks differ in what they teach and in what they cost. Twins are made from the same scenes, but not at
the same number of updates and tokens, nor always with the same questions. So one of a pair is trained once more for a
part of its epoch, a control that is matched in `updates` or `tokens`. A control of equal `exposure` is trained on the
target for as long as a route in both phases; one of equal `input` is taught labels that say nothing; one that has only
the `questions` in common was trained on the target without its pictures. Whether a cost was matched in the end is read
from what training took.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from xstilts.base.cells import PLAIN, Route, Study
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.parameters import STAGES, build, read_yaml, recipe_names, task_names

FILE = STAGES / "comparisons.yaml"
BASELINE = "none"
Matched = Literal["updates", "tokens", "exposure", "input", "questions"]
COSTS = ("updates", "tokens")  # of phase 1 alone, which are matched to those of another route
# Why a route is a control, by what it is matched in; and of one that only the study names among its controls.
REASONS = {"updates": "cut short", "tokens": "cut short", "exposure": "equal exposure", "input": "shuffled labels"}
REASONS["questions"] = "trained blind"
UNDECLARED = "named in study.controls"
_LACKING = {
    "updates": "{of} against {against} at matched updates",
    "tokens": "{of} against {against} at matched tokens",
    "exposure": "what {of} gains over none may be more training, for lack of none at equal exposure",
    "input": "{of} with shuffled labels",
    "questions": "{of} trained blind",
}
Entry = TypeVar("Entry", "Twins", "Control")


@dataclass(frozen=True)
class Twins:
    """A multimodal task and its text-only counterpart.

    Attributes:
        unlike: what the embedded twins do not have in common, though they are made from the same scenes.
    """

    multimodal: str
    text: str
    unlike: str = ""


@dataclass(frozen=True)
class Control:
    """A route that controls for what another one got beside what it was taught.

    Attributes:
        control, of: routes with their recipe, `longer/none` and `gqa`.
        matched: what the two are meant to have in common; of updates and tokens, the control and `against`.
    """

    control: str
    of: str
    matched: Matched
    against: str = ""

    @property
    def matches_cost(self) -> bool:
        """Whether phase 1 was cut short to the cost of another route."""
        return self.matched in COSTS


@dataclass(frozen=True)
class Pair:
    """A multimodal and a text-only route that are compared.

    Attributes:
        matching: what the two are meant to have in common: `facts` (twins), `updates` or `tokens`.
        unlike: as of `Twins`.
    """

    multimodal: str
    text: str
    matching: str = "facts"
    unlike: str = ""


@dataclass(frozen=True)
class Primary:
    """The one comparison that docs/results/protocol.md names before the runs, which is tested alone at 5 %."""

    multimodal: str
    text: str
    target: str


@dataclass(frozen=True)
class Comparisons:
    """The content of stages/comparisons.yaml."""

    twins: Sequence[Twins]
    controls: Sequence[Control]
    primary: Primary | None = None

    def twins_of(self, *routes: str) -> Twins | None:
        """The twins that two routes are, in either order, whatever their recipes."""
        tasks = {Route.parse(route).task for route in routes}
        return next((one for one in self.twins if {one.multimodal, one.text} == tasks), None)


def read_comparisons(path: Path = FILE) -> Comparisons:
    """Read and check stages/comparisons.yaml.

    Raises:
        ParameterError: an unknown key, task or recipe, a missing `against` or one that has no place, or a control
            against a task that is no twin; it names the file and the entry.
    """
    written = build(_File, read_yaml(path), str(path))
    controls = _entries(Control, written.controls, path, "controls")
    primary = build(Primary, written.primary, f"{path}: primary") if written.primary else None
    found = Comparisons(_entries(Twins, written.twins, path, "twins"), controls, primary)
    for number, twins in enumerate(found.twins, start=1):
        for task in (twins.multimodal, twins.text):
            _known(task, task_names(), "task", f"{path}: twins, entry {number}")
    if primary and found.twins_of(primary.multimodal, primary.text) is None:
        raise ParameterError(f"{path}: primary: {primary.multimodal} and {primary.text} are no twins; declare them")
    for number, control in enumerate(controls, start=1):
        _check_control(control, found, f"{path}: controls, entry {number}")
    return found


@dataclass(frozen=True)
class _File:
    twins: list[Any]
    controls: list[Any]
    primary: dict[str, Any] | None = None


def _entries(cls: type[Entry], written: list[Any], path: Path, key: str) -> list[Entry]:
    entries = []
    for number, entry in enumerate(written, start=1):
        where = f"{path}: {key}, entry {number}"
        if not isinstance(entry, dict):
            raise ParameterError(f"{where}: found {entry!r}, expected a mapping")
        entries.append(build(cls, entry, where))
    return entries


def _check_control(entry: Control, declared: Comparisons, where: str) -> None:
    for text in filter(None, (entry.control, entry.of, entry.against)):
        route = Route.parse(text)
        _known(route.task, task_names(), "task", where)
        _known(route.recipe, recipe_names(), "recipe", where)
    if entry.control == entry.of:
        raise ParameterError(f"{where}: '{entry.of}' is named as its own control")
    if entry.matches_cost and not entry.against:
        raise ParameterError(f"{where}: missing against, the route whose {entry.matched} are matched")
    if entry.against and not entry.matches_cost:
        raise ParameterError(f"{where}: against has a place only where updates or tokens are matched; remove it")
    if entry.against and not declared.twins_of(entry.of, entry.against):
        raise ParameterError(f"{where}: {entry.of} and {entry.against} are no twins; declare them under twins first")


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

    def controls(self, *matched: str) -> list[Control]:
        """The declared controls that the study has, with the routes that they are compared with."""
        routes = {*self.routes, ""}
        own = (one for one in self.declared.controls if one.matched in matched)
        return [one for one in own if {one.control, one.of, one.against} <= routes]

    def pairs(self) -> list[Pair]:
        """The twins of every recipe, then those at a matched cost."""
        twins = [
            Pair(str(Route(one.multimodal, recipe)), str(Route(one.text, recipe)), unlike=one.unlike)
            for recipe in self.study.recipes
            for one in self.declared.twins
            if {one.multimodal, one.text} <= set(self.study.intermediates)
        ]
        return twins + [self._at_matched_cost(control) for control in self.controls(*COSTS)]

    def _at_matched_cost(self, control: Control) -> Pair:
        twins = self.declared.twins_of(control.of, control.against)
        assert twins is not None, "read_comparisons has seen to it"
        two = control.control, control.against
        multimodal, text = two if Route.parse(control.of).task == twins.multimodal else two[::-1]
        return Pair(multimodal, text, control.matched, twins.unlike)

    def is_primary(self, pair: Pair, target: str) -> bool:
        """Whether a comparison is the one that the protocol names."""
        return Primary(pair.multimodal, pair.text, target) == self.declared.primary

    def missing(self) -> list[str]:
        """The twins that the study lacks, and what to add for them."""
        return [
            f"{one.multimodal} against {one.text}: add {' and '.join(lacking)} to study.intermediates"
            for one in self.declared.twins
            if (lacking := [task for task in (one.multimodal, one.text) if task not in self.study.intermediates])
        ]

    def controls_missing(self) -> list[str]:
        """The controls that the study lacks for the routes that it has, and what to add for them."""
        return list(self._controls_missing())

    def _controls_missing(self) -> Iterator[str]:
        routes = {*self.routes, ""}
        for one in self.declared.controls:
            if {one.of, one.against} <= routes and one.control not in routes:
                what = _LACKING[one.matched].format(of=one.of, against=one.against)
                yield f"{what}: add {one.control} to study.controls"
