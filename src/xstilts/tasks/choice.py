"""Multiple choice: a text (and, of Visual7W, an image) with several continuations or answers."""

import hashlib
from collections.abc import Callable, Iterator
from functools import wraps

from xstilts.base.errors import DataError
from xstilts.tasks.examples import ChoiceExample, Reading
from xstilts.tasks.rows import ANOTHER_FILE, Row, csv_rows, json_content, json_list
from xstilts.tasks.source import Source, reads

# COPA's question, in English for every language: XCOPA's `question` is the English word in all its files.
COPA_QUESTIONS = {"cause": "What was the cause?", "effect": "What happened as a result?"}
VISUAL7W_SPLITS = {"train": "train", "val": "dev", "test": "test"}
LETTERS = ("A", "B", "C")
FEW = 20  # rows whose labels may all be equal by chance
Read = Reading[ChoiceExample]


def _labelled(read: Callable[[Source], Read]) -> Callable[[Source], Read]:
    """The reader; an error if every label is the same, as in test files whose labels were filled in.

    XTREME's XCOPA test files have the label 0 in all of their 500 rows.
    """

    @wraps(read)
    def checked(source: Source) -> Read:
        reading = read(source)
        labels = [example.label for example in reading.examples]
        if len(labels) > FEW and len(set(labels)) == 1:
            found = f"the label {labels[0]} in all {len(labels)} rows"
            todo = "give the file with the real labels: these were filled in"
            raise DataError(source.path, None, found, "different labels", todo)
        return reading

    return checked


@_labelled
@reads()
def read_copa(row: Row, source: Source) -> ChoiceExample:
    """COPA's and XCOPA's JSON lines: the text is the premise and the question, in English.

    `idx` restarts in every file and is the same in every language.
    """
    asked = row.text("question")
    if asked not in COPA_QUESTIONS:
        raise row.error(f"question '{asked}'", "cause or effect", "correct the row")
    choices, identifier = (row.text("choice1"), row.text("choice2")), source.own_id(row.key("idx"))
    text = f"{row.text('premise')} {COPA_QUESTIONS[asked]}"
    return ChoiceExample(identifier, source.language, text, choices, row.index("label", 2), asked=asked)


@_labelled
@reads()
def read_hellaswag(row: Row, source: Source) -> ChoiceExample:
    """HellaSwag's JSON lines: one of `endings` continues `ctx`. `ind` is not unique; the line number is the id."""
    endings = row.texts("endings")
    identifier, label = source.own_id(row.place), row.index("label", len(endings))
    return ChoiceExample(identifier, source.language, row.text("ctx"), endings, label)


@_labelled
@reads(lambda source: csv_rows(source.path))
def read_cosmosqa(row: Row, source: Source) -> ChoiceExample:
    """CosmosQA's CSV: the text is context and question; four answers."""
    answers = tuple(row.text(f"answer{number}") for number in range(4))
    return ChoiceExample(row.text("id"), source.language, _asked(row), answers, row.index("label", 4))


@_labelled
@reads()
def read_commonsenseqa(row: Row, source: Source) -> ChoiceExample:
    """CommonsenseQA's JSON lines: `question` holds the stem and five labelled choices, `answerKey` the right label."""
    question = row.content.get("question")
    if not isinstance(question, dict):
        raise row.error(f"question {question!r}", "an object with stem and choices", ANOTHER_FILE)
    inner = Row(row.path, row.place, question)
    listed = [Row(row.path, row.place, one) for one in json_list(row.path, question, "choices")]
    labels, answer = [one.text("label") for one in listed], row.text("answerKey")
    if answer not in labels:
        raise row.error(f"answerKey '{answer}'", "the label of one of the choices", "correct the row")
    choices = tuple(one.text("text") for one in listed)
    return ChoiceExample(row.key("id"), source.language, inner.text("stem"), choices, labels.index(answer))


@_labelled
@reads()
def read_socialiqa(row: Row, source: Source) -> ChoiceExample:
    """SocialIQA v1.4's JSON lines: context, question, answerA to answerC, `correct` a letter."""
    correct = row.text("correct")
    if correct not in LETTERS:
        raise row.error(f"correct '{correct}'", f"one of {', '.join(LETTERS)}", "correct the row")
    answers, label = tuple(row.text(f"answer{letter}") for letter in LETTERS), LETTERS.index(correct)
    return ChoiceExample(source.own_id(row.place), source.language, _asked(row), answers, label)


def _asked(row: Row) -> str:
    return f"{row.text('context')} {row.text('question')}"


def _visual7w_rows(source: Source) -> Iterator[Row]:
    for number, image in enumerate(json_list(source.path, json_content(source.path), "images"), start=1):
        if source.of_split(Row(source.path, f"images {number}", image), "split", VISUAL7W_SPLITS):
            for pair in json_list(source.path, image, "qa_pairs"):
                place = str(pair.get("qa_id", f"images {number}"))
                yield Row(source.path, place, {**pair, "filename": image.get("filename")})


@_labelled
@reads(_visual7w_rows)
def read_visual7w(row: Row, source: Source) -> ChoiceExample:
    """Visual7W's telling questions (dataset_v7w_telling.json): the images of the split, four answers per question.

    The file keeps the right answer apart from the three wrong ones (`multiple_choices`). It is put among them at a
    place decided by the hash of `qa_id`: the same in every run, and evenly distributed.
    """
    identifier, wrong = row.key("qa_id"), row.texts("multiple_choices")
    place = int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], "big") % (len(wrong) + 1)
    choices = (*wrong[:place], row.text("answer"), *wrong[place:])
    image = row.image("filename", source.images) if source.has_images else None
    return ChoiceExample(identifier, source.language, row.text("question"), choices, place, image)


@_labelled
@reads()
def read_rows(row: Row, source: Source) -> ChoiceExample:
    """The fields id, text, choices, label (an index), image? as JSON lines."""
    row.check_language(source.language)
    choices, image = row.texts("choices"), None
    if len(choices) < 2:
        raise row.error(f"{len(choices)} choices", "two or more", "correct the row")
    if source.has_images and row.content.get("image") is not None:
        image = row.image("image", source.images)
    label = row.index("label", len(choices))
    return ChoiceExample(row.key("id"), source.language, row.text("text"), choices, label, image)
