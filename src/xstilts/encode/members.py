"""What a mixture's file says (stages/tasks/<mixture>.yaml): its members, and how it draws from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import inf
from typing import Annotated, Any, Literal

from xstilts.base import parameters
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.kinds import MIXTURE
from xstilts.base.parameters import Range


@dataclass(frozen=True)
class Sampling:
    """How often a mixture draws from a member with n rows.

    Attributes:
        rule: `proportional` to min(n, cap), `temperature`: to its 1/temperature-th power, `uniform`: equally.
        cap: a member with more rows counts as if it had this many.
        temperature: 1 is proportional, infinity uniform; only the rule `temperature` reads it.
    """

    rule: Literal["proportional", "temperature", "uniform"] = "proportional"
    cap: Annotated[int, Range(1, 1e12)] = 131072
    temperature: Annotated[float, Range(0, inf, above=True)] = 1.0


@dataclass(frozen=True)
class MixtureSection:
    """The section `encode` of a mixture's file, over the defaults.

    Attributes:
        members: the tasks mixed; empty for the empty mixture.
        sampling: the keys of `Sampling`.
        seed: decides which rows are drawn and in which order.
    """

    members: list[str]
    sampling: dict[str, Any] = field(default_factory=dict)
    seed: Annotated[int, Range(0, 2**32 - 1)] = 0


@dataclass(frozen=True)
class MixtureSpec:
    """A mixture: members' caches, drawn from by a sampling rule in an order that the seed decides."""

    name: str
    members: tuple[str, ...]
    sampling: Sampling
    seed: int = 0


def load_mixture(name: str, members: Sequence[str] | None = None) -> MixtureSpec:
    """Read the specification of a mixture from the parameter files.

    Args:
        members: the members that the pipeline made caches of; None trusts the file.

    Raises:
        ParameterError: naming file and key; also if the file lists other members than `members`.
    """
    if parameters.task_kind(name) != MIXTURE:
        raise ParameterError(f"stages/tasks/{name}.yaml: {name} is not a mixture; run stages/tokenized.py {name}")
    path = parameters.STAGES / "tasks" / f"{name}.yaml"
    own, where = parameters.section_of(parameters.task_file(name), "encode", path), f"{path}: encode"
    keys = {one.name for one in fields(MixtureSection)} | set(own)
    merged = parameters.task_section(name, "encode")
    section = parameters.build(MixtureSection, {key: value for key, value in merged.items() if key in keys}, where)
    sampling = parameters.build(Sampling, section.sampling, f"{where}.sampling")
    _check_members(section.members, where)
    if members is not None and sorted(members) != sorted(section.members):
        listed, given = ", ".join(section.members) or "none", ", ".join(members) or "none"
        raise ParameterError(f"{where}: members are {listed}, but the stage was given {given}; make them agree")
    return MixtureSpec(name, tuple(section.members), sampling, section.seed)


def _check_members(members: list[str], where: str) -> None:
    known = parameters.task_names()
    for index, member in enumerate(members):
        if member not in known:
            raise ParameterError(f"{where}: unknown member '{member}'.{did_you_mean(member, known)}")
        if member in members[:index]:
            raise ParameterError(f"{where}: member '{member}' is listed twice")
