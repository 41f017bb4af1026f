"""The nouns of the embedded world: which drawing shows them, and their names and forms in eight languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("en", "de", "pt", "ru", "id", "bn", "ko", "zh")
KINDS = ("animal", "food", "vehicle", "place", "object")


@dataclass(frozen=True)
class Noun:
    """A thing that a scene can show.

    Attributes:
        name: the English name, which is also the answer to questions.
        kind: one of `KINDS`.
        drawing: name of the OpenMoji drawing: code points in hexadecimal, joined by dashes.
        forms: by language, the name and the recorded forms (gender, plural, cases, measure words).
    """

    name: str
    kind: str
    drawing: str
    forms: Mapping[str, Mapping[str, str]]


@cache
def load_nouns() -> Mapping[str, Noun]:
    """Return every noun by its English name, in the order of nouns.yaml."""
    table = read_package_yaml("nouns.yaml")
    return {name: _noun(name, entry) for name, entry in table.items()}


def read_package_yaml(name: str) -> dict[str, Any]:
    """Return the content of a YAML file that lies in this package."""
    content: dict[str, Any] = yaml.safe_load(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return content


def _noun(name: str, entry: Mapping[str, Any]) -> Noun:
    return Noun(name, entry["kind"], entry["drawing"], {language: entry[language] for language in LANGUAGES})
