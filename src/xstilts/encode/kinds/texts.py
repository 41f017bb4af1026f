"""The kinds whose examples are one row each: a text, a pair of texts, or a text with several choices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from xstilts.encode.columns import OUTSIDE, Columns, Setting, names
from xstilts.encode.tokens import IntLists, encode, is_truncated
from xstilts.programs.layout import parse_layout
from xstilts.programs.vocabulary import Vocabulary
from xstilts.tasks.examples import (
    ChoiceExample,
    ClassificationExample,
    LayoutExample,
    RetrievalExample,
    TextExample,
    VqaExample,
)


def encode_texts(setting: Setting, texts: Sequence[Sequence[str]]) -> tuple[dict[str, Any], int]:
    """The columns `input_ids` and `texts` of texts and pairs of texts, and how many of them were cut."""
    column, truncated = IntLists(), 0
    for encoding in encode(setting.tokenizer, [one[0] if len(one) == 1 else (one[0], one[1]) for one in texts]):
        column.append(encoding.ids)
        truncated += is_truncated(encoding)
    return {"input_ids": column.arrow(), "texts": list(texts)}, truncated


def encode_vqa(setting: Setting, examples: Sequence[VqaExample]) -> Columns:
    """Questions about an image, one row per question, each with its description behind it if there is one.

    `label` is the best answer's index in the vocabulary. Where answers have scores, `answers`, `scores` and `labels`
    are parallel, the best answer first: training needs those in the vocabulary, scoring needs all.
    """
    index = setting.index()
    texts, truncated = encode_texts(setting, [_asked(one) for one in examples])
    answers = [_by_score(one) for one in examples]
    values = {
        **names(examples),
        **texts,
        "image": [setting.image(one.image) for one in examples],
        "image_id": [one.image for one in examples],
        "label": [index.get(one.answer, OUTSIDE) for one in examples],
        "question": _question_tokens(setting, examples),
        "labels": [[index.get(answer, OUTSIDE) for answer in some] for some in answers],
        "scores": [[one.scores[answer] for answer in some] for one, some in zip(examples, answers, strict=True)],
        "structural": [one.structural for one in examples],
        "semantic": [one.semantic for one in examples],
        "answer": [one.answer for one in examples],
        "answers": answers,
    }
    return Columns(values, truncated)


def _asked(example: VqaExample) -> list[str]:
    return [example.question] if example.description is None else [example.question, example.description]


def _question_tokens(setting: Setting, examples: Sequence[VqaExample]) -> list[int]:
    """The tokens of each question that has a description behind it, special tokens included; -1 where there is none.

    Raises:
        DataError: a question that would be cut: it takes half of the sequence or more.
    """
    if all(one.description is None for one in examples):
        return [OUTSIDE] * len(examples)
    lengths = [len(one.ids) for one in encode(setting.tokenizer, [one.question for one in examples])]
    half = setting.task.encode.max_length // 2
    for example, length in zip(examples, lengths, strict=True):
        if example.description is not None and length > half:
            todo = f"raise encode.max_length in stages/tasks/{setting.task.name}.yaml"
            raise setting.error(example, f"a question of {length} tokens", f"at most {half} beside a description", todo)
    pairs = zip(examples, lengths, strict=True)
    return [OUTSIDE if one.description is None else length for one, length in pairs]


def _by_score(example: VqaExample) -> list[str]:
    """The answers that have a score, the best first; equal ones in the file's order, after `answer`."""
    return sorted(example.scores, key=lambda answer: (-example.scores[answer], answer != example.answer))


def encode_layout(setting: Setting, examples: Sequence[LayoutExample]) -> Columns:
    """Questions with their layouts, one row per question.

    `label` is the template, `labels` are the concepts of the vocabulary's columns, all as indices of the task's labels
    (`xstilts.programs.vocabulary`). `answer` is the layout's text, and `answers` holds the question's own answer.
    """
    vocabulary = Vocabulary(tuple(setting.labels))
    texts, truncated = encode_texts(setting, [[one.question] for one in examples])
    encoded = [vocabulary.encode(parse_layout(one.layout)) for one in examples]
    values = {
        **names(examples),
        **texts,
        "image": [setting.image(one.image) for one in examples],
        "image_id": [one.image for one in examples],
        "label": [template for template, _ in encoded],
        "labels": [concepts for _, concepts in encoded],
        "structural": [one.structural for one in examples],
        "semantic": [one.semantic for one in examples],
        "answer": [one.layout for one in examples],
        "answers": [[one.answer] for one in examples],
    }
    return Columns(values, truncated)


def encode_classification(setting: Setting, examples: Sequence[ClassificationExample]) -> Columns:
    """A text, a pair of texts, or a text about one or two images, with a class: one row per example.

    `image_id` of two images is both ids with a space between them.

    Raises:
        DataError: a label that the task does not have.
    """
    pairs = [[one.text] if one.second is None else [one.text, one.second] for one in examples]
    texts, truncated = encode_texts(setting, pairs)
    values = {
        **names(examples),
        **texts,
        "image": [_image(setting, one, 0) for one in examples],
        "second_image": [_image(setting, one, 1) for one in examples],
        "image_id": [" ".join(one.images) for one in examples],
        "label": _labels(setting, examples),
        "answer": [one.label for one in examples],
    }
    return Columns(values, truncated)


def _image(setting: Setting, example: ClassificationExample, number: int) -> int:
    return setting.images[example.images[number]] if number < len(example.images) else OUTSIDE


def _labels(setting: Setting, examples: Sequence[ClassificationExample]) -> list[int]:
    index = setting.index()
    for example in examples:
        if example.label not in index:
            raise setting.unknown_label(example, example.label)
    return [index[one.label] for one in examples]


def encode_choice(setting: Setting, examples: Sequence[ChoiceExample]) -> Columns:
    """One row per example: its text paired with each choice, the sequences one after another.

    `max_length` holds for each sequence; a row counts as truncated if one of its sequences was cut.
    """
    pairs = encode(setting.tokenizer, [(one.text, choice) for one in examples for choice in one.choices])
    input_ids, lengths, truncated = IntLists(), IntLists(), 0
    for example in examples:
        sequences = list(islice(pairs, len(example.choices)))
        input_ids.append(token for sequence in sequences for token in sequence.ids)
        lengths.append(len(sequence.ids) for sequence in sequences)
        truncated += any(is_truncated(sequence) for sequence in sequences)
    values = {
        **names(examples),
        "input_ids": input_ids.arrow(),
        "lengths": lengths.arrow(),
        "texts": [[one.text, *one.choices] for one in examples],
        "image": [OUTSIDE if one.image is None else setting.images[one.image] for one in examples],
        "image_id": [one.image or "" for one in examples],
        "label": [one.label for one in examples],
        "answer": [one.choices[one.label] for one in examples],
        "answers": [list(one.choices) for one in examples],
    }
    return Columns(values, truncated)


def encode_retrieval(setting: Setting, examples: Sequence[RetrievalExample]) -> Columns:
    """Texts that are searched for and texts that can be found, one row each.

    `structural` is the side, and `answers` are the ids of the right candidates.
    """
    texts, truncated = encode_texts(setting, [[one.text] for one in examples])
    sides = {"structural": [one.side for one in examples], "answers": [list(one.gold) for one in examples]}
    return Columns({**names(examples), **texts, **sides}, truncated)


def encode_mlm(setting: Setting, examples: Sequence[TextExample]) -> Columns:
    """Texts without a label, one row each: training masks them anew each time it reads them."""
    texts, truncated = encode_texts(setting, [[one.text] for one in examples])
    return Columns({**names(examples), **texts}, truncated)
