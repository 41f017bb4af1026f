"""Classification of pairs of texts, and of texts about one or two images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from xstilts.base.cache import image_id
from xstilts.base.errors import did_you_mean
from xstilts.tasks.examples import ClassificationExample, Reading
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_lines, lines, tab_rows
from xstilts.tasks.source import Source, counted

NO_CONSENSUS = "-"
NO_CONSENSUS_REASON = "gold label '-' (the annotators did not agree)"
ANLI_LABELS = {"e": "entailment", "n": "neutral", "c": "contradiction"}
TRUTH = {"true": "true", "false": "false"}
MARVL_NUMBER = re.compile(r"[0-9]+-[0-9]+")  # concept and photograph
Read = Reading[ClassificationExample]
DUPLICATE = {"0": "not_duplicate", "1": "duplicate"}
PARAPHRASE = {"0": "different", "1": "paraphrase"}
SICK_SPLITS = {"TRAIN": "train", "TRIAL": "dev", "TEST": "test"}
SICK_LABELS = {"entailment": "entailment", "neutral": "neutral", "contradiction": "contradiction"}
QQP_COLUMNS = ("id", "qid1", "qid2", "question1", "question2", "is_duplicate")
BROKEN_LINE = "question with a line break or tab in it (the official file does not quote)"
NO_QUESTION = "pair with an empty question"


def read_nli(source: Source, image: str = "Flickr30K_ID") -> Read:
    """MultiNLI's, SNLI's and SNLI-VE's JSON lines: premise and hypothesis (`sentence1`, `sentence2`), or, for a task
    with images, image and hypothesis.

    Rows with the gold label `-` are left out and counted, as MultiNLI's and SNLI's authors ask.

    Args:
        image: the key of the image's id.

    Raises:
        DataError: naming the file and the row.
    """
    examples: list[ClassificationExample] = []
    ids, skipped = Unique(), []
    for row in json_lines(source.path):
        if row.content.get("gold_label") == NO_CONSENSUS:
            skipped.append(NO_CONSENSUS_REASON)
            continue
        row.check_language(source.language)
        identifier, label = ids.check(row, row.key("pairID")), known_label(row, source, row.text("gold_label"))
        hypothesis = row.text("sentence2")
        if source.has_images:
            images = (row.image(image, source.images),)
            examples.append(ClassificationExample(identifier, source.language, hypothesis, label, images=images))
        else:
            premise = row.text("sentence1")
            examples.append(ClassificationExample(identifier, source.language, premise, label, hypothesis))
    return Reading(examples, counted(skipped))


def read_xvnli(source: Source) -> Read:
    """XVNLI's JSON lines (e-bug/iglue, datasets/XVNLI): SNLI's, with the image under `Flikr30kID` (sic)."""
    return read_nli(source, image="Flikr30kID")


def read_anli(source: Source) -> Read:
    """ANLI's JSON lines (v1.0, R1 to R3): uid, context, hypothesis, and a label of one letter."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        label = known_label(row, source, mapped(row, "label", ANLI_LABELS))
        identifier = ids.check(row, row.key("uid"))
        premise, hypothesis = row.text("context"), row.text("hypothesis")
        examples.append(ClassificationExample(identifier, source.language, premise, label, hypothesis))
    return Reading(examples)


def read_nlvr(source: Source) -> Read:
    """NLVR's JSON lines (lil-lab/nlvr, nlvr/): a sentence about one drawing.

    Every example has six pictures with the same boxes in another order, `<split>-<identifier>-<0 to 5>.png`; the
    first is read.
    """
    return Reading([_nlvr(row, source) for row in json_lines(source.path)])


def _nlvr(row: Row, source: Source) -> ClassificationExample:
    name = f"{source.path.stem}-{row.key('identifier')}"
    label = known_label(row, source, mapped(row, "label", TRUTH))
    images = (row.known_image(f"{name}-0", source.images),) if source.has_images else ()
    return ClassificationExample(name, source.language, row.text("sentence"), label, images=images)


def read_nlvr_html(source: Source) -> Read:
    """Rows of NLVR's train/examples.html: directory, picture (`train-2321-0-4`), sentence, label; the picture's last
    number is its permutation, and the first permutation is read."""
    ids, examples = Unique(), []
    for row in tab_rows(source.path, ("directory", "picture", "sentence", "label")):
        name = ids.check(row, row.text("picture").rpartition("-")[0])
        label = known_label(row, source, mapped(row, "label", TRUTH))
        images = (row.known_image(f"{name}-0", source.images),) if source.has_images else ()
        examples.append(ClassificationExample(name, source.language, row.text("sentence"), label, images=images))
    return Reading(examples)


def read_nlvr2(source: Source) -> Read:
    """NLVR2's JSON lines (lil-lab/nlvr, nlvr2/): a sentence about two photographs.

    Of `train-10171-0-0`, the last number counts the sentences of a pair of photographs, `train-10171-0-img0` (left)
    and `-img1`. A row that names its own `left_img` and `right_img` is read with those.
    """
    ids = Unique()
    return Reading([_nlvr2(row, ids, source) for row in json_lines(source.path)])


def _nlvr2(row: Row, ids: Unique, source: Source) -> ClassificationExample:
    identifier = ids.check(row, row.key("identifier"))
    pair = identifier.rpartition("-")[0]
    if "left_img" in row.content:
        names = (image_id(row.key("left_img")), image_id(row.key("right_img")))
    else:
        names = (f"{pair}-img0", f"{pair}-img1")
    return _two_images(row, identifier, "sentence", names, source)


def read_marvl(source: Source) -> Read:
    """MaRVL's JSON lines as IGLUE has them (e-bug/iglue, datasets/marvl): a caption about two photographs.

    MaRVL has no English; the English rows, NLVR2's, may have either layout. MaRVL numbers its photographs separately
    in every language (`39-0.jpg` is not the same in Swahili and in Turkish): the image's id has the language before
    that number, `sw-39-0`, and so must its file.
    """
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        if "identifier" in row.content:
            examples.append(_nlvr2(row, ids, source))
            continue
        row.check_language(source.language)
        names = tuple(image_id(row.key(key)) for key in ("left_img", "right_img"))
        names = tuple(f"{source.language}-{name}" if MARVL_NUMBER.fullmatch(name) else name for name in names)
        examples.append(_two_images(row, ids.check(row, row.key("id")), "caption", names, source))
    return Reading(examples)


def _two_images(row: Row, identifier: str, text: str, names: tuple[str, ...], source: Source) -> ClassificationExample:
    label = known_label(row, source, mapped(row, "label", TRUTH))
    images = tuple(row.known_image(name, source.images) for name in names) if source.has_images else ()
    return ClassificationExample(identifier, source.language, row.text(text), label, images=images)


def read_rows(source: Source) -> Read:
    """The fields id, text, second?, label, image?, second_image? as JSON lines."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        row.check_language(source.language)
        identifier, label = ids.check(row, row.key("id")), known_label(row, source, row.text("label"))
        second = None if row.content.get("second") is None else row.text("second")
        keys = ("image",) if row.content.get("second_image") is None else ("image", "second_image")
        images = tuple(row.image(key, source.images) for key in keys) if source.has_images else ()
        examples.append(ClassificationExample(identifier, source.language, row.text("text"), label, second, images))
    return Reading(examples)


def mapped(row: Row, key: str, names: Mapping[str, str]) -> str:
    """The task's name for the label under `key`; case does not matter, and true and false may be JSON's."""
    value = row.content.get(key)
    found = str(value).lower() if isinstance(value, bool) else row.key(key)
    if found.lower() not in names:
        raise row.error(f"{key} '{found}'", f"one of {', '.join(names)}", "correct the row")
    return names[found.lower()]


def known_label(row: Row, source: Source, label: str) -> str:
    """Return the label; an error if the task does not list it."""
    labels = source.task.encode.labels
    if label not in labels:
        hint = did_you_mean(label, labels)
        raise row.error(f"label '{label}'", "a label of the task", f"correct it or encode.labels.{hint}")
    return label


def read_pairs(source: Source) -> Read:
    """XNLI as XTREME has it: premise, hypothesis, label, without a header; the n-th line is the same pair in every
    language, so the line number is its id."""
    rows = tab_rows(source.path, ("premise", "hypothesis", "label"))
    return Reading([_pair(row, source, "premise", "hypothesis", row.text("label")) for row in rows])


def read_xnli(source: Source) -> Read:
    """XNLI-1.0's xnli.dev.tsv and xnli.test.tsv: one file for all languages; rows in others are ignored."""
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
    """SICK.txt: the rows whose SemEval_set is the split; labels in upper or lower case."""
    examples, ids = [], Unique()
    for row in tab_rows(source.path):
        identifier = ids.check(row, row.text("pair_ID"))
        if source.of_split(row, "SemEval_set", SICK_SPLITS):
            label = mapped(row, "entailment_label", SICK_LABELS)
            examples.append(_pair(row, source, "sentence_A", "sentence_B", label, identifier))
    return Reading(examples)


def read_rte(source: Source) -> Read:
    """GLUE's RTE: index, sentence1, sentence2, label entailment or not_entailment. Every file counts from 0."""
    ids = Unique()
    return Reading(
        [
            _pair(row, source, "sentence1", "sentence2", row.text("label"), _own(row, ids, source, "index"))
            for row in tab_rows(source.path)
        ]
    )


def read_qqp(source: Source) -> Read:
    """QQP as in GLUE. A question with a line break is spread over several lines there: such lines are left out and
    counted, and so are pairs with an empty question."""
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
    have three columns and no header. Ids restart in every file."""
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
    """The official id, which is unique only in its file, with the split before it."""
    return source.own_id(ids.check(row, row.text(key)))


def _pair(
    row: Row, source: Source, first: str, second: str, label: str, identifier: str | None = None
) -> ClassificationExample:
    text, other = row.text(first), row.text(second)
    known = known_label(row, source, label)
    return ClassificationExample(identifier or source.own_id(row.place), source.language, text, known, second=other)
