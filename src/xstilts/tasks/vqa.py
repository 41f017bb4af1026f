"""Visual question answering: GQA's and xGQA's question files, LXMERT's list layout of them, HaVQA's pairs, VQAv2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.tasks.examples import LayoutExample, Reading, VqaExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_content, json_lines, json_list
from xstilts.tasks.source import Source

HAVQA_SPLITS = {"train": "train", "dev": "dev", "test": "test"}
Read = Reading[VqaExample]
Question = VqaExample | LayoutExample
AGREE = 3  # people: an answer that so many give is fully right


def read_gqa(source: Source) -> Read:
    """GQA's layout: `{id: {"question", "imageId", "answer", "types": {"structural", "semantic"}, ...}}`.

    Raises:
        DataError: naming the file and the question's id.
    """
    return Reading([example for _, example in gqa_questions(source)])


def gqa_questions(source: Source) -> Iterator[tuple[Row, VqaExample]]:
    """The questions of a file in GQA's layout, each with its row; errors as `read_gqa`."""
    content = json_content(source.path)
    if not isinstance(content, dict) or not content:
        expected = "a JSON object with one question per id (for a list, name the format lxmert)"
        raise DataError(source.path, None, f"{_size(content)} in a {type(content).__name__}", expected, ANOTHER_FILE)
    ids = Unique()
    for identifier, question in content.items():
        row = Row(source.path, identifier, _object(source.path, identifier, question))
        row.check_language(source.language)
        types, image = row.content.get("types") or {}, row.image("imageId", source.images)
        answer = row.text("answer", "give the answer, or leave the question out of training and scoring")
        structural, semantic = types.get("structural") or "", types.get("semantic") or ""
        asked, name = row.text("question"), ids.check(row, identifier)
        yield row, VqaExample(name, source.language, asked, image, answer, structural, semantic)


def _size(content: Any) -> str:
    return "no questions" if not content else "questions"


def _object(path: Path, place: int | str, content: Any) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise DataError(path, place, f"a {type(content).__name__}", "a question's JSON object", ANOTHER_FILE)
    return content


def read_lxmert(source: Source) -> Read:
    """LXMERT's layout: `[{"question_id", "sent", "img_id", "label": {answer: score}}]`, without question types."""
    content = json_content(source.path)
    if not isinstance(content, list) or not content:
        raise DataError(source.path, None, "no list of questions", "LXMERT's JSON list", ANOTHER_FILE)
    ids, examples = Unique(), []
    for number, question in enumerate(content, start=1):
        row = Row(source.path, number, _object(source.path, number, question))
        identifier, asked = ids.check(row, row.key("question_id")), row.text("sent")
        image, scores = row.image("img_id", source.images), row.content.get("label") or {}
        examples.append(scored(row, source, identifier, asked, image, scores))
    return Reading(examples)


def scored(
    row: Row,
    source: Source,
    identifier: str,
    question: str,
    image: str,
    scores: Any,
    structural: str = "",
    semantic: str = "",
) -> VqaExample:
    """An example with `scores` {answer: 0..1}, the best first; a single answer with the full score has none.

    Raises:
        DataError: no answer, a blank one, or a score outside 0..1.
    """
    if not isinstance(scores, dict) or not scores:
        raise row.error("no answer", "at least one answer", "leave the question out of training and scoring")
    for answer, score in scores.items():
        if not answer.strip() or isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
            found = f"the answer '{answer}' with score {score!r}"
            raise row.error(found, "an answer and a score 0..1", "correct the row")
    ordered = {answer: float(scores[answer]) for answer in sorted(scores, key=lambda one: -scores[one])}
    best = next(iter(ordered))
    kept = {} if ordered == {best: 1.0} else ordered
    return VqaExample(identifier, source.language, question, image, best, structural, semantic, kept)


def read_havqa(source: Source) -> Read:
    """HaVQA's pairs: qa_id, image_id, question_en, question_ha, answer_en, answer_ha, split.

    Answers are English in both languages, as xGQA's are, so that one vocabulary serves both. They are written in lower
    case and without the full stop at the end.
    """
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        identifier = ids.check(row, row.key("qa_id"))
        if source.of_split(row, "split", HAVQA_SPLITS):
            question, image = row.text(f"question_{source.language}"), row.image("image_id", source.images)
            answer = plain_answer(row.text("answer_en"))
            examples.append(VqaExample(identifier, source.language, question, image, answer))
    return Reading(examples)


def plain_answer(answer: str) -> str:
    """An answer in lower case, without spaces around it and the full stop at its end."""
    return answer.strip().lower().removesuffix(".").rstrip() or answer.strip().lower()


def read_rows(source: Source) -> Read:
    """The fields id, question, image, answer, scores?, structural?, semantic? as JSON lines."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        row.check_language(source.language)
        identifier, image = ids.check(row, row.key("id")), row.image("image", source.images)
        question, answer = row.text("question"), row.text("answer")
        types = [row.content.get(key) or "" for key in ("structural", "semantic")]
        scores = row.content.get("scores") or {answer: 1.0}
        examples.append(scored(row, source, identifier, question, image, scores, *types))
    return Reading(examples)


def check_parallel(first: Path, examples: Sequence[Question], other: Path, others: Sequence[Question]) -> None:
    """Check that two languages' files ask the same questions: the same ids on the same images with the same
    answers, and of layouts the same programs.

    Scores in two languages can be compared only then.

    Raises:
        DataError: naming the file `other` and the question.
    """
    wanted = {example.id: example for example in examples}
    todo = "give every language the same ids"
    for example in others:
        twin = wanted.pop(example.id, None)
        if twin is None:
            raise DataError(other, example.id, "a question", f"only ids that {first} has", todo)
        for what in ("image", "answer", *(("layout",) if isinstance(example, LayoutExample) else ())):
            found, expected = getattr(example, what), getattr(twin, what)
            if found != expected:
                fix = f"correct the file: only the question's wording may differ from {first}"
                raise DataError(other, example.id, f"{what} '{found}'", f"'{expected}'", fix)
    if wanted:
        raise DataError(other, min(wanted), "no such question", f"every id that {first} has", todo)


def read_vqav2(source: Source) -> Reading[VqaExample]:
    """v2_OpenEnded_mscoco_<subset>_questions.json joined with v2_mscoco_<subset>_annotations.json by question_id.

    Scores are `soft_scores` of the answers in lower case. The answer's type (`yes/no`, `number`, `other`) is the
    structural type, the question's first words (`question_type`) the semantic one. Images have the names of the COCO
    files: `COCO_train2014_000000000009`.

    Raises:
        DataError: naming the file and the question's id; also for a question that is in only one of the files.
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
        raise DataError(annotations, min(answers), "an annotation without a question", expected, ANOTHER_FILE)
    return Reading(examples)


def soft_scores(answers: Sequence[str]) -> dict[str, float]:
    """The score of each answer: min(1, matches / 3), averaged over leaving out each person once (as in the official
    evaluation code of VQA, with ten people).

    Out of ten people, one who gives the answer makes 0.3, two 0.6, three 0.9 and four or more 1.
    """
    people = len(answers)

    def score(count: int) -> float:
        without_one = count * min(1.0, (count - 1) / AGREE)
        return (without_one + (people - count) * min(1.0, count / AGREE)) / people

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
