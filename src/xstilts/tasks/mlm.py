"""Texts for masked language modelling."""

from __future__ import annotations

from xstilts.tasks.examples import Reading, TextExample
from xstilts.tasks.rows import Unique, json_lines, lines
from xstilts.tasks.source import Source


def read_lines(source: Source) -> Reading[TextExample]:
    """Plain text, one a line; blank lines part documents and are no rows."""
    texts = [(number, text.strip()) for number, text in lines(source.path) if text.strip()]
    return Reading([TextExample(source.own_id(number), source.language, text) for number, text in texts])


def read_rows(source: Source) -> Reading[TextExample]:
    """The fields id, text as JSON lines."""
    ids, examples = Unique(), []
    for row in json_lines(source.path):
        row.check_language(source.language)
        examples.append(TextExample(ids.check(row, row.key("id")), source.language, row.text("text")))
    return Reading(examples)
