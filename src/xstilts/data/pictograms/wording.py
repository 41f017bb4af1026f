"""Wording questions: templates of a language, filled with a noun's forms and a colour's forms."""

from __future__ import annotations

import zlib
from functools import cache
from types import SimpleNamespace
from typing import Any

from xstilts.data.pictograms.families import Candidate
from xstilts.data.pictograms.grammar import forms_of
from xstilts.data.pictograms.nouns import load_nouns, read_package_yaml
from xstilts.data.pictograms.questions import Question


def word(question: Question, language: str) -> str:
    """Word a question in a language; its id decides which of the templates is taken."""
    templates = wording_of(language)["questions"][question.asked.family]
    return capitalise(pick(templates, question.id).format(**arguments(question.asked, language)))


def full_answer(question: Question) -> str:
    """The answer as an English sentence."""
    asked, templates = question.asked, wording_of("en")["full_answers"]
    template = templates.get(asked.family) or templates[f"{asked.family}.{asked.answer}"]
    return capitalise(template.format(answer=asked.answer, **arguments(asked, "en")))


def pick(templates: list[str], key: str) -> str:
    """Draw one of several templates, always the same for the same key."""
    return templates[zlib.crc32(key.encode()) % len(templates)]


def arguments(asked: Candidate, language: str) -> dict[str, SimpleNamespace]:
    """The values of a template's fields: a, b are nouns, c, d colours; their attributes are their forms."""
    nouns = {name: noun_forms(noun, language) for name, noun in zip("ab", asked.nouns, strict=False)}
    colours = {name: colour_forms(colour, language) for name, colour in zip("cd", asked.colours, strict=False)}
    return nouns | colours


def capitalise(sentence: str) -> str:
    """Write the first letter large (scripts without capitals stay as they are)."""
    return sentence[:1].upper() + sentence[1:]


@cache
def wording_of(language: str) -> dict[str, Any]:
    """The content of languages/<language>.yaml."""
    return read_package_yaml(f"languages/{language}.yaml")


@cache
def noun_forms(noun: str, language: str) -> SimpleNamespace:
    """The forms of a noun, recorded and derived, as attributes."""
    return SimpleNamespace(**forms_of(language, load_nouns()[noun].forms[language]))


@cache
def colour_forms(colour: str, language: str) -> SimpleNamespace:
    """The forms of a colour, as attributes."""
    return SimpleNamespace(**wording_of(language)["colours"][colour])
