"""The text twins tell exactly the scenes of `gqa`: the same ids, the same facts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.edits import edits_of
from xstilts.data.pictograms.families import FAMILIES
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.inference import LABELS, hypotheses_on, mnli_rows, snli_ve_rows
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.squad import count_questions, squad_of
from xstilts.data.pictograms.telling import describe
from xstilts.data.pictograms.world import LAYOUT
from xstilts.encode.kinds import task_labels
from xstilts.tasks import read_split
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.schema import load_task

WORLD = World(Path("unused"))
SCENE = Scene("s", (Placed("car", "red", "small", 0, 20, 20), Placed("owl", "blue", "large", 3, 122, 122)))


@pytest.fixture(scope="module", params=["train", "dev"])
def split(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def paragraphs(content: dict[str, Any]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    return [
        (article["title"], paragraph["context"], paragraph["qas"])
        for article in content["data"]
        for paragraph in article["paragraphs"]
    ]


def test_squad_answers_are_where_they_are_said_to_be(split: str) -> None:
    questions = {question.id: question for question in WORLD.questions("gqa", split)}
    content = squad_of(questions.values(), seed=0)
    for scene, context, asked in paragraphs(content):
        assert 1 <= len(asked) <= 3
        for entry in asked:
            question, [answer] = questions[entry["id"]], entry["answers"]
            start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            assert context[start:end] == answer["text"] == question.asked.answer
            assert not (context[start - 1 : start] + context[end : end + 1]).strip(" .,:").replace("s", "")
            assert question.scene.id == scene
            assert FAMILIES[question.asked.family].structural == "query"
    assert count_questions(content) > 2 * len(paragraphs(content))


def test_squad_answers_are_in_the_sentence_about_the_right_object(split: str) -> None:
    for question in WORLD.questions("gqa", split):
        told, asked = describe(question.scene, 0), question.asked
        if asked.family == "left_of":
            other = question.scene.beside(question.scene.named(asked.nouns[0]))
            assert other is not None
            sentence = next(s for s in told.text.split(". ")[::-1] if told.nouns[other.slot][0] >= told.text.index(s))
            assert f"{other.half} left" in sentence.lower()
            assert f"{other.size} {other.colour} card" in sentence


def test_a_description_tells_every_fact_once() -> None:
    text = describe(SCENE, seed=0).text
    for placed in SCENE.objects:
        for fact in (
            f"{placed.half} {placed.side}",
            f"{placed.size} {placed.colour} card",
            f"1 {placed.noun}",
        ):
            assert text.count(fact) == 1
    assert "2 objects" in text
    assert " a owl" not in text


def test_hypotheses_are_balanced(split: str) -> None:
    found = hypotheses_on(WORLD.scenes("gqa", split), seed=0)
    by_scene: dict[str, list[str]] = {}
    for one in found:
        by_scene.setdefault(one.scene.id, []).append(one.label)
    assert all(sorted(labels) == sorted(LABELS) for labels in by_scene.values())
    assert [one.scene.id for one in found][::3] == [scene.id for scene in WORLD.scenes("gqa", split)]
    order = Counter(tuple(labels) for labels in by_scene.values())
    assert len(order) == 6


def test_mnli_and_snli_ve_say_the_same(split: str) -> None:
    found = hypotheses_on(WORLD.scenes("gqa", split), seed=0)
    keys = ("pairID", "gold_label", "sentence2", "annotator_labels")
    text, images = list(mnli_rows(found, seed=0)), list(snli_ve_rows(found))
    assert [[row[key] for key in keys] for row in text] == [[row[key] for key in keys] for row in images]
    assert [row["promptID"] for row in text] == [row["Flickr30K_ID"] for row in images]
    assert {row["pairID"] for row in text} == {one.id for one in found}
    for row in text:
        for sentence in (row["sentence1"], row["sentence2"]):
            assert isinstance(sentence, str)
            assert sentence.endswith(".")
            assert not set("{}") & set(sentence)


def test_labels_of_simple_statements_follow_from_the_scene(split: str) -> None:
    checked = Counter[str]()
    for one in hypotheses_on(WORLD.scenes("gqa", split), seed=0):
        shown, sentence = {placed.noun for placed in one.scene.objects}, one.sentence
        words = sentence.rstrip(".").split()
        if sentence.startswith("There is no "):
            assert one.label == ("contradiction" if words[3] in shown else "entailment")
        elif sentence.startswith("There is a") and sentence.endswith("in the picture.") and len(words) == 7:
            assert one.label == ("entailment" if words[3] in shown else "contradiction")
        elif sentence.endswith((" is on the left.", " is on the right.")):
            assert one.label == ("entailment" if one.scene.named(words[1]).side == words[-1] else "contradiction")
        elif sentence.endswith(("just outside the picture.", "is hungry.", "yesterday.", "before.")):
            assert one.label == "neutral"
        else:
            continue
        checked[one.label] += 1
    assert all(checked[label] >= 5 for label in LABELS), checked


def test_gqa_told_and_blind_differ_from_gqa_in_the_scene_alone(twins: Path) -> None:
    """The same ids, questions, answers, types and answer vocabulary, in the same order; only the second text is new."""
    read = {}
    for dataset in ("gqa", "gqa_told", "gqa_blind"):
        task = load_task(dataset)
        raw = twins / (dataset if dataset != "gqa" else "gqa_blind")  # gqa's own files hold the same questions: below
        examples = {split: read_split(task, split, raw).examples for split in task.encode.files}
        read[dataset] = {
            split: [replace(one, description=None) for one in own if isinstance(one, VqaExample)]
            for split, own in examples.items()
        }
        labels = task_labels(task, examples["train"])
        assert labels == task_labels(load_task("gqa"), read["gqa"]["train"])
        for own in examples.values():
            assert {isinstance(one, VqaExample) and one.description is not None for one in own} == {
                dataset == "gqa_told"
            }
    assert read["gqa"] == read["gqa_told"] == read["gqa_blind"]
    assert len(read["gqa"]["train"]) >= 700


def test_gqa_asks_what_gqa_blind_asks(twins: Path, world: World) -> None:
    for split, name in LAYOUT["gqa"].items():
        asked = json.dumps(questions_in("en", world.questions("gqa", split)), ensure_ascii=False)
        assert (twins / "gqa_blind" / name).read_text(encoding="utf-8") == asked


def test_an_edit_changes_one_object_and_the_answer(answers_oracle: ModuleType) -> None:
    questions = {question.id: question for question in WORLD.questions("xgqa", "test")}
    edited = edits_of(questions.values(), seed=0)
    assert len(edited) > 900
    assert len({question.asked.family for question in edited}) >= 18
    graphs = scene_graphs(question.scene for question in edited)
    for entry in questions_in("en", edited).values():
        assert answers_oracle.answer(entry["question"], graphs[entry["imageId"]]) == entry["answer"]
    for question in edited:
        before = questions[question.id]
        assert question.asked.answer != before.asked.answer
        kept = Counter(map(facts, before.scene.objects)) & Counter(map(facts, question.scene.objects))
        assert len(before.scene.objects) - kept.total() == 1
        [changed] = Counter(map(facts, question.scene.objects)) - kept
        [own] = Counter(map(facts, before.scene.objects)) - kept
        assert sum(one != other for one, other in zip(own, changed, strict=True)) == 1


def facts(placed: Placed) -> tuple[str, str, str, int]:
    return placed.noun, placed.colour, placed.size, placed.slot
