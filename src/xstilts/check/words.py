"""What every check says about a wrong word: where it is, and what is valid there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xstilts.base.errors import ParameterError, did_you_mean


def one_of(value: str | int, valid: Iterable[str | int], where: str) -> None:
    """Refuse a value that is not valid."""
    if value not in (allowed := list(valid)):
        raise ParameterError(f"{where}: unknown '{value}'.{did_you_mean(str(value), map(str, allowed))}")


def none_twice(values: Sequence[str | int], where: str) -> None:
    """Refuse a list that names something twice."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ParameterError(f"{where}: '{value}' is listed twice")


def known_keys(mapping: Mapping[str, Any], valid: Iterable[str], where: str) -> None:
    """Refuse a key that nothing reads."""
    for key in mapping:
        if key not in (allowed := tuple(valid)):
            raise ParameterError(f"{where}: unknown key '{key}'.{did_you_mean(str(key), allowed)}")


def check_keys(mapping: Mapping[str, Any], needed: Sequence[str], where: str, more: Sequence[str] = ()) -> None:
    """Refuse unknown keys, and a mapping that lacks a section: for DVC, which tracks sections, that is an error.

    Args:
        more: further keys that are allowed.
    """
    known_keys(mapping, (*needed, *more), where)
    if missing := [key for key in needed if key not in mapping]:
        raise ParameterError(f"{where}: missing {joined(missing)}; write `{missing[0]}: {{}}` for the defaults")


def joined(values: Iterable[object]) -> str:
    """Values with commas between."""
    return ", ".join(map(str, values))
