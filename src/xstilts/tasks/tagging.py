"""Sequence tagging: named entities, parts of speech and supertags, one tag per word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from xstilts.base.errors import DataError, did_you_mean
from xstilts.tasks.examples import Reading, TaggingExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_lines, lines
from xstilts.tasks.source import Source

OTHER_TAG = "<other>"
Words = list[tuple[int, str, str]]  # line number, word, tag


def tags_of(training: Iterable[TaggingExample]) -> list[str]:
    """The labels of a tagging task whose file lists none: the tags of its training split, most frequent first, and
    `OTHER_TAG` for those that only other splits have.

    No training word has that last tag, so a model hardly ever predicts it, and a word whose tag is not in training
    counts as wrong, as it should (CCGbank's section 00 has a few such supertags).
    """
    counts = Counter(tag for example in training for tag in example.tags)
    return [*sorted(counts, key=lambda tag: (-counts[tag], tag)), OTHER_TAG]


def read_columns(source: Source) -> Reading[TaggingExample]:
    """One token, a tab and its tag per line, a blank line after every sentence: XTREME's PAN-X and UDPOS.

    WikiANN's own release writes `en:Sioux` for every token; where all tokens of a file start with the language, it is
    removed.

    Raises:
        DataError: a line of another layout, or a tag that the task does not list.
    """
    sentences = list(_blocks(source))
    prefix = f"{source.language}:"
    if all(word.startswith(prefix) for sentence in sentences for _, word, _ in sentence):
        sentences = [[(line, word.removeprefix(prefix), tag) for line, word, tag in one] for one in sentences]
    return Reading([_sentence(number, words, source) for number, words in enumerate(sentences, start=1)])


def _blocks(source: Source) -> Iterator[Words]:
    words: Words = []
    for number, line in lines(source.path):
        if line.strip():
            word, tab, tag = line.partition("\t")
            if not tab or "\t" in tag:
                raise DataError(source.path, number, f"'{line}'", "a token, a tab and a tag", ANOTHER_FILE)
            words.append((number, word, tag))
        elif words:
            yield words
            words = []
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
    found = [one for one in [*sentences, words] if one]
    return Reading([_sentence(number, one, source) for number, one in enumerate(found, start=1)])


def read_stagged(source: Source) -> Reading[TaggingExample]:
    """CCGbank's supertags in the layout of the C&C tools: one sentence per line, `word|POS|supertag` between spaces."""
    examples = []
    for number, line in lines(source.path):
        parts = [token.rsplit("|", 2) for token in line.split()]
        wrong = next((part for part in parts if len(part) != 3), None)
        if wrong is not None or not parts:
            found = f"'{'|'.join(wrong)}'" if wrong else "a blank line"
            raise DataError(source.path, number, found, "word|POS|supertag", ANOTHER_FILE)
        examples.append(_sentence(number, [(number, word, tag) for word, _, tag in parts], source))
    return Reading(examples)


def _sentence(number: int, words: Words, source: Source) -> TaggingExample:
    tags = [tag for _, _, tag in words]
    for line, word, tag in words:
        if not word.strip() or not tag.strip():
            raise DataError(source.path, line, f"token '{word}' with tag '{tag}'", "a token and a tag", ANOTHER_FILE)
    _check_tags([Row(source.path, line, {}) for line, _, _ in words], tags, source)
    return TaggingExample(source.own_id(number), source.language, tuple(word for _, word, _ in words), tuple(tags))


def _check_tags(rows: Sequence[Row], tags: Sequence[str], source: Source) -> None:
    labels = source.task.encode.labels
    for row, tag in zip(rows, tags, strict=True):
        if labels and tag not in labels:
            hint = did_you_mean(tag, labels)
            raise row.error(f"tag '{tag}'", "a tag of the task", f"correct it or encode.labels.{hint}")


def read_rows(source: Source) -> Reading[TaggingExample]:
    """The fields id, words, tags as JSON lines."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        row.check_language(source.language)
        identifier, words, tags = ids.check(row, row.key("id")), row.texts("words"), row.texts("tags")
        if len(words) != len(tags) or not words:
            raise row.error(f"{len(words)} words and {len(tags)} tags", "one tag per word", "correct the row")
        _check_tags([row] * len(tags), tags, source)
        examples.append(TaggingExample(identifier, source.language, words, tags))
    return Reading(examples)
