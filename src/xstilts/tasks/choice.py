"""Multiple choice: a text (and, of Visual7W, an image) with several continuations or answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from xstilts.base.errors import DataError
from xstilts.tasks.examples import ChoiceExample, Reading
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, csv_rows, json_content, json_lines, json_list
from xstilts.tasks.source import Source

# COPA's question, in English for every language: XCOPA's `question` is the English word in all its files.
COPA_QUESTIONS = {"cause": "What was the cause?", "effect": "What happened as a result?"}
VISUAL7W_SPLITS = {"train": "train", "val": "dev", "test": "test"}
LETTERS = "ABCDE"
FEW = 20  # rows whose labels may all be equal by chance
Read = Reading[ChoiceExample]


def read_copa(source: Source) -> Read:
    """COPA's and XCOPA's JSON lines: the text is the premise and the question, in English.

    `idx` restarts in every file and is the same in every language.
    """
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        identifier = ids.check(row, source.own_id(row.key("idx")))
        asked = row.text("question")
        if asked not in COPA_QUESTIONS:
            raise row.error(f"question '{asked}'", "cause or effect", "correct the row")
        choices = (row.text("choice1"), row.text("choice2"))
        text = f"{row.text('premise')} {COPA_QUESTIONS[asked]}"
        examples.append(ChoiceExample(identifier, source.language, text, choices, row.index("label", 2)))
    return _labelled(source, examples)


def read_hellaswag(source: Source) -> Read:
    """HellaSwag's JSON lines: one of `endings` continues `ctx`. `ind` is not unique; the line number is the id."""
    examples = []
    for row in json_lines(source.path):
        endings = row.texts("endings")
        identifier, label = source.own_id(row.place), row.index("label", len(endings))
        examples.append(ChoiceExample(identifier, source.language, row.text("ctx"), endings, label))
    return _labelled(source, examples)


def read_cosmosqa(source: Source) -> Read:
    """CosmosQA's CSV: the text is context and question; four answers."""
    ids, examples = Unique(), []
    for row in csv_rows(source.path):
        answers = tuple(row.text(f"answer{number}") for number in range(4))
        identifier, label = ids.check(row, row.text("id")), row.index("label", 4)
        examples.append(ChoiceExample(identifier, source.language, _asked(row), answers, label))
    return _labelled(source, examples)


def read_commonsenseqa(source: Source) -> Read:
    """CommonsenseQA's JSON lines: `question` holds the stem and five labelled choices, `answerKey` the right label."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        question = row.content.get("question")
        if not isinstance(question, dict):
            raise row.error(f"question {question!r}", "an object with stem and choices", ANOTHER_FILE)
        inner = Row(row.path, row.place, question)
        listed = [Row(row.path, row.place, one) for one in json_list(row.path, question, "choices")]
        labels, answer = [one.text("label") for one in listed], row.text("answerKey")
        if answer not in labels:
            raise row.error(f"answerKey '{answer}'", f"one of {', '.join(labels)}", "correct the row")
        choices, identifier = tuple(one.text("text") for one in listed), ids.check(row, row.key("id"))
        label = labels.index(answer)
        examples.append(ChoiceExample(identifier, source.language, inner.text("stem"), choices, label))
    return _labelled(source, examples)


def read_socialiqa(source: Source) -> Read:
    """SocialIQA v1.4's JSON lines: context, question, answerA to answerC, `correct` a letter."""
    examples = []
    for row in json_lines(source.path):
        correct, letters = row.text("correct"), LETTERS[:3]
        if correct not in tuple(letters):
            raise row.error(f"correct '{correct}'", f"one of {', '.join(letters)}", "correct the row")
        answers, label = tuple(row.text(f"answer{letter}") for letter in letters), letters.index(correct)
        examples.append(ChoiceExample(source.own_id(row.place), source.language, _asked(row), answers, label))
    return _labelled(source, examples)


def _asked(row: Row) -> str:
    return f"{row.text('context')} {row.text('question')}"


def read_visual7w(source: Source) -> Read:
    """Visual7W's telling questions (dataset_v7w_telling.json): the images of the split, four answers per question.

    The file keeps the right answer apart from the three wrong ones (`multiple_choices`). It is put among them at a
    place decided by the hash of `qa_id`: the same in every run, and evenly distributed.
    """
    ids, examples = Unique(), []
    for number, image in enumerate(json_list(source.path, json_content(source.path), "images"), start=1):
        row = Row(source.path, f"images {number}", image)
        if source.of_split(row, "split", VISUAL7W_SPLITS):
            for pair in json_list(source.path, image, "qa_pairs"):
                asked = Row(source.path, pair.get("qa_id", row.place), {**pair, "filename": image.get("filename")})
                examples.append(_visual7w(asked, ids, source))
    return _labelled(source, examples)


def _visual7w(row: Row, ids: Unique, source: Source) -> ChoiceExample:
    identifier, wrong = ids.check(row, row.key("qa_id")), row.texts("multiple_choices")
    place = _place(identifier, len(wrong) + 1)
    choices = (*wrong[:place], row.text("answer"), *wrong[place:])
    image = row.image("filename", source.images) if source.has_images else None
    return ChoiceExample(identifier, source.language, row.text("question"), choices, place, image)


def _place(identifier: str, places: int) -> int:
    return int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], "big") % places


def read_rows(source: Source) -> Read:
    """The fields id, text, choices, label (an index), image? as JSON lines."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        row.check_language(source.language)
        choices, identifier = row.texts("choices"), ids.check(row, row.key("id"))
        if len(choices) < 2:
            raise row.error(f"{len(choices)} choices", "two or more", "correct the row")
        label, image = row.index("label", len(choices)), None
        if source.has_images and row.content.get("image") is not None:
            image = row.image("image", source.images)
        examples.append(ChoiceExample(identifier, source.language, row.text("text"), choices, label, image))
    return _labelled(source, examples)


def _labelled(source: Source, examples: Sequence[ChoiceExample]) -> Read:
    """The reading; an error if every label is the same, as in test files whose labels were filled in.

    XTREME's XCOPA test files have the label 0 in all of their 500 rows.
    """
    if len(examples) > FEW and len(set(_labels(examples))) == 1:
        found = f"the label {examples[0].label} in all {len(examples)} rows"
        todo = "give the file with the real labels: these were filled in"
        raise DataError(source.path, None, found, "different labels", todo)
    return Reading(examples)


def _labels(examples: Iterable[ChoiceExample]) -> list[int]:
    return [example.label for example in examples]
