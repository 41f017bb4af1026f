"""Retrieval of sentences across languages: Tatoeba, BUCC, Mewsli-X, and rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xstilts.base.errors import DataError
from xstilts.tasks.examples import Reading, RetrievalExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_lines, lines, tab_rows
from xstilts.tasks.source import Source

QUERY, CANDIDATE = "query", "candidate"
Read = Reading[RetrievalExample]


def read_tatoeba(source: Source) -> Read:
    """Two aligned files, a sentence a line: the English sentences are searched for among the language's.

    This is the direction of XTREME's code (third_party/evaluate_retrieval.py searches its index of the source language
    with the English vectors), whatever its paper says; its English files are sorted by text, and so are the queries.
    """
    own, english = ([text for _, text in lines(path)] for path in source.paths)
    if len(own) != len(english):
        found, expected = f"{len(english)} sentences", f"the {len(own)} of {source.path.name}"
        raise DataError(source.paths[1], None, found, expected, ANOTHER_FILE)
    queries = [_sentence(source, 1, QUERY, number, text) for number, text in enumerate(english, start=1)]
    candidates = [_sentence(source, 0, CANDIDATE, number, text) for number, text in enumerate(own, start=1)]
    return Reading([*sorted(queries, key=lambda one: one.text.strip()), *candidates])


def _sentence(source: Source, part: int, side: str, number: int, text: str) -> RetrievalExample:
    """A line of Tatoeba; the line of the other file with the same number is its translation."""
    said = Row(source.paths[part], number, {"sentence": text}).text("sentence")
    own = f"{source.language}-{number}"
    if side == CANDIDATE:
        return RetrievalExample(own, source.language, said, side)
    return RetrievalExample(f"{source.language}-en-{number}", source.language, said, side, (own,))


def read_bucc(source: Source) -> Read:
    """BUCC's `<language>-en.*.<language>`, `.en` (id, tab, sentence) and `.gold` (the two ids): the language's
    sentences are searched for among the English ones; most of them have no translation there."""
    gold = _gold_pairs(source.paths[2])
    examples = []
    for side, path in ((QUERY, source.paths[0]), (CANDIDATE, source.paths[1])):
        ids = Unique()
        for row in tab_rows(path, ("id", "sentence")):
            identifier = ids.check(row, row.text("id"))
            right = tuple(gold.pop(identifier, ())) if side == QUERY else ()
            examples.append(RetrievalExample(identifier, source.language, row.text("sentence"), side, right))
    if gold:
        expected = f"a sentence in {source.path.name}"
        raise DataError(source.paths[2], min(gold), "a gold pair without sentence", expected, ANOTHER_FILE)
    return check_gold(Reading(examples), source.paths[2])


def _gold_pairs(path: Path) -> dict[str, list[str]]:
    gold: dict[str, list[str]] = {}
    for row in tab_rows(path, ("id", "english")):
        gold.setdefault(row.text("id"), []).append(row.text("english"))
    return gold


def read_mewslix(source: Source) -> Read:
    """Mewsli-X as `rows`: mentions in their sentences are queries, descriptions of entities candidates.

    The set is made by google-research/mewsli-x from WikiNews and Wikipedia, not downloaded whole, and has no layout
    with one file a language.
    """
    if not source.path.exists():
        todo = "make Mewsli-X with google-research's get_mewsli-x.sh and write its mentions and entities as rows"
        raise DataError(source.path, None, "no such file", "JSON lines with id, text, side and gold", todo)
    return read_rows(source)


def read_rows(source: Source) -> Read:
    """The fields id, text, side (query or candidate), gold? (ids of candidates) as JSON lines."""
    ids = {QUERY: Unique(), CANDIDATE: Unique()}
    examples = []
    for row in json_lines(source.path):
        row.check_language(source.language)
        side = row.text("side")
        if side not in ids:
            raise row.error(f"side '{side}'", f"{QUERY} or {CANDIDATE}", "mend the row")
        gold = row.texts("gold") if row.content.get("gold") else ()
        identifier = ids[side].check(row, row.key("id"))
        examples.append(RetrievalExample(identifier, source.language, row.text("text"), side, gold))
    return Reading(examples)


def check_gold(reading: Read, path: Path) -> Read:
    """Return the reading; an error if the gold of a query is no candidate."""
    candidates = {one.id for one in reading.examples if one.side == CANDIDATE}
    for query in reading.examples:
        missing = next((one for one in query.gold if one not in candidates), None)
        if missing is not None:
            raise DataError(path, query.id, f"gold '{missing}'", "the id of a candidate", ANOTHER_FILE)
    return reading


def pool_gold(examples: Iterable[RetrievalExample]) -> list[RetrievalExample]:
    """Give every query the gold candidates of all queries with its id: of a set that is parallel in all languages, a
    question's answers in every language are right (LAReQA, section 3.1)."""
    listed, gold = list(examples), dict[str, list[str]]()
    for one in listed:
        if one.side == QUERY:
            gold.setdefault(one.id, []).extend(one.gold)
    return [
        RetrievalExample(one.id, one.language, one.text, one.side, tuple(dict.fromkeys(gold[one.id])))
        if one.side == QUERY
        else one
        for one in listed
    ]
