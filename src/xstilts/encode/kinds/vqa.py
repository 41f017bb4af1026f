"""Questions about an image: one right answer, or several with a score each."""

from __future__ import annotations

from collections.abc import Sequence

from xstilts.encode.columns import OUTSIDE, Columns, Setting, names
from xstilts.encode.kinds.text import encode_texts
from xstilts.tasks.examples import VqaExample


def encode_vqa(setting: Setting, examples: Sequence[VqaExample]) -> Columns:
    """One row a question.

    `label` is the best answer's index in the vocabulary. Where answers have scores, `answers`, `scores` and `labels`
    are parallel, the best answer first: training needs those in the vocabulary, scoring needs all.
    """
    index = setting.index()
    input_ids, truncated = encode_texts(setting, [one.question for one in examples])
    answers = [_by_score(one) for one in examples]
    values = {
        **names(examples),
        "input_ids": input_ids,
        "image": [setting.image(one.image) for one in examples],
        "image_id": [one.image for one in examples],
        "label": [index.get(one.answer, OUTSIDE) for one in examples],
        "labels": [[index.get(answer, OUTSIDE) for answer in some] for some in answers],
        "scores": [[one.scores[answer] for answer in some] for one, some in zip(examples, answers, strict=True)],
        "structural": [one.structural for one in examples],
        "semantic": [one.semantic for one in examples],
        "answer": [one.answer for one in examples],
        "answers": answers,
    }
    return Columns(values, truncated)


def _by_score(example: VqaExample) -> list[str]:
    """The answers that have a score, the best one first; equal ones in the file's order behind `answer`."""
    return sorted(example.scores, key=lambda answer: (-example.scores[answer], answer != example.answer))
