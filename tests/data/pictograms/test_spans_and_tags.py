"""Spans and tags: exact, and right by an oracle that reads English questions."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.nouns import LANGUAGES, load_nouns
from xstilts.data.pictograms.tagging import words_of
from xstilts.data.pictograms.wording import colour_forms, fill, noun_forms, wording_of

Graphs = dict[str, dict[str, Any]]
Sentence = list[list[str]]
TAG = re.compile(r"O|[BI]-(PER|ORG|LOC)")


def asked(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The contexts and questions of a SQuAD file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return [(own["context"], one) for article in content["data"] for own in article["paragraphs"] for one in own["qas"]]


def sentences(path: Path) -> list[Sentence]:
    blocks = path.read_text(encoding="utf-8").strip("\n").split("\n\n")
    return [[line.split("\t") for line in block.split("\n")] for block in blocks]


@pytest.mark.parametrize("language", LANGUAGES)
def test_xquads_answers_are_spans_that_name_xgqas_answers(twins: Path, world: World, language: str) -> None:
    answers = {question.id: question.asked.answer for question in world.questions("xgqa", "test")}
    found = asked(twins / "xquad" / f"xquad.{language}.json")
    assert len(found) > 30
    wording, spans = wording_of(language), Counter[str]()
    for context, entry in found:
        [answer] = entry["answers"]
        start, text = answer["answer_start"], answer["text"]
        assert context[start : start + len(text)] == text
        right = answers[entry["id"]]
        colour = wording["colours"].get(right)
        names = set(colour.values()) if colour else {noun_forms(right, language).name}
        assert text in names, (text, right)
        spans[right] += 1
    assert len(spans) > 10


@pytest.mark.parametrize(("task", "split"), [("squad_v2", "train"), ("squad_v2", "dev"), ("xquad", "train")])
def test_the_oracle_answers_english_questions_alike(
    twins: Path, graphs: Graphs, answers_oracle: ModuleType, task: str, split: str
) -> None:
    found = asked(twins / task / f"{split}.json")
    assert len(found) > 30
    for context, entry in found:
        graph = graphs[entry["id"].rpartition("-")[0]]
        if entry.get("is_impossible"):
            assert entry["answers"] == []
            with pytest.raises(ValueError, match="unpack"):  # the oracle looks for the one thing that there is
                answers_oracle.answer(entry["question"], graph)
            continue
        [answer] = entry["answers"]
        assert answers_oracle.answer(entry["question"], graph) == answer["text"]
        assert context[answer["answer_start"] :].startswith(answer["text"])


def test_one_question_per_scene_has_no_answer(twins: Path) -> None:
    content = json.loads((twins / "squad_v2" / "train.json").read_text(encoding="utf-8"))
    assert content["version"] == "v2.0"
    numbers, places = Counter[int](), Counter[int]()
    for article in content["data"]:
        entries = [entry["is_impossible"] for entry in article["paragraphs"][0]["qas"]]
        numbers[sum(entries)] += 1
        places[entries.index(True)] += 1
    assert set(numbers) == {1}
    assert min(places[0], places[1]) > 10


def test_squad_v2_is_squad_and_more(twins: Path) -> None:
    for split in ("train", "dev"):
        plain = {entry["id"]: (context, entry) for context, entry in asked(twins / "squad" / f"{split}.json")}
        more = {entry["id"]: (context, entry) for context, entry in asked(twins / "squad_v2" / f"{split}.json")}
        assert set(plain) == {one for one in more if not more[one][1]["is_impossible"]}
        for one, (context, entry) in plain.items():
            assert more[one] == (context, {**entry, "is_impossible": False})


@pytest.mark.parametrize("language", LANGUAGES)
def test_tags_are_iob2_and_cover_names_of_their_kind(twins: Path, language: str) -> None:
    names = {noun: forms.forms[language] for noun, forms in load_nouns().items()}
    spans = Counter[str]()
    for sentence in sentences(twins / "panx" / f"test-{language}.tsv"):
        tags = ["O", *(tag for _, tag in sentence)]
        for before, tag in pairwise(tags):
            assert TAG.fullmatch(tag)
            assert not tag.startswith("I") or before[1:] == tag[1:]
        for kind, text in spans_of(sentence):
            nouns = [noun for noun, forms in names.items() if any(form.lower() in text for form in forms.values())]
            kinds = {{"animal": "PER", "place": "LOC"}.get(load_nouns()[noun].kind, "ORG") for noun in nouns}
            assert kind in kinds, (text, kind)
            spans[kind] += 1
    assert set(spans) == {"PER", "ORG", "LOC"}


def spans_of(sentence: Sentence) -> list[tuple[str, str]]:
    """Kind and text of the spans; Chinese characters are joined without spaces."""
    found: list[tuple[str, str]] = []
    for word, tag in sentence:
        if tag.startswith("B"):
            found.append((tag[2:], word.lower()))
        elif tag.startswith("I"):
            kind, text = found[-1]
            apart = "" if "\u4e00" <= word <= "\u9fff" else " "
            found[-1] = (kind, text + apart + word.lower())
    return found


def test_english_training_has_every_tag(twins: Path) -> None:
    tags = {tag for sentence in sentences(twins / "panx" / "train-en.tsv") for _, tag in sentence}
    assert tags == {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"}


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Top left: dog (small red card).", "Top left : dog ( small red card ) ."),
        ("id", "Kiri atas: kura-kura.", "Kiri atas : kura-kura ."),
        ("bn", "ছবিতে কোনো হাতুড়ি নেই।", "ছবিতে কোনো হাতুড়ি নেই ।"),
        ("ko", "왼쪽 위: 개(작은 카드).", "왼쪽 위 : 개 ( 작은 카드 ) ."),
        ("zh", "山在红色卡片上。", "山 在 红 色 卡 片 上 。"),
    ],
)
def test_words(language: str, text: str, words: str) -> None:
    assert [text[first:last] for first, last in words_of(language, text)] == words.split()


def test_a_filled_template_knows_where_its_values_are() -> None:
    values = {"a": noun_forms("dog", "de"), "c": colour_forms("red", "de"), "place": "oben"}
    filled = fill("{place} ist [{a.ein}] auf einer {c.weak} Karte", values)
    assert filled.text == "oben ist ein Hund auf einer roten Karte"
    assert {name: filled.text[slice(*place)] for name, place in filled.places.items()} == {
        "place": "oben",
        "a": "Hund",
        "c": "roten",
    }
    [phrase] = filled.phrases
    assert (phrase.field, filled.text[slice(*phrase.place)]) == ("a", "ein Hund")
