"""Sequence tagging: named entities, parts of speech and supertags, one tag per word."""

from collections import Counter
from collections.abc import Iterable, Iterator

from xstilts.base.errors import DataError, did_you_mean
from xstilts.tasks.examples import Reading, TaggingExample
from xstilts.tasks.rows import ANOTHER_FILE, LeftOut, Row, lines
from xstilts.tasks.schema import is_entity_tag
from xstilts.tasks.source import Source, reads

OTHER_TAG = "<other>"
UNSPECIFIED = "_"  # CoNLL's word for what is not given, as in treebanks whose texts are not free
NO_WORDS = f"sentence whose words are all '{UNSPECIFIED}'"
NO_TAG = f"sentence with a word without a tag ('{UNSPECIFIED}')"
DOCUMENT = "-DOCSTART-"  # CoNLL-2003's first line of a document
DOCUMENT_LINE = f"line {DOCUMENT}"
Words = list[tuple[int | str, str, str]]  # line number, word, tag


def tags_of(training: Iterable[TaggingExample]) -> list[str]:
    """The labels of a tagging task whose file lists none: the tags of its training split, most frequent first, and
    `OTHER_TAG` for those that only other splits have.

    No training word has that last tag, so a model hardly ever predicts it, and a word whose tag is not in training
    counts as wrong, as it should (CCGbank's section 00 has a few such supertags).
    """
    counts = Counter(tag for example in training for tag in example.tags)
    return [*sorted(counts, key=lambda tag: (-counts[tag], tag)), OTHER_TAG]


def read_columns(source: Source) -> Reading[TaggingExample]:
    """One token and its tag per line, a blank line after every sentence.

    Between them is a tab (XTREME's PAN-X and UDPOS). In a file without any tab it is a space, and the first and last
    of several columns are read (CoNLL-2003, MasakhaNER); CoNLL-2003's lines `-DOCSTART-` are left out and counted.
    WikiANN's own release writes `en:Sioux` for every token: the language is removed.

    Raises:
        DataError: a line of another layout, or a tag that the task does not list.
    """
    sentences = list(_blocks(source))
    prefix = f"{source.language}:"
    with_prefix = sum(word.startswith(prefix) for words in sentences for _, word, _ in words)
    if 2 * with_prefix > sum(map(len, sentences)):
        sentences = [
            [(line, _without(prefix, word, line, source), tag) for line, word, tag in one] for one in sentences
        ]
    return _sentences(source, sentences)


def _without(prefix: str, word: str, line: int | str, source: Source) -> str:
    """A word of a file most of whose words begin with the language."""
    if word.startswith(prefix):
        return word.removeprefix(prefix)
    expected, todo = f"'{prefix}' before every token, as in most lines", "correct the line"
    raise DataError(source.path, line, f"token '{word}'", expected, todo)


def _blocks(source: Source) -> Iterator[Words]:
    words: Words = []
    listed = list(lines(source.path))
    separator = "\t" if any("\t" in line for _, line in listed) else " "
    columns = 0
    for number, line in listed:
        fields = line.rstrip(" ").split(separator) if separator == " " else line.split(separator)
        if not line.strip() or fields[0] == DOCUMENT:
            source.left_out.update([DOCUMENT_LINE] if line.strip() else [])
            if words:
                yield words
            words = []
            continue
        columns = columns or len(fields)
        if len(fields) != columns or not 2 <= columns <= (2 if separator == "\t" else columns):
            expected = (
                "a token, a tab and a tag" if separator == "\t" else "a token and a tag, in as many columns as above"
            )
            raise DataError(source.path, number, f"'{line}'", expected, "correct the line, or name another format")
        words.append((number, fields[0], fields[-1]))
    if words:
        yield words


def read_conllu(source: Source) -> Reading[TaggingExample]:
    """CoNLL-U: FORM and UPOS. Comments, empty nodes (`8.1`) and the surface forms of split words (`1-2`) are not words
    of the sentence; the parts of a split word are."""
    words: Words = []
    sentences: list[Words] = []
    for number, line in lines(source.path):
        if not line.strip():
            sentences.append(words)
            words = []
        elif not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != 10:
                raise DataError(source.path, number, f"{len(fields)} columns", "CoNLL-U's ten", ANOTHER_FILE)
            if fields[0].isdecimal():
                words.append((number, fields[1], fields[3]))
    return _sentences(source, [one for one in [*sentences, words] if one])


def read_stagged(source: Source) -> Reading[TaggingExample]:
    """CCGbank's supertags in the layout of the C&C tools: one sentence per line, `word|POS|supertag` between spaces."""
    sentences: list[Words] = []
    for number, line in lines(source.path):
        parts = [token.rsplit("|", 2) for token in line.split()]
        wrong = next((part for part in parts if len(part) != 3), None)
        if wrong is not None or not parts:
            found = f"'{'|'.join(wrong)}'" if wrong else "a blank line"
            raise DataError(source.path, number, found, "word|POS|supertag", ANOTHER_FILE)
        sentences.append([(number, word, tag) for word, _, tag in parts])
    return _sentences(source, sentences)


def _sentences(source: Source, sentences: Iterable[Words]) -> Reading[TaggingExample]:
    """The sentences as examples; the n-th has the number n as id."""

    def make(row: Row) -> TaggingExample:
        words: Words = row.content["words"]
        return _example(words, source.own_id(row.content["number"]), source)

    rows = (
        Row(source.path, words[0][0], {"words": words, "number": number})
        for number, words in enumerate(sentences, start=1)
    )
    return source.each(rows, make)


def _example(words: Words, identifier: str, source: Source) -> TaggingExample:
    """A sentence whose words and tags are given and known.

    Raises:
        LeftOut: `UNSPECIFIED` for all of its words, or for a tag.
        DataError: a blank word or tag, one that the task does not list or that is no entity's, for metric `f1`.
    """
    labels = source.task.encode.labels
    if all(word == UNSPECIFIED for _, word, _ in words):
        raise LeftOut(NO_WORDS)
    if UNSPECIFIED not in labels and any(tag == UNSPECIFIED for _, _, tag in words):
        raise LeftOut(NO_TAG)
    for line, word, tag in words:
        row = Row(source.path, line, {})
        if not word.strip() or not tag.strip():
            raise row.error(f"token '{word}' with tag '{tag}'", "a token and a tag", ANOTHER_FILE)
        if labels and tag not in labels:
            hint = did_you_mean(tag, labels)
            raise row.error(f"tag '{tag}'", "a tag of the task", f"correct it or encode.labels.{hint}")
        if source.task.encode.metric == "f1" and not is_entity_tag(tag):
            todo = "write the tags so, or choose the metric pos_f1 or accuracy"
            raise row.error(f"tag '{tag}'", "O, or B-, I-, E- or S- and a type, for the metric f1", todo)
    return TaggingExample(
        identifier, source.language, tuple(word for _, word, _ in words), tuple(tag for *_, tag in words)
    )


@reads()
def read_rows(row: Row, source: Source) -> TaggingExample:
    """The fields id, words, tags as JSON lines."""
    row.check_language(source.language)
    words, tags = row.texts("words"), row.texts("tags")
    if len(words) != len(tags) or not words:
        raise row.error(f"{len(words)} words and {len(tags)} tags", "one tag per word", "correct the row")
    return _example([(row.place, *pair) for pair in zip(words, tags, strict=True)], row.key("id"), source)
