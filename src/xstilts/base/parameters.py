"""Reading the parameter files: params.yaml, stages/defaults.yaml, stages/grid.yaml, one file per task and recipe.

Paths are relative to the repository root, where DVC runs every stage.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import yaml

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import KINDS, MIXTURE

PARAMS = Path("params.yaml")
STAGES = Path("stages")
MOST_VALUES, DEEPEST = 100_000, 100  # in a file, and below one another
Built = TypeVar("Built")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, written in C, where libyaml is


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; `ParameterError` if it is missing, broken or no mapping with names as keys."""
    try:
        content = copy.deepcopy(_parsed(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        raise ParameterError(f"{path}: no such file; run from the repository root") from None
    except OSError as error:
        raise ParameterError(f"{path}: {error.strerror}; expected a file") from None
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path}: a byte that is not UTF-8 at {error.start}; save the file as UTF-8") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = f"{path}, line {line + 1}" if line is not None else str(path)
        raise ParameterError(f"{place}: not valid YAML ({getattr(error, 'problem', error)})") from None
    except RecursionError:
        raise ParameterError(f"{path}: nested too deeply to be read") from None
    except (ValueError, TypeError, AttributeError) as error:  # such as numbers of 4,300 digits, or a list as a key
        raise ParameterError(f"{path}: a value that cannot be read ({error})") from None
    if not isinstance(content, dict):
        raise ParameterError(f"{path}: found {type(content).__name__}, expected a mapping")
    _check_keys(content, path)
    return content


def _check_keys(content: Any, path: Path) -> None:
    """Refuse keys that are no texts: YAML 1.1 reads `on`, `off`, `yes` and `no` as true and false.

    Also more values than a person writes, since an alias to what holds it has no end.
    """
    values = [content]
    for number, value in enumerate(values):
        if number > MOST_VALUES:
            raise ParameterError(
                f"{path}: more than {MOST_VALUES} values; expected a file of parameters, without aliases"
            )
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    hint = "; YAML reads on, off, yes and no so: put the key in quotes" if isinstance(key, bool) else ""
                    raise ParameterError(f"{path}: the key {key!r} is no text{hint}")
            values += value.values()
        elif isinstance(value, list):
            values += value


@functools.lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    """The content of a YAML text, parsed once: a check of all tasks reads each file a dozen times.

    Raises:
        RecursionError: deep nesting, which would crash Python in the loader written in C.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise RecursionError
    return yaml.load(text, Loader=_LOADER)  # both loaders are safe


def choices() -> dict[str, Any]:
    """What an experiment chooses: the content of params.yaml."""
    return read_yaml(PARAMS)


def grid() -> dict[str, Any]:
    """The universe the cells range over: the content of stages/grid.yaml."""
    return read_yaml(STAGES / "grid.yaml")


def task_names() -> list[str]:
    """Every task and mixture that has a file in stages/tasks, sorted."""
    return sorted(path.stem for path in (STAGES / "tasks").glob("*.yaml"))


def task_file(task: str) -> dict[str, Any]:
    """The whole content of stages/tasks/<task>.yaml."""
    if task not in task_names():
        raise ParameterError(f"unknown task '{task}'.{did_you_mean(task, task_names())}")
    return read_yaml(STAGES / "tasks" / f"{task}.yaml")


def task_kind(task: str) -> str:
    """The task's kind: which reader, head and metric it uses (`vqa`, `mixture`, ...); checked to be known."""
    kind, known = task_file(task).get("kind"), (*KINDS, MIXTURE)
    if kind not in known:
        found = "missing kind" if kind is None else f"unknown kind {kind!r}"
        raise ParameterError(f"{STAGES}/tasks/{task}.yaml: {found}.{did_you_mean(kind, known)}")
    return str(kind)


def recipe_names() -> list[str]:
    """Every recipe that has a file in stages/recipes, sorted."""
    return sorted(path.stem for path in (STAGES / "recipes").glob("*.yaml"))


def recipe_file(recipe: str) -> dict[str, Any]:
    """The whole content of stages/recipes/<recipe>.yaml."""
    if recipe not in recipe_names():
        raise ParameterError(f"unknown recipe '{recipe}'.{did_you_mean(recipe, recipe_names())}")
    return read_yaml(STAGES / "recipes" / f"{recipe}.yaml")


def task_section(task: str, section: str, recipe: str | None = None) -> dict[str, Any]:
    """One section of a task: stages/defaults.yaml, over it the task's file, and over that a recipe's."""
    defaults = section_of(read_yaml(STAGES / "defaults.yaml"), section, STAGES / "defaults.yaml")
    own = overlay(defaults, section_of(task_file(task), section, STAGES / "tasks" / f"{task}.yaml"))
    if recipe is None:
        return own
    return overlay(own, section_of(recipe_file(recipe), section, STAGES / "recipes" / f"{recipe}.yaml"))


def section_of(content: Mapping[str, Any], section: str, path: Path) -> dict[str, Any]:
    """A section of a file, empty if there is none; `ParameterError` if it is no mapping."""
    found = content.get(section)
    if not isinstance(found, dict | None):
        raise ParameterError(f"{path}: {section} is {found!r}, expected a mapping of settings")
    return found or {}


def task_settings(cls: type[Built], task: str, section: str, recipe: str) -> Built:
    """The settings of a stage: `task_section` as the dataclass `cls`, errors naming the two files."""
    where = f"stages/tasks/{task}.yaml or stages/recipes/{recipe}.yaml: {section}"
    return build(cls, task_section(task, section, recipe), where)


def overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `top` put over it, mappings merged key by key."""
    merged = dict(base)
    for key, value in top.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = overlay(old, value) if both else value  # type: ignore[arg-type]
    return merged


def build(cls: type[Built], mapping: Mapping[str, Any], where: str) -> Built:
    """Make the dataclass `cls` from a mapping, refusing unknown keys, missing keys, wrong types, values out of their
    range (`Range`) and what it refuses.

    Args:
        where: the place named in the error, such as `stages/tasks/gqa.yaml: intermediate`.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints, ranges = typing.get_type_hints(cls), ranges_of(cls)
    for key, value in mapping.items():
        if key not in fields:
            raise ParameterError(f"{where}: unknown key '{key}'.{did_you_mean(key, fields)}")
        if not _fits(value, hints[key]):
            raise ParameterError(f"{where}: {key} is {value!r}, expected {_spell(hints[key])}{_exponent(value)}")
        if key in ranges and value is not None and value not in ranges[key]:
            raise ParameterError(f"{where}: {key} is {value!r}, expected {ranges[key]}")
    missing = [name for name, field in fields.items() if name not in mapping and _required(field)]
    if missing:
        raise ParameterError(f"{where}: missing {', '.join(missing)}")
    try:
        return cls(**mapping)
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None


@dataclasses.dataclass(frozen=True)
class Range:
    """The range of a setting, as in `epochs: Annotated[float, Range(0, 1000, above=True)]`; of a list, of each number.

    Attributes:
        least, most: its ends; both belong to it.
        above: the lower end does not.
    """

    least: float
    most: float
    above: bool = False

    def __contains__(self, value: float | list[float]) -> bool:
        """Whether a number is in the range, or each of a list; NaN never is."""
        if isinstance(value, list):
            return all(one in self for one in value)
        return (self.least < value if self.above else self.least <= value) and value <= self.most

    def __str__(self) -> str:
        most = "infinity" if self.most == inf else f"{int(self.most):,}"
        return f"{'above ' if self.above else ''}{self.least:g} to {most}"


def ranges_of(cls: type) -> dict[str, Range]:
    """The ranges of the settings of a dataclass."""
    hints = typing.get_type_hints(cls, include_extras=True)
    marks = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {name: one for name, found in marks.items() for one in found if isinstance(one, Range)}


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _fits(value: Any, hint: Any) -> bool:
    """Whether a YAML value has the annotated type (an int is a float, a bool is no int)."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is typing.Literal:
        return isinstance(value, str | int) and value in arguments
    if origin in (list, tuple):
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, arguments[1]) for item in value.values())
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return isinstance(value, hint)


def _spell(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(str(one) for one in typing.get_args(hint))
    return getattr(hint, "__name__", None) if isinstance(hint, type) else str(hint)  # type: ignore[return-value]


def _exponent(value: Any) -> str:
    """A hint for YAML's oldest trap: `1e-5` is a string, `1.0e-5` a number."""
    try:
        return " (write 1.0e-5, not 1e-5)" if isinstance(value, str) and float(value) is not None else ""
    except ValueError:
        return ""
