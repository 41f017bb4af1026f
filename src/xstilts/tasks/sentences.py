"""Sentences to be found across languages: Tatoeba, BUCC, LAReQA, Mewsli-X."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.tasks.examples import Reading, RetrievalExample
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique, json_list, lines, tab_rows
from xstilts.tasks.source import Source, reads
from xstilts.tasks.span import answer_of, paragraphs

QUERY, CANDIDATE = "query", "candidate"
Read = Reading[RetrievalExample]


def read_tatoeba(source: Source) -> Read:
    """Two aligned files, one sentence per line: the English sentences are searched for among the language's.

    This is the direction of XTREME's code (third_party/evaluate_retrieval.py searches its index of the source language
    with the English vectors), although its paper says the reverse. Its English files are sorted by text, and so are
    the queries.
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
    sentences are searched for among the English ones; most of them have no translation."""
    gold = _gold_pairs(source.paths[2])

    def make(row: Row) -> RetrievalExample:
        identifier, side = row.text("id"), QUERY if row.path == source.path else CANDIDATE
        right = tuple(gold.pop(identifier, ())) if side == QUERY else ()
        return RetrievalExample(identifier, source.language, row.text("sentence"), side, right)

    rows = (row for path in source.paths[:2] for row in tab_rows(path, ("id", "sentence")))
    reading = source.each(rows, make)
    if gold:
        expected = f"a sentence in {source.path.name}"
        raise DataError(source.paths[2], min(gold), "a gold pair without a sentence", expected, ANOTHER_FILE)
    return check_gold(reading, source.paths[2])


def _gold_pairs(path: Path) -> dict[str, list[str]]:
    gold: dict[str, list[str]] = {}
    for row in tab_rows(path, ("id", "english")):
        gold.setdefault(row.text("id"), []).append(row.text("english"))
    return gold


def read_mewslix(source: Source) -> Read:
    """Mewsli-X as `rows`: mentions in their sentences are queries, descriptions of entities candidates.

    The set is made by google-research/mewsli-x from WikiNews and Wikipedia rather than downloaded, and has no layout
    with one file per language.
    """
    if not source.path.exists():
        todo = "make Mewsli-X with google-research's get_mewsli-x.sh and write its mentions and entities as rows"
        raise DataError(source.path, None, "no such file", "JSON lines with id, text, side and gold", todo)
    return read_rows(source)


@reads()
def read_rows(row: Row, source: Source) -> RetrievalExample:
    """The fields id, text, side (query or candidate), gold? (ids of candidates) as JSON lines."""
    row.check_language(source.language)
    side = row.text("side")
    if side not in (QUERY, CANDIDATE):
        raise row.error(f"side '{side}'", f"{QUERY} or {CANDIDATE}", "correct the row")
    gold = row.texts("gold") if row.content.get("gold") else ()
    return RetrievalExample(row.key("id"), source.language, row.text("text"), side, gold)


def check_gold(reading: Read, path: Path) -> Read:
    """Return the reading; an error if the gold of a query is not a candidate."""
    candidates = {one.id for one in reading.examples if one.side == CANDIDATE}
    for query in reading.examples:
        missing = next((one for one in query.gold if one not in candidates), None)
        if missing is not None:
            raise DataError(path, query.id, f"gold '{missing}'", "the id of a candidate", ANOTHER_FILE)
    return reading


def pool_gold(examples: Iterable[RetrievalExample]) -> list[RetrievalExample]:
    """Give every query the gold candidates of all queries with its id: in a set that is parallel in all languages, a
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


def read_lareqa(source: Source) -> Reading[RetrievalExample]:
    """xquad-r/<language>.json (google-research-datasets/lareqa): SQuAD's layout with `sentence_breaks`, the first and
    last + 1 character of every sentence of a context.

    Queries are the questions, candidates the sentences. The gold candidate of this language is the sentence in which
    the answer starts; `pool_gold` adds those of the other languages. A few answers extend into a second sentence.
    """
    queries: list[RetrievalExample] = []
    candidates: list[RetrievalExample] = []
    ids = Unique()
    for number, content in enumerate(paragraphs(source.path), start=1):
        row = Row(source.path, f"paragraph {number}", content)
        context, breaks = row.text("context"), _breaks(row)
        names = [f"{source.language}-{number}-{place}" for place in range(1, len(breaks) + 1)]
        for name, (start, end) in zip(names, breaks, strict=True):
            candidates.append(RetrievalExample(name, source.language, context[start:end].strip(), CANDIDATE))
        for question in json_list(source.path, content, "qas"):
            asked = Row(source.path, str(question.get("id", row.place)), question)
            gold = names[_sentence_of(asked, context, breaks)]
            identifier, text = ids.check(asked, asked.key("id")), asked.text("question")
            queries.append(RetrievalExample(identifier, source.language, text, QUERY, (gold,)))
    return Reading([*queries, *candidates])


def _breaks(row: Row) -> Sequence[tuple[int, int]]:
    found: Any = row.content.get("sentence_breaks")
    context = row.text("context")
    if not isinstance(found, list) or not found:
        raise row.error("no sentence_breaks", "XQuAD-R's layout", ANOTHER_FILE)
    for one in found:
        numbers = isinstance(one, list) and len(one) == 2 and all(type(place) is int for place in one)
        if not numbers or not context[one[0] : one[1]].strip():
            raise row.error(f"the sentence {one!r}", "first and last + 1 character of a sentence", ANOTHER_FILE)
    return [(start, end) for start, end in found]


def _sentence_of(row: Row, context: str, breaks: Sequence[tuple[int, int]]) -> int:
    answers = row.content.get("answers")
    start, _ = answer_of(row, answers[0] if isinstance(answers, list) and answers else None, context)
    inside = [place for place, (first, last) in enumerate(breaks) if first <= start < last]
    if not inside:
        raise row.error(f"an answer at {start} between the sentences", "one within a sentence", ANOTHER_FILE)
    return inside[0]
