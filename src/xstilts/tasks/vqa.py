"""Visual question answering: GQA's and xGQA's question files, LXMERT's list layout of them, HaVQA's pairs, VQAv2.

Questions of GQA's layout may come with a second file, which tells in words what their images show.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.tasks.clues import read_clues, read_descriptions
from xstilts.tasks.examples import LayoutExample, Reading, VqaExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_content, json_list
from xstilts.tasks.source import Source, reads
from xstilts.tasks.streams import json_members

HAVQA_SPLITS = {"train": "train", "dev": "dev", "test": "test"}
Read = Reading[VqaExample]
Question = VqaExample | LayoutExample
AGREE = 3  # people: an answer that so many give is fully right


def gqa_rows(source: Source) -> Iterator[Row]:
    """The rows of a file in GQA's layout, `{id: {"question", "imageId", "answer", "types": {...}, ...}}`.

    Raises:
        DataError: naming the file and the question's id.
    """
    empty = True
    for one, asked in json_members(source.path):
        empty = False
        yield Row(source.path, one, _object(source.path, one, asked))
    if empty:
        content = json_content(source.path)
        expected = "a JSON object with one question per id (for a list, name the format lxmert)"
        found = f"{'questions' if content else 'no questions'} in a {type(content).__name__}"
        raise DataError(source.path, None, found, expected, ANOTHER_FILE)


def gqa_question(row: Row, source: Source) -> VqaExample:
    """The question of such a row; errors as `gqa_rows`."""
    row.check_language(source.language)
    image, types = row.image("imageId", source.images), row.inner("types")
    answer = row.text("answer", "give the answer, or leave the question out of training and scoring")
    kinds = (types.word("structural"), types.word("semantic"))
    return VqaExample(str(row.place), source.language, row.text("question"), image, answer, *kinds)


read_gqa = reads(gqa_rows)(gqa_question)


def _told(tell: Callable[[Path], dict[str, str]]) -> Callable[[Source], Read]:
    """A reader of GQA's questions, with what a second file tells about their images.

    Args:
        tell: reads that file, {image: text}.
    """

    def read(source: Source) -> Read:
        told, reading = tell(source.paths[1]), read_gqa(source)
        for example in reading.examples:
            if not told.get(example.image):
                todo = f"add what {example.image} shows, or leave the question out of training and scoring"
                found, expected = f"no description of image '{example.image}'", "one for the image of every question"
                raise DataError(source.paths[1], example.id, found, expected, todo)
        return Reading([replace(one, description=told[one.image]) for one in reading.examples])

    return read


read_gqa_clues = _told(read_clues)
read_gqa_told = _told(read_descriptions)  # texts or scene graphs


def _object(path: Path, place: int | str, content: Any) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise DataError(path, place, f"a {type(content).__name__}", "a question's JSON object", ANOTHER_FILE)
    return content


def read_lxmert(source: Source) -> Read:
    """LXMERT's layout: `[{"question_id", "sent", "img_id", "label": {answer: score}}]`, without question types."""
    content = json_content(source.path)
    if not isinstance(content, list) or not content:
        raise DataError(source.path, None, "no list of questions", "LXMERT's JSON list", ANOTHER_FILE)

    def make(row: Row) -> VqaExample:
        image, scores = row.image("img_id", source.images), row.content.get("label") or {}
        return scored(row, source, (row.key("question_id"), row.text("sent"), image), scores)

    rows = (Row(source.path, place, _object(source.path, place, asked)) for place, asked in enumerate(content, start=1))
    return source.each(rows, make)


def scored(row: Row, source: Source, asked: tuple[str, str, str], scores: Any, *types: str) -> VqaExample:
    """An example with `scores` {answer: 0..1}, the best first; a single answer with the full score has none.

    Args:
        asked: id, question and image.
        types: structural and semantic, if they are known.

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
    (identifier, question, image), (structural, semantic) = asked, types or ("", "")
    return VqaExample(identifier, source.language, question, image, best, structural, semantic, kept)


def read_havqa(source: Source) -> Read:
    """HaVQA's pairs: qa_id, image_id, question_en, question_ha, answer_en, answer_ha, split.

    Answers are English in both languages, as xGQA's are, so that one vocabulary serves both. They are written in lower
    case and without the full stop at the end.
    """
    ids = Unique()

    def make(row: Row) -> VqaExample | None:
        identifier = ids.check(row, row.key("qa_id"))
        if not source.of_split(row, "split", HAVQA_SPLITS):
            return None
        question, image = row.text(f"question_{source.language}"), row.image("image_id", source.images)
        return VqaExample(identifier, source.language, question, image, plain_answer(row.text("answer_en")))

    return source.each(source.json_lines(), make)


def plain_answer(answer: str) -> str:
    """An answer in lower case, without spaces around it and the full stop at its end."""
    return answer.strip().lower().removesuffix(".").rstrip() or answer.strip().lower()


@reads()
def read_rows(row: Row, source: Source) -> VqaExample:
    """The fields id, question, image, answer, scores?, structural?, semantic?, description? as JSON lines.

    In the place of answer and scores also answers, those of several people (`soft_scores`).
    """
    row.check_language(source.language)
    image, question = row.image("image", source.images), row.text("question")
    types = [row.word(key) for key in ("structural", "semantic")]
    if row.content.get("answers"):
        scores: Any = soft_scores([plain.strip().lower() for plain in row.texts("answers")])
    else:
        scores = row.content.get("scores") or {row.text("answer"): 1.0}
    told = row.text("description") if "description" in row.content else None
    return replace(scored(row, source, (row.key("id"), question, image), scores, *types), description=told)


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

    def make(row: Row) -> VqaExample:
        found = answers.pop(row.key("question_id"), None)
        if found is None:
            raise row.error("no annotation", f"one in {annotations.name}", ANOTHER_FILE)
        return _example(row, found, source, subset)

    listed = json_list(questions, content, "questions")
    reading = source.each((Row(questions, str(one.get("question_id", "?")), one) for one in listed), make)
    if answers:
        expected = f"a question in {questions.name}"
        raise DataError(annotations, min(answers), "an annotation without a question", expected, ANOTHER_FILE)
    return reading


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
    number = row.index("image_id", 10**12)
    image = row.known_image(f"COCO_{subset}_{number:012d}", source.images)
    question, types = row.text("question"), (noted.text("answer_type"), noted.text("question_type"))
    return scored(noted, source, (row.key("question_id"), question, image), soft_scores(answers), *types)
