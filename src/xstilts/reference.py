"""The reference page of settings, docs/reference/settings.md, made of the classes that check them."""

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from textwrap import dedent
from typing import Any

from xstilts.base.parameters import ranges_of
from xstilts.data.raw import DataSettings
from xstilts.decoder.settings import DecoderSettings
from xstilts.encode.members import MixtureSection, Sampling
from xstilts.features.settings import FeatureSettings
from xstilts.score.settings import ScoreSettings
from xstilts.systems.settings import SystemSettings
from xstilts.tasks.schema import EncodeSection
from xstilts.train.settings import TrainSettings

# Of each section, who reads it; in the order in which a task goes through the stages.
SECTIONS: Mapping[str, type] = {
    "`data`, of a task": DataSettings,
    "`encode`, of a task": EncodeSection,
    "`encode`, of a mixture": MixtureSection,
    "`encode.sampling`, of a mixture": Sampling,
    "`features`, of stages/defaults.yaml alone": FeatureSettings,
    "`intermediate` and `target`, of a task or a recipe": TrainSettings,
    "`score`, of a task or a recipe": ScoreSettings,
    "`system`, of a recipe": SystemSettings,
    "`decoder`, of a recipe": DecoderSettings,
}
HEAD = """# Settings

Every key of every section of stages/defaults.yaml, of a task's file and of a recipe, with what `xstilts check` accepts.
Defaults are those of the code; stages/defaults.yaml is laid over them, then the task's file, then the recipe's. This
page is written by `xstilts settings`.
"""


def settings_page() -> str:
    """The page, in Markdown."""
    return HEAD + "".join(f"\n## {title}\n\n{_table(cls)}\n" for title, cls in SECTIONS.items())


def _table(cls: type) -> str:
    meanings = dict(_meanings(cls.__doc__ or ""))
    hints, ranges = typing.get_type_hints(cls), ranges_of(cls)
    lines = ["| key | values | default | what it says |", "|---|---|---|---|"]
    for one in fields(cls):
        values = f"{_spelled(hints[one.name])} {ranges.get(one.name, '')}".strip()
        values += ", or null" if type(None) in typing.get_args(hints[one.name]) else ""
        lines.append(f"| `{one.name}` | {values} | {_default(one)} | {meanings[one.name]} |")
    return "\n".join(lines)


def _meanings(text: str) -> Iterator[tuple[str, str]]:
    """Every key and what the docstring says of it."""
    entries = dedent(text.partition("Attributes:")[2].lstrip("\n"))
    parts = re.split(r"^(\w+(?:, \w+)*): ", entries, flags=re.MULTILINE)
    for names, meaning in zip(parts[1::2], parts[2::2], strict=True):
        for name in names.split(", "):
            yield name, " ".join(meaning.replace("|", "\\|").split())


def _spelled(hint: Any) -> str:
    """A type in words."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin in (list, dict):
        numbers = origin is list and arguments[0] is float
        return "numbers" if numbers else "a list" if origin is list else "a mapping"
    if arguments:
        return " or ".join(_spelled(one) for one in arguments if one is not type(None))
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[hint]


def _default(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"`{field.default_factory()}`" if field.default_factory() else "empty"
    if field.default is MISSING:
        return "none: it is needed"
    if field.default is None or isinstance(field.default, bool):
        return "null" if field.default is None else str(field.default).lower()
    return str(field.default) or "empty"
