"""Classification of pairs of texts, and of texts about one or two images."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from xstilts.base.cache import image_id
from xstilts.base.errors import did_you_mean
from xstilts.tasks.examples import ClassificationExample, Reading
from xstilts.tasks.rows import ANOTHER_FILE, LeftOut, Row, Unique, lines, tab_rows
from xstilts.tasks.source import Source, reads

NO_CONSENSUS = "-"
NO_CONSENSUS_REASON = "gold label '-' (the annotators did not agree)"
ANLI_LABELS = {"e": "entailment", "n": "neutral", "c": "contradiction"}
TRUTH = {"true": "true", "false": "false"}
MARVL_NUMBER = re.compile(r"[0-9]+-(n-)?[0-9]+")  # concept and photograph; n: of the few-shot set
Read = Reading[ClassificationExample]
DUPLICATE = {"0": "not_duplicate", "1": "duplicate"}
PARAPHRASE = {"0": "different", "1": "paraphrase"}
SICK_SPLITS = {"TRAIN": "train", "TRIAL": "dev", "TEST": "test"}
SICK_LABELS = {"entailment": "entailment", "neutral": "neutral", "contradiction": "contradiction"}
XNLI_MT, XNLI_MT_HEADER = {"contradictory": "contradiction"}, "premise\thypo\tlabel"
ORIGINALS = ("english1", "english2")  # columns of translated training data
QQP_COLUMNS = ("id", "qid1", "qid2", "question1", "question2", "is_duplicate")
BROKEN_LINE = "question with a line break or tab in it (the official file does not quote)"
NO_QUESTION = "pair with an empty question"


def read_nli(source: Source, image: str = "Flickr30K_ID") -> Read:
    """MultiNLI's, SNLI's and SNLI-VE's JSON lines: premise and hypothesis (`sentence1`, `sentence2`), or, for a task
    with images, image and hypothesis.

    Rows with the gold label `-` are left out and counted, as MultiNLI's and SNLI's authors ask.

    Args:
        image: the key of the image's id.
    """

    def make(row: Row) -> ClassificationExample:
        if row.content.get("gold_label") == NO_CONSENSUS:
            raise LeftOut(NO_CONSENSUS_REASON)
        row.check_language(source.language)
        identifier, label = row.key("pairID"), known_label(row, source, row.text("gold_label"))
        hypothesis = row.text("sentence2")
        if source.has_images:
            images = (row.image(image, source.images),)
            return ClassificationExample(identifier, source.language, hypothesis, label, images=images)
        return ClassificationExample(identifier, source.language, row.text("sentence1"), label, hypothesis)

    return source.each(source.json_lines(), make)


def read_xvnli(source: Source) -> Read:
    """XVNLI's JSON lines (e-bug/iglue, datasets/XVNLI): SNLI's, with the image under `Flikr30kID` (sic)."""
    return read_nli(source, image="Flikr30kID")


@reads()
def read_anli(row: Row, source: Source) -> ClassificationExample:
    """ANLI's JSON lines (v1.0, R1 to R3): uid, context, hypothesis, and a label of one letter."""
    label = known_label(row, source, mapped(row, "label", ANLI_LABELS))
    premise, hypothesis = row.text("context"), row.text("hypothesis")
    return ClassificationExample(row.key("uid"), source.language, premise, label, hypothesis)


@reads()
def read_nlvr(row: Row, source: Source) -> ClassificationExample:
    """NLVR's JSON lines (lil-lab/nlvr, nlvr/): a sentence about one drawing.

    Every example has six pictures with the same boxes in another order, `<split>-<identifier>-<0 to 5>.png`; the
    first is read.
    """
    return _nlvr(row, f"{source.path.stem}-{row.key('identifier')}", source)


def _nlvr(row: Row, name: str, source: Source) -> ClassificationExample:
    label = known_label(row, source, mapped(row, "label", TRUTH))
    images = (row.known_image(f"{name}-0", source.images),) if source.has_images else ()
    return ClassificationExample(name, source.language, row.text("sentence"), label, images=images)


@reads(lambda source: tab_rows(source.path, ("directory", "picture", "sentence", "label")))
def read_nlvr_html(row: Row, source: Source) -> ClassificationExample:
    """Rows of NLVR's train/examples.html: directory, picture (`train-2321-0-4`), sentence, label; the picture's last
    number is its permutation, and the first permutation is read."""
    return _nlvr(row, row.text("picture").rpartition("-")[0], source)


def _nlvr2(row: Row, source: Source) -> ClassificationExample:
    """NLVR2's JSON lines (lil-lab/nlvr, nlvr2/): a sentence about two photographs.

    Of `train-10171-0-0`, the last number counts the sentences of a pair of photographs, `train-10171-0-img0` (left)
    and `-img1`. A row that names its own `left_img` and `right_img` is read with those.
    """
    identifier = row.key("identifier")
    pair = identifier.rpartition("-")[0]
    if "left_img" in row.content:
        names = (image_id(row.key("left_img")), image_id(row.key("right_img")))
    else:
        names = (f"{pair}-img0", f"{pair}-img1")
    return _two_images(row, identifier, "sentence", names, source)


read_nlvr2 = reads()(_nlvr2)


@reads()
def read_marvl(row: Row, source: Source) -> ClassificationExample:
    """MaRVL's JSON lines as IGLUE has them (e-bug/iglue, datasets/marvl): a caption about two photographs.

    MaRVL has no English; the English rows, NLVR2's, may have either layout. MaRVL numbers its photographs separately
    in every language (`39-0.jpg` is not the same in Swahili and in Turkish): the image's id has the language before
    that number, `sw-39-0`, and so must its file.
    """
    if "identifier" in row.content:
        return _nlvr2(row, source)
    row.check_language(source.language)
    names = tuple(image_id(row.key(key)) for key in ("left_img", "right_img"))
    names = tuple(f"{source.language}-{name}" if MARVL_NUMBER.fullmatch(name) else name for name in names)
    return _two_images(row, row.key("id"), "caption", names, source)


def _two_images(row: Row, identifier: str, text: str, names: tuple[str, ...], source: Source) -> ClassificationExample:
    label = known_label(row, source, mapped(row, "label", TRUTH))
    images = tuple(row.known_image(name, source.images) for name in names) if source.has_images else ()
    return ClassificationExample(identifier, source.language, row.text(text), label, images=images)


@reads()
def read_rows(row: Row, source: Source) -> ClassificationExample:
    """The fields id, text, second?, label, image?, second_image? as JSON lines."""
    row.check_language(source.language)
    identifier, label = row.key("id"), known_label(row, source, row.text("label"))
    second = None if row.content.get("second") is None else row.text("second")
    keys = ("image",) if row.content.get("second_image") is None else ("image", "second_image")
    images = tuple(row.image(key, source.images) for key in keys) if source.has_images else ()
    return ClassificationExample(identifier, source.language, row.text("text"), label, second, images)


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


@reads(lambda source: _translated(source, ("premise", "hypothesis", "label"), XNLI_MT_HEADER))
def read_pairs(row: Row, source: Source) -> ClassificationExample:
    """XNLI as XTREME has it: premise, hypothesis, label, without a header; the n-th line is the same pair in every
    language, so the line number is its id.

    XTREME's translated training data have the English premise and hypothesis after the label. XNLI's own (XNLI-MT)
    have a header, and the label `contradictory`.
    """
    label = row.text("label")
    return _pair(row, source, "premise", "hypothesis", XNLI_MT.get(label, label))


def _translated(source: Source, columns: tuple[str, ...], header: str) -> Iterable[Row]:
    """The rows of a tab-separated file with these columns, with or without `header`, and with or without the English
    originals in two more columns."""
    _, first = next(iter(lines(source.path)))
    headed = first == header
    if not headed and first.count("\t") == len(columns) + len(ORIGINALS) - 1:
        columns = (*columns, *ORIGINALS)
    rows = tab_rows(source.path, columns)
    return islice(rows, 1, None) if headed else rows


@reads(lambda source: tab_rows(source.path))
def read_xnli(row: Row, source: Source) -> ClassificationExample | None:
    """XNLI-1.0's xnli.dev.tsv and xnli.test.tsv: one file for all languages; rows in others are ignored."""
    if not source.in_language(row, row.text("language")):
        return None
    if row.text("gold_label") == NO_CONSENSUS:
        raise LeftOut(NO_CONSENSUS_REASON)
    return _pair(row, source, "sentence1", "sentence2", row.text("gold_label"), row.text("pairID"))


def read_sick(source: Source) -> Read:
    """SICK.txt: the rows whose SemEval_set is the split; labels in upper or lower case."""
    ids = Unique()

    def make(row: Row) -> ClassificationExample | None:
        identifier = ids.check(row, row.text("pair_ID"))
        if not source.of_split(row, "SemEval_set", SICK_SPLITS):
            return None
        label = mapped(row, "entailment_label", SICK_LABELS)
        return _pair(row, source, "sentence_A", "sentence_B", label, identifier)

    return source.each(tab_rows(source.path), make)


@reads(lambda source: tab_rows(source.path))
def read_rte(row: Row, source: Source) -> ClassificationExample:
    """GLUE's RTE: index, sentence1, sentence2, label entailment or not_entailment. Every file counts from 0."""
    return _pair(row, source, "sentence1", "sentence2", row.text("label"), source.own_id(row.text("index")))


def read_qqp(source: Source) -> Read:
    """QQP as in GLUE. A question with a line break is spread over several lines there: such lines are left out and
    counted, and so are pairs with an empty question."""

    def make(row: Row) -> ClassificationExample:
        values = row.content["values"]
        if len(values) != len(QQP_COLUMNS):
            raise LeftOut(BROKEN_LINE)
        named = Row(row.path, row.place, dict(zip(QQP_COLUMNS, values, strict=True)))
        if not all(named.content[key].strip() for key in ("question1", "question2")):
            raise LeftOut(NO_QUESTION)
        label = mapped(named, "is_duplicate", DUPLICATE)
        return _pair(named, source, "question1", "question2", label, named.text("id"))

    rows = (Row(source.path, number, {"values": line.split("\t")}) for number, line in lines(source.path))
    header = next(rows)
    if tuple(header.content["values"]) != QQP_COLUMNS:
        raise header.error(f"the header {header.content['values']}", f"{list(QQP_COLUMNS)}", ANOTHER_FILE)
    return source.each(rows, make)


def read_pawsx(source: Source) -> Read:
    """PAWS-X: x-final/<language>/*.tsv with the header id, sentence1, sentence2, label, or XTREME's files, which
    have no header and no id; in translated training data, the English sentences follow the label.

    Ids restart in every file. Quotation marks are characters like any other: XTREME's files are not CSV, although some
    of their sentences begin with a mark that is doubled as in CSV.
    """
    _, first = next(iter(lines(source.path)))
    headed = first.split("\t")[0] == "id"

    def make(row: Row) -> ClassificationExample:
        identifier = source.own_id(row.text("id")) if headed else None
        return _pair(row, source, "sentence1", "sentence2", mapped(row, "label", PARAPHRASE), identifier)

    rows = tab_rows(source.path) if headed else _translated(source, ("sentence1", "sentence2", "label"), "")
    return source.each(rows, make)


def _pair(
    row: Row, source: Source, first: str, second: str, label: str, identifier: str | None = None
) -> ClassificationExample:
    text, other = row.text(first), row.text(second)
    known = known_label(row, source, label)
    return ClassificationExample(identifier or source.own_id(row.place), source.language, text, known, second=other)
