"""A text with several choices, one of them right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from xstilts.encode.columns import OUTSIDE, Columns, Setting, names
from xstilts.encode.lists import IntLists
from xstilts.encode.tokens import encode, is_truncated
from xstilts.tasks.examples import ChoiceExample


def encode_choice(setting: Setting, examples: Sequence[ChoiceExample]) -> Columns:
    """One row an example: its text paired with each choice, the sequences one after the other.

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
        "image": [OUTSIDE if one.image is None else setting.images[one.image] for one in examples],
        "image_id": [one.image or "" for one in examples],
        "label": [one.label for one in examples],
        "answer": [one.choices[one.label] for one in examples],
        "answers": [list(one.choices) for one in examples],
    }
    return Columns(values, truncated)
