"""Classification of pairs of texts: the sets in tab-separated files."""

from __future__ import annotations

from collections.abc import Iterable

from xstilts.tasks.classification import NO_CONSENSUS, NO_CONSENSUS_REASON, Read, known_label, mapped
from xstilts.tasks.examples import ClassificationExample, Reading
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, lines, tab_rows
from xstilts.tasks.source import Source, counted

DUPLICATE = {"0": "not_duplicate", "1": "duplicate"}
PARAPHRASE = {"0": "different", "1": "paraphrase"}
SICK_SPLITS = {"TRAIN": "train", "TRIAL": "dev", "TEST": "test"}
SICK_LABELS = {"entailment": "entailment", "neutral": "neutral", "contradiction": "contradiction"}
QQP_COLUMNS = ("id", "qid1", "qid2", "question1", "question2", "is_duplicate")
BROKEN_LINE = "question with a line break or tab in it (the official file does not quote)"
NO_QUESTION = "pair with an empty question"


def read_pairs(source: Source) -> Read:
    """XNLI as XTREME has it: premise, hypothesis, label, without a header; the n-th line is the same pair in every
    language, so the line's number is its id."""
    rows = tab_rows(source.path, ("premise", "hypothesis", "label"))
    return Reading([_pair(row, source, "premise", "hypothesis", row.text("label")) for row in rows])


def read_xnli(source: Source) -> Read:
    """XNLI-1.0's xnli.dev.tsv and xnli.test.tsv: all languages in one file; those of other languages are passed by."""
    examples, ids, skipped = [], Unique(), []
    for row in tab_rows(source.path):
        if row.text("language") != source.language:
            continue
        if row.text("gold_label") == NO_CONSENSUS:
            skipped.append(NO_CONSENSUS_REASON)
            continue
        identifier = ids.check(row, row.text("pairID"))
        examples.append(_pair(row, source, "sentence1", "sentence2", row.text("gold_label"), identifier))
    return Reading(examples, counted(skipped))


def read_sick(source: Source) -> Read:
    """SICK.txt: the rows whose SemEval_set is the split; labels in capitals or not."""
    examples, ids = [], Unique()
    for row in tab_rows(source.path):
        identifier = ids.check(row, row.text("pair_ID"))
        if source.of_split(row, "SemEval_set", SICK_SPLITS):
            label = mapped(row, "entailment_label", SICK_LABELS)
            examples.append(_pair(row, source, "sentence_A", "sentence_B", label, identifier))
    return Reading(examples)


def read_rte(source: Source) -> Read:
    """GLUE's RTE: index, sentence1, sentence2, label entailment or not_entailment. Every file counts from 0 anew."""
    ids = Unique()
    return Reading(
        [
            _pair(row, source, "sentence1", "sentence2", row.text("label"), _own(row, ids, source, "index"))
            for row in tab_rows(source.path)
        ]
    )


def read_qqp(source: Source) -> Read:
    """QQP as in GLUE. A question with a line break is spread over lines there: such lines are left out and counted,
    and so are pairs with an empty question."""
    examples, ids, skipped = [], Unique(), []
    for number, line in lines(source.path):
        values = line.split("\t")
        if number == 1:
            _check_header(source, values)
        elif len(values) != len(QQP_COLUMNS):
            skipped.append(BROKEN_LINE)
        else:
            row = Row(source.path, number, dict(zip(QQP_COLUMNS, values, strict=True)))
            if not all(row.content[key].strip() for key in ("question1", "question2")):
                skipped.append(NO_QUESTION)
                continue
            label = mapped(row, "is_duplicate", DUPLICATE)
            examples.append(_pair(row, source, "question1", "question2", label, ids.check(row, row.text("id"))))
    return Reading(examples, counted(skipped))


def _check_header(source: Source, values: list[str]) -> None:
    if tuple(values) != QQP_COLUMNS:
        raise Row(source.path, 1, {}).error(f"the header {values}", f"{list(QQP_COLUMNS)}", ANOTHER_FILE)


def read_pawsx(source: Source) -> Read:
    """PAWS-X: x-final/<language>/*.tsv with the header id, sentence1, sentence2, label, or XTREME's files, which
    have three columns and no header. Ids count anew in every file."""
    _, first = next(iter(lines(source.path)))
    headed = first.split("\t")[0] == "id"
    rows: Iterable[Row] = tab_rows(source.path, None if headed else ("sentence1", "sentence2", "label"))
    ids = Unique()
    examples = []
    for row in rows:
        identifier = _own(row, ids, source, "id") if headed else None
        label = mapped(row, "label", PARAPHRASE)
        examples.append(_pair(row, source, "sentence1", "sentence2", label, identifier))
    return Reading(examples)


def _own(row: Row, ids: Unique, source: Source, key: str) -> str:
    """The official id, which is unique in its file only, with the split before it."""
    return source.own_id(ids.check(row, row.text(key)))


def _pair(
    row: Row, source: Source, first: str, second: str, label: str, identifier: str | None = None
) -> ClassificationExample:
    text, other = row.text(first), row.text(second)
    known = known_label(row, source, label)
    return ClassificationExample(identifier or source.own_id(row.place), source.language, text, known, second=other)
