"""Questions on descriptions in SQuAD v2.0's layout: those of `squad`, and questions that have no answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from xstilts.data.pictograms.balance import Balance
from xstilts.data.pictograms.families import Candidate, absent_nouns, neighbour, present_nouns
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import COLOURS, Scene
from xstilts.data.pictograms.squad import squad_of
from xstilts.data.pictograms.wording import word

RELATIONS = ("left_of", "right_of", "above", "below")
KINDS = ("animal", "food", "vehicle")
ASKED = ("colour", *RELATIONS, *KINDS, "on_card")  # a count of nothing would have an answer: none


def squad_v2_of(questions: Iterable[Question], seed: int) -> dict[str, Any]:
    """Return a SQuAD v2.0 file: the paragraphs of `squad`, each with one more question, which nothing answers."""
    asked = list(questions)
    scenes = {one.scene.id: one.scene for one in asked}
    content = squad_of(asked, seed)
    balance: Balance[Candidate] = Balance(dict.fromkeys(ASKED, 1.0), dict.fromkeys(ASKED, ()))
    for article in content["data"]:
        scene = scenes[article["title"]]
        random = Random(f"{seed}:unanswerable:{scene.id}")
        [chosen] = balance.choose(list(unanswerable(scene, random)), 1, random)
        _insert(article["paragraphs"][0]["qas"], Question(f"{scene.id}-u", scene, chosen), random)
    return {**content, "version": "v2.0"}


def _insert(entries: list[dict[str, Any]], impossible: Question, random: Random) -> None:
    """Mark the entries as answered and put a question that is not among them."""
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
