"""Questions on descriptions in the layouts of SQuAD v1.1, SQuAD v2.0 and XQuAD."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from random import Random
from typing import Any

from xstilts.data.pictograms.families import FAMILIES, Candidate, absent_nouns, neighbour, present_nouns
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.questions import Balance, Question
from xstilts.data.pictograms.scene import COLOURS, Scene
from xstilts.data.pictograms.telling import Told, describe, describe_in
from xstilts.data.pictograms.wording import Place, word

PER_SCENE = 3
SCENES: Mapping[str, int] = {"train": 1200, "dev": 150, "test": 200}  # of XQuAD, at most
RELATIONS = ("left_of", "right_of", "above", "below")
KINDS = ("animal", "food", "vehicle")
UNANSWERED = ("colour", *RELATIONS, *KINDS, "on_card")  # a count of nothing would have an answer: none


def squad_of(questions: Iterable[Question], seed: int) -> dict[str, Any]:
    """Return a SQuAD v1.1 file: one paragraph per scene, up to three query questions each, with their ids in `gqa`."""
    return {"version": "1.1", "data": [_english_article(own[:PER_SCENE], seed) for own in _queries(questions)]}


def xquad_of(questions: Iterable[Question], split: str, language: str, seed: int) -> dict[str, Any]:
    """Return an XQuAD file: one paragraph per scene, with the ids of `xgqa`; without counts, as no text gives one."""
    scenes = _queries(one for one in questions if one.asked.family != "count")[: SCENES[split]]
    return {"version": "1.1", "data": [_article(own, language, seed) for own in scenes]}


def count_questions(content: dict[str, Any]) -> int:
    """How many questions a SQuAD file holds."""
    return sum(len(paragraph["qas"]) for article in content["data"] for paragraph in article["paragraphs"])


def _queries(questions: Iterable[Question]) -> list[list[Question]]:
    """The query questions, scene by scene."""
    queries = [one for one in questions if FAMILIES[one.asked.family].structural == "query"]
    return [list(own) for _, own in groupby(queries, key=lambda question: question.scene.id)]


def _english_article(questions: list[Question], seed: int) -> dict[str, Any]:
    told, asked = describe(questions[0].scene, seed), []
    for question in questions:
        count = question.asked.family == "count"
        start = told.counts[question.asked.nouns[0]] if count else _answer(question, told)[0]
        asked.append(_entry(question, "en", question.asked.answer, start))
    return _one_paragraph(questions[0].scene, told.text, asked)


def _article(questions: list[Question], language: str, seed: int) -> dict[str, Any]:
    told, asked = describe_in(language, questions[0].scene, seed), []
    for question in questions:
        start, end = _answer(question, told)
        asked.append(_entry(question, language, told.text[start:end], start))
    return _one_paragraph(questions[0].scene, told.text, asked)


def _entry(question: Question, language: str, answer: str, start: int) -> dict[str, Any]:
    answers = [{"text": answer, "answer_start": start}]
    return {"id": question.id, "question": word(question, language), "answers": answers}


def _one_paragraph(scene: Scene, context: str, asked: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": scene.id, "paragraphs": [{"context": context, "qas": asked}]}


def _answer(question: Question, told: Told) -> Place:
    """Where in a description the answer is: with the object that is asked for, the first mentioned of several."""
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
    return next(where for slot, where in told.nouns.items() if slot in shown)


def squad_v2_of(questions: Iterable[Question], seed: int) -> dict[str, Any]:
    """Return a SQuAD v2.0 file: the paragraphs of `squad`, each with one more question, which has no answer."""
    asked = list(questions)
    scenes = {one.scene.id: one.scene for one in asked}
    content = squad_of(asked, seed)
    balance: Balance[Candidate] = Balance(dict.fromkeys(UNANSWERED, 1.0), dict.fromkeys(UNANSWERED, ()))
    for article in content["data"]:
        scene = scenes[article["title"]]
        random = Random(f"{seed}:unanswerable:{scene.id}")
        [chosen] = balance.choose(list(unanswerable(scene, random)), 1, random)
        _insert(article["paragraphs"][0]["qas"], Question(f"{scene.id}-u", scene, chosen), random)
    return {**content, "version": "v2.0"}


def _insert(entries: list[dict[str, Any]], impossible: Question, random: Random) -> None:
    """Mark the entries as answered, and insert a question without an answer."""
    for entry in entries:
        entry["is_impossible"] = False
    asked = {"id": impossible.id, "question": word(impossible, "en"), "answers": [], "is_impossible": True}
    entries.insert(random.randint(0, len(entries)), asked)


def unanswerable(scene: Scene, random: Random) -> Iterator[Candidate]:
    """Questions that presuppose what the scene does not show: a noun, a neighbour, a kind, a colour."""
    for noun in absent_nouns(scene, random):
        yield from (Candidate(family, "", (noun,)) for family in ("colour", *RELATIONS))
    for placed in scene.unique():
        yield from (Candidate(one, "", (placed.noun,)) for one in RELATIONS if neighbour(one, scene, placed) is None)
    kinds = {load_nouns()[noun].kind for noun in present_nouns(scene)}
    yield from (Candidate(kind, "") for kind in KINDS if kind not in kinds)
    colours = {placed.colour for placed in scene.objects}
    yield from (Candidate("on_card", "", (), (colour,)) for colour in COLOURS if colour not in colours)
