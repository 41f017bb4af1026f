"""Texts without labels, for masked language modelling."""

from collections.abc import Iterator

from xstilts.tasks.examples import TextExample
from xstilts.tasks.rows import Row, lines
from xstilts.tasks.source import Source, reads


def _text_rows(source: Source) -> Iterator[Row]:
    return (Row(source.path, number, {"text": text}) for number, text in lines(source.path) if text.strip())


@reads(_text_rows)
def read_lines(row: Row, source: Source) -> TextExample:
    """Plain text, one per line; blank lines separate documents and are not rows."""
    return TextExample(source.own_id(row.place), source.language, row.text("text").strip())


@reads()
def read_rows(row: Row, source: Source) -> TextExample:
    """The fields id, text as JSON lines."""
    row.check_language(source.language)
    return TextExample(row.key("id"), source.language, row.text("text"))
