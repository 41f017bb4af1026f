"""VQAv2: questions and annotations, two files, with ten people's answers to every question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.tasks.examples import Reading, VqaExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_content, json_list
from xstilts.tasks.source import Source
from xstilts.tasks.vqa import scored

AGREE = 3  # people whose answer is fully right


def read_vqav2(source: Source) -> Reading[VqaExample]:
    """v2_OpenEnded_mscoco_<subset>_questions.json joined with v2_mscoco_<subset>_annotations.json by question_id.

    Scores are `soft_scores` of the answers in lower case. The answer's type (`yes/no`, `number`, `other`) is the
    structural type, the question's first words (`question_type`) the semantic one. Images have the names of the COCO
    files: `COCO_train2014_000000000009`.

    Raises:
        DataError: naming the file and the question's id; also for a question in one of the files only.
    """
    questions, annotations = source.paths
    content = json_content(questions)
    answers = _by_question(annotations)
    subset = Row(questions, "data_subtype", content).text("data_subtype") if isinstance(content, dict) else ""
    ids, examples = Unique(), []
    for question in json_list(questions, content, "questions"):
        row = Row(questions, question.get("question_id", "without question_id"), question)
        identifier = ids.check(row, row.key("question_id"))
        found = answers.pop(identifier, None)
        if found is None:
            raise row.error("no annotation", f"one in {annotations.name}", ANOTHER_FILE)
        examples.append(_example(row, found, source, subset))
    if answers:
        expected = f"a question in {questions.name}"
        raise DataError(annotations, min(answers), "an annotation without question", expected, ANOTHER_FILE)
    return Reading(examples)


def soft_scores(answers: Sequence[str]) -> dict[str, float]:
    """The score of each answer: min(1, matches / 3), averaged over every choice of all people but one (the official
    evaluation code of VQA: each of ten people's answers is left out once).

    Of ten people, one who says it gives 0.3, two 0.6, three 0.9 and four or more 1.
    """
    people = len(answers)

    def score(count: int) -> float:
        with_one_less = count * min(1.0, (count - 1) / AGREE)
        return (with_one_less + (people - count) * min(1.0, count / AGREE)) / people

    return {answer: round(score(count), 6) for answer, count in Counter(answers).most_common()}


def _by_question(path: Path) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    ids = Unique()
    for number, one in enumerate(json_list(path, json_content(path), "annotations"), start=1):
        row = Row(path, number, one)
        found[ids.check(row, row.key("question_id"))] = one
    return found


def _example(row: Row, annotation: Mapping[str, Any], source: Source, subset: str) -> VqaExample:
    noted = Row(source.paths[1], row.place, annotation)
    answers = [
        Row(noted.path, noted.place, one).text("answer").strip().lower()
        for one in json_list(noted.path, annotation, "answers")
    ]
    if not answers:
        raise noted.error("no answers", "ten people's", ANOTHER_FILE)
    image = row.known_image(f"COCO_{subset}_{int(row.key('image_id')):012d}", source.images)
    question, types = row.text("question"), (noted.text("answer_type"), noted.text("question_type"))
    return scored(noted, source, row.key("question_id"), question, image, soft_scores(answers), *types)
