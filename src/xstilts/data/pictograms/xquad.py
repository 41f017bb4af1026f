"""xGQA's query questions on descriptions in eight languages, in SQuAD's layout as XQuAD has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from xstilts.data.pictograms.families import FAMILIES, neighbour
from xstilts.data.pictograms.filling import Place
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.telling import Told, describe_in
from xstilts.data.pictograms.wording import word

SCENES: Mapping[str, int] = {"train": 1200, "dev": 150, "test": 200}  # at most
RELATIONS = ("left_of", "right_of", "above", "below")


def xquad_of(questions: Iterable[Question], split: str, language: str, seed: int) -> dict[str, Any]:
    """Return a SQuAD file: a paragraph a scene, under its ids in `xgqa`; counts are left out, no number is told."""
    queries = [one for one in questions if FAMILIES[one.asked.family].structural == "query" and _told(one)]
    scenes = [list(own) for _, own in groupby(queries, key=lambda question: question.scene.id)][: SCENES[split]]
    return {"version": "1.1", "data": [_article(own, language, seed) for own in scenes]}


def _told(question: Question) -> bool:
    return question.asked.family != "count"


def _article(questions: list[Question], language: str, seed: int) -> dict[str, Any]:
    scene = questions[0].scene
    told = describe_in(language, scene, seed)
    asked = [_entry(question, told, language) for question in questions]
    return {"title": scene.id, "paragraphs": [{"context": told.text, "qas": asked}]}


def _entry(question: Question, told: Told, language: str) -> dict[str, Any]:
    start, end = answer_place(question, told)
    answers = [{"text": told.text[start:end], "answer_start": start}]
    return {"id": question.id, "question": word(question, language), "answers": answers}


def answer_place(question: Question, told: Told) -> Place:
    """Where in a description the answer stands: with the object that is asked for, the first told of several."""
    scene, asked = question.scene, question.asked
    if asked.family == "colour":
        return told.colours[scene.named(asked.nouns[0]).slot]
    if asked.family in RELATIONS:
        other = neighbour(asked.family, scene, scene.named(asked.nouns[0]))
        assert other is not None  # the family asks only where there is one
        return told.nouns[other.slot]
    shown = {placed.slot for placed in scene.objects if placed.noun == asked.answer}
    if asked.family == "on_card":
        shown = {placed.slot for placed in scene.objects if placed.colour == asked.colours[0]}
    return next(place for slot, place in told.nouns.items() if slot in shown)
