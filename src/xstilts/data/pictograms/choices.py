"""Multiple choice: questions with four answers (Cosmos QA, Visual7W), and a description with two claims (XCOPA).

The query questions of `gqa` become twins: the same questions, ids and answers, about the description (Cosmos QA) and
about the image (Visual7W). In XCOPA's layout, the description makes one of the two claims true, and the question is
always `effect`.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Any

from xstilts.data.pictograms.claims import Contrast, contrasts_on, word_claim
from xstilts.data.pictograms.families import FAMILIES, absent_nouns, present_nouns
from xstilts.data.pictograms.nouns import load_nouns
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import Scene
from xstilts.data.pictograms.telling import describe, describe_in
from xstilts.data.pictograms.wording import word

WRONG = 3
_HEADER = ("id", "context", "question", "answer0", "answer1", "answer2", "answer3", "label")
SCENES: Mapping[str, int] = {"train": 1200, "dev": 150, "test": 200}  # of XCOPA: at most, two contrasts each
PER_SCENE = 2


@dataclass(frozen=True)
class ChoiceQuestion:
    """A question with three wrong answers; the right one is the question's."""

    question: Question
    wrong: tuple[str, ...]


def choice_questions(questions: Iterable[Question], seed: int) -> list[ChoiceQuestion]:
    """The query questions, each with three wrong answers of the same sort as the right one.

    Wrong nouns are other things that the scene shows, then things that it does not; if a question asks for a kind
    (which animal), they are of that kind.
    """
    queries = [one for one in questions if FAMILIES[one.asked.family].structural == "query"]
    return [ChoiceQuestion(one, _wrong(one, Random(f"{seed}:choices:{one.id}"))) for one in queries]


def _wrong(question: Question, random: Random) -> tuple[str, ...]:
    asked = question.asked
    closed = FAMILIES[asked.family].answers
    if closed:
        return tuple(random.sample([one for one in closed if one != asked.answer], WRONG))
    nouns = load_nouns()
    if asked.family in {noun.kind for noun in nouns.values()}:
        same = [name for name, noun in nouns.items() if noun.kind == asked.family and name != asked.answer]
        return tuple(random.sample(same, WRONG))
    shown = [noun for noun in present_nouns(question.scene) if noun not in (asked.answer, *asked.nouns)]
    found = [*random.sample(shown, len(shown)), *absent_nouns(question.scene, random)][:WRONG]
    return tuple(random.sample(found, WRONG))


def cosmosqa_csv(questions: Iterable[ChoiceQuestion], seed: int) -> str:
    """A file of Cosmos QA: the context is the description, and the right answer is at a random place."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEADER)
    for one in questions:
        question, random = one.question, Random(f"{seed}:label:{one.question.id}")
        label = random.randrange(WRONG + 1)
        answers = [*one.wrong[:label], question.asked.answer, *one.wrong[label:]]
        context = describe(question.scene, seed).text
        writer.writerow((question.id, context, word(question, "en"), *answers, label))
    return file.getvalue()


def visual7w_of(splits: Mapping[str, Iterable[ChoiceQuestion]]) -> dict[str, Any]:
    """A file of Visual7W's telling questions.

    Args:
        splits: the questions by the name of the split in that file (`train`, `val`).
    """
    images: list[dict[str, Any]] = []
    for split, questions in splits.items():
        for _, own in groupby(questions, key=lambda one: one.question.scene.id):
            images.append(_image(list(own), split, len(images) + 1))
    return {"dataset": "visual7w-telling", "images": images}


def _image(questions: list[ChoiceQuestion], split: str, number: int) -> dict[str, Any]:
    name = f"{questions[0].question.scene.id}.png"
    pairs = [_pair(one, number) for one in questions]
    return {"image_id": number, "filename": name, "split": split, "qa_pairs": pairs}


def _pair(one: ChoiceQuestion, image: int) -> dict[str, Any]:
    return {
        "qa_id": one.question.id,
        "image_id": image,
        "question": word(one.question, "en"),
        "answer": one.question.asked.answer,
        "multiple_choices": list(one.wrong),
        "type": "how" if one.question.asked.family == "count" else "what",
    }


@dataclass(frozen=True)
class Alternative:
    """A contrast on a scene and which of the two choices is the true claim."""

    scene: Scene
    contrast: Contrast
    label: int


def alternatives_of(scenes: Sequence[Scene], split: str, seed: int) -> list[Alternative]:
    """Up to two contrasts per scene; of a scene's two, the true claim is the first choice once."""
    found: list[Alternative] = []
    for scene, contrasts in contrasts_on(scenes[: SCENES[split]], PER_SCENE, seed, "alternatives"):
        labels = Random(f"{seed}:alternatives:order:{scene.id}").sample((0, 1), 2)
        found += [Alternative(scene, one, label) for one, label in zip(contrasts, labels, strict=False)]
    return found


def xcopa_rows(alternatives: Iterable[Alternative], language: str, seed: int) -> Iterator[dict[str, object]]:
    """Rows of XCOPA's jsonl."""
    for number, one in enumerate(alternatives):
        claims = [one.contrast.true, one.contrast.false][:: -1 if one.label else 1]
        choices = [word_claim(claim, language).text for claim in claims]
        yield {
            "premise": describe_in(language, one.scene, seed).text,
            "choice1": choices[0],
            "choice2": choices[1],
            "question": "effect",
            "label": one.label,
            "idx": number,
        }
