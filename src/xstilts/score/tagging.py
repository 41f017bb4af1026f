"""Scoring of tagging: one tag per word, the windows of a long sentence joined, F1 or accuracy by language.

There are entity F1, the F1 that XTREME calls POS F1, and accuracy over words. Both F1 are micro averages over all
sentences, with chunks as the CoNLL-2000 script (conlleval) cuts them: a chunk is a longest run of words of one type,
opened by B or by any change of type, so that ill-formed tags (an I after an O) count as chunks too. `seqeval` in its
default mode does the same. A sentence earns two for each right chunk, and could have earned one for each gold and one
for each predicted chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from xstilts.base.errors import DataError, XstiltsError
from xstilts.score.points import Points, texts
from xstilts.score.predictions import TEXTS, each_batch, windows_of
from xstilts.score.scoring import Scored, Scoring, scored

Tags = Sequence[Sequence[str]]  # sentence by sentence


def score_tagging(scoring: Scoring) -> Scored:
    """Tag every word of every test sentence."""
    model = scoring.model()
    examples = scoring.examples()
    labels = np.array(scoring.card["labels"], dtype=object)
    firsts = [np.flatnonzero(np.array(row) >= 0) for row in examples.table["labels"].to_pylist()]
    tags: list[list[str]] = [[] for _ in firsts]
    for rows, _, logits in each_batch(model, examples, scoring.settings, scoring.task):
        best = logits.argmax(-1).cpu().numpy()
        for i, row in enumerate(rows):
            tags[row] = labels[best[i, firsts[row]]].tolist()
    return tag_scores(tag_table(scoring.path, examples.table, tags), scoring.metric)


def tag_table(path: Path, table: pa.Table, tags: Tags) -> pa.Table:
    """One row per sentence and language: gold and predicted tags of its words, its windows one after the other.

    Raises:
        DataError: a window whose words and gold tags are not equally many.
    """
    groups, golds = windows_of(table), table["answers"].to_pylist()
    for row, (gold, own) in enumerate(zip(golds, tags, strict=True)):
        if len(gold) != len(own):
            found = f"{len(own)} scored tokens"
            raise DataError(path, row, found, f"{len(gold)}, one per word", "run `dvc repro`")
    kept = table.select(["id", "language"]).take(pa.array([rows[0] for rows in groups]))
    joined = {
        name: pa.array([[tag for row in rows for tag in column[row]] for rows in groups], TEXTS)
        for name, column in (("golds", golds), ("prediction", tags))
    }
    return pa.table({name: kept[name] for name in kept.column_names} | joined)


def tag_scores(table: pa.Table, metric: str) -> Scored:
    """The main metric by language, and the accuracy over words beside it."""
    gold, own = table["golds"].to_pylist(), table["prediction"].to_pylist()
    points = {name: METRICS[name](gold, own) for name in dict.fromkeys((metric, "accuracy"))}
    languages = texts(table, "language")
    others = {name: one.by(languages) for name, one in points.items() if name != metric}
    return scored(table, metric, points[metric], others)


def entity_f1(gold: Tags, predicted: Tags) -> Points:
    """Points of each sentence by the micro F1 of entities: type, first and last word must all be right.

    Args:
        gold: one tag per word, sentence by sentence, in any of IOB1, IOB2, IOE and IOBES (`B-PER`, `O`).
        predicted: as many tags for as many sentences.

    Raises:
        XstiltsError: the sentences, or the words of one, differ in number.
    """
    return _chunk_f1(gold, predicted, _entity_type)


def pos_f1(gold: Tags, predicted: Tags) -> Points:
    """Points of each sentence by XTREME's F1 of part-of-speech tags; not an F1 of words.

    The script hands whole tags to `seqeval` as if they were entities: a run of equal tags is one chunk, right only as a
    whole, except that SYM and SCONJ, which look like S(ingle) tags, are never joined. The expected scores in XTREME's
    tests come from seqeval before 1.0, where a chunk's type is the whole tag, and so does this function. Later versions
    cut off the first letter: SCONJ and CCONJ become one type, and an X at the end of a sentence is lost.

    Raises:
        XstiltsError: the sentences, or the words of one, differ in number.
    """
    return _chunk_f1(gold, predicted, lambda tag: tag)


def tag_accuracy(gold: Tags, predicted: Tags) -> Points:
    """Points of each sentence by the share of words with the right tag, over all sentences.

    Raises:
        XstiltsError: the sentences, or the words of one, differ in number, or there is no word.
    """
    _check(gold, predicted)
    if not any(gold):
        raise XstiltsError("tag accuracy: found no word, expected at least one")
    pairs = [list(zip(right, found, strict=True)) for right, found in zip(gold, predicted, strict=True)]
    right = [sum(one == other for one, other in own) for own in pairs]
    return Points(np.array(right), np.array([len(own) for own in pairs]))


def _chunk_f1(gold: Tags, predicted: Tags, type_of: Callable[[str], str]) -> Points:
    _check(gold, predicted)
    pairs = [
        (set(_chunks(right, type_of)), set(_chunks(found, type_of)))
        for right, found in zip(gold, predicted, strict=True)
    ]
    earned = [2 * len(right & found) for right, found in pairs]
    return Points(np.array(earned), np.array([len(right) + len(found) for right, found in pairs]))


def _chunks(tags: Sequence[str], type_of: Callable[[str], str]) -> Iterator[tuple[str, int, int]]:
    """Yield type, first and last word of every chunk of a sentence."""
    begin, before = 0, "O"
    for place, tag in enumerate([*tags, "O"]):
        changes = type_of(tag) != type_of(before)
        if _opens(before, tag) or changes:
            if not before.startswith("O"):
                yield type_of(before), begin, place - 1
            begin = place
        before = tag


def _opens(before: str, tag: str) -> bool:
    """Whether a new chunk begins between two words even though their type is the same."""
    return before.startswith(("E", "S", "O")) or tag.startswith(("B", "S", "O"))


def _entity_type(tag: str) -> str:
    """`B-PER` -> `PER`; a tag without a type has the type "" (`O` never meets another tag of its type unopened)."""
    return tag.partition("-")[2]


def _check(gold: Tags, predicted: Tags) -> None:
    if len(gold) != len(predicted):
        raise XstiltsError(f"tags: found {len(predicted)} tagged sentences, expected {len(gold)}")
    for number, (right, found) in enumerate(zip(gold, predicted, strict=True), start=1):
        if len(right) != len(found):
            raise XstiltsError(f"tags of sentence {number}: found {len(found)}, expected {len(right)}, one per word")


METRICS: Mapping[str, Callable[[Tags, Tags], Points]] = {
    "f1": entity_f1,
    "pos_f1": pos_f1,
    "accuracy": tag_accuracy,
}
