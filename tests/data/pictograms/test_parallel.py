"""The targets' test files: the same rows in eight languages, each in words of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.languages import LANGUAGE3
from xstilts.data.pictograms.build import TARGETS
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.wording import wording_of
from xstilts.data.pictograms.world import LAYOUT

SECTIONS = ("objects", "marks", "sizes", "places", "statements", "neutral", "pairs")
SCRIPTS = {"ru": "а-яё", "bn": "\u0980-\u09ff", "ko": "가-힣", "zh": "\u4e00-\u9fff"}
Facts = list[tuple[Any, ...]]
Texts = list[str]


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fields(*texts: str) -> Callable[[Path], tuple[Facts, Texts]]:
    """A reader of JSON lines: what must be equal in every language, and the texts, which may not."""

    def read(path: Path) -> tuple[Facts, Texts]:
        rows = json_rows(path)
        facts = [tuple((k, str(v)) for k, v in row.items() if k not in (*texts, "language")) for row in rows]
        return facts, [row[key] for row in rows for key in texts]

    return read


def captions(path: Path) -> tuple[Facts, Texts]:
    rows = json_rows(path)
    facts: Facts = [(row["id"], row["img_path"], len(row["sentences"])) for row in rows]
    return facts, [text for row in rows for text in row["sentences"]]


def squad(path: Path) -> tuple[Facts, Texts]:
    content = json.loads(path.read_text(encoding="utf-8"))
    paragraphs = [(one["title"], one["paragraphs"][0]) for one in content["data"]]
    facts: Facts = [(title, asked["id"]) for title, own in paragraphs for asked in own["qas"]]
    texts = [own["context"] for _, own in paragraphs]
    return facts, texts + [asked["question"] for _, own in paragraphs for asked in own["qas"]]


def pairs(path: Path) -> tuple[Facts, Texts]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(label,) for _, _, label in rows], [text for *texts, _ in rows for text in texts]


def columns(path: Path) -> tuple[Facts, Texts]:
    sentences = path.read_text(encoding="utf-8").strip("\n").split("\n\n")
    rows = [[line.split("\t") for line in sentence.split("\n")] for sentence in sentences]
    facts: Facts = [tuple(sorted(tag for _, tag in row if tag.startswith("B-"))) for row in rows]
    return facts, [" ".join(word for word, _ in row) for row in rows]


def gqa(path: Path) -> tuple[Facts, Texts]:
    content = json.loads(path.read_text(encoding="utf-8"))
    facts: Facts = [(name, str({**one, "question": ""})) for name, one in content.items()]
    return facts, [one["question"] for one in content.values()]


READ: dict[str, Callable[[Path], tuple[Facts, Texts]]] = {
    "marvl": fields("caption"),
    "xvnli": fields("sentence1", "sentence2"),
    "xnli": pairs,
    "panx": columns,
    "xquad": squad,
    "xcopa": fields("premise", "choice1", "choice2"),
    "xflickrco": captions,
    "xgqa_clues": gqa,
    "xgqa_layout": gqa,
    "tatoeba": lambda path: ([()], path.read_text(encoding="utf-8").splitlines()),
}


def read(twins: Path, target: str) -> dict[str, tuple[Facts, Texts]]:
    """Facts and texts of a target's test files by language."""
    languages = LANGUAGES if target != "tatoeba" else LANGUAGES[1:]
    name = LAYOUT[target]["test"]
    files = {one: name.format(language=one, language3=LANGUAGE3[one]) for one in languages}
    return {language: READ[target](twins / target / file) for language, file in files.items()}


def test_every_target_is_read_here() -> None:
    assert set(READ) == set(TARGETS)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_languages_tell_the_same_facts_in_other_words(twins: Path, target: str) -> None:
    found = read(twins, target)
    facts, texts = [own[0] for own in found.values()], [own[1] for own in found.values()]
    assert all(own == facts[0] for own in facts)
    assert len(texts[0]) >= 20
    for same in zip(*texts, strict=True):
        assert len(set(same)) == len(same)
    manifest = json.loads((twins / target / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["languages"] == list(found)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_texts_are_filled_and_in_their_script(twins: Path, target: str) -> None:
    for language, (_, texts) in read(twins, target).items():
        for text in texts:
            assert not set("{}[]_") & set(text), text
            assert "  " not in text
            assert text == text.strip()
            assert text[0] == text[0].upper()
            letters = "".join(re.findall(r"[^\W\d]", text))
            script = SCRIPTS.get(language, "a-zäöüßáâãàéêíóôõúç")
            assert re.fullmatch(f"[{script}]+", letters, re.IGNORECASE), text


def test_english_of_tatoeba_is_aligned_and_every_sentence_has_one_translation(twins: Path) -> None:
    english = {path.read_text(encoding="utf-8") for path in (twins / "tatoeba").glob("*-eng.eng")}
    assert len(english) == 1
    lines = english.pop().splitlines()
    assert len(set(lines)) == len(lines) >= 80
    for _, texts in read(twins, "tatoeba").values():
        assert len(texts) == len(set(texts)) == len(lines)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_language_has_the_same_templates(section: str) -> None:
    english = wording_of("en")[section]
    assert len(english) >= 2
    for language in LANGUAGES:
        own = wording_of(language)[section]
        assert set(own) == set(english), language
        if section in ("statements", "neutral", "pairs"):
            assert len(set(own.values())) == len(own), language
            for key, template in own.items():
                wanted, found = (set(re.findall(r"\{([abcn])", text)) for text in (english[key], template))
                assert wanted == found, (language, key)
