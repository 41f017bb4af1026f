"""Questions on descriptions in SQuAD v1.1's layout: the query questions of `gqa`, answered by a span."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from xstilts.data.pictograms.describe import Description, describe
from xstilts.data.pictograms.families import FAMILIES, neighbour
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.wording import word

PER_SCENE = 3


def squad_of(questions: Iterable[Question], seed: int) -> dict[str, Any]:
    """Return a SQuAD v1.1 file: a paragraph a scene, up to three questions each, under their ids in `gqa`."""
    queries = [one for one in questions if FAMILIES[one.asked.family].structural == "query"]
    scenes = groupby(queries, key=lambda question: question.scene.id)
    return {"version": "1.1", "data": [_article(scene, list(own)[:PER_SCENE], seed) for scene, own in scenes]}


def count_questions(content: dict[str, Any]) -> int:
    """How many questions a SQuAD file holds."""
    return sum(len(paragraph["qas"]) for article in content["data"] for paragraph in article["paragraphs"])


def _article(scene_id: str, questions: list[Question], seed: int) -> dict[str, Any]:
    told = describe(questions[0].scene, seed)
    asked = [_question(question, told) for question in questions]
    return {"title": scene_id, "paragraphs": [{"context": told.text, "qas": asked}]}


def _question(question: Question, told: Description) -> dict[str, Any]:
    answer = {"text": question.asked.answer, "answer_start": answer_start(question, told)}
    return {"id": question.id, "question": word(question, "en"), "answers": [answer]}


def answer_start(question: Question, told: Description) -> int:
    """Where in the description the answer stands: in the sentence on the object that is asked for."""
    scene, asked = question.scene, question.asked
    if asked.family == "count":
        return told.counts[asked.nouns[0]]
    if asked.family == "colour":
        return told.colours[scene.named(asked.nouns[0]).slot]
    if asked.family in ("left_of", "right_of", "above", "below"):
        other = neighbour(asked.family, scene, scene.named(asked.nouns[0]))
        assert other is not None  # the family asks only where there is one
        return told.nouns[other.slot]
    shown = {placed.slot for placed in scene.objects if placed.noun == asked.answer}
    if asked.family == "on_card":
        shown = {placed.slot for placed in scene.objects if placed.colour == asked.colours[0]}
    return next(place for slot, place in told.nouns.items() if slot in shown)
