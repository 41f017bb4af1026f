"""LAReQA's XQuAD-R: which sentence, in any language, answers a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xstilts.tasks.examples import Reading, RetrievalExample
from xstilts.tasks.retrieval import CANDIDATE, QUERY
from xstilts.tasks.rows import ANOTHER_FILE, Row, Unique
from xstilts.tasks.source import Source
from xstilts.tasks.span import answer_of, paragraphs


def read_lareqa(source: Source) -> Reading[RetrievalExample]:
    """xquad-r/<language>.json (google-research-datasets/lareqa): SQuAD's layout with `sentence_breaks`, the first and
    last + 1 character of every sentence of a context.

    Queries are the questions, candidates the sentences. The gold candidate of this language is the sentence in which
    the answer begins; `retrieval.pool_gold` adds those of the other languages. A few answers reach into a second
    sentence.

    Raises:
        DataError: naming the file and the question, or the paragraph by its number.
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
        for question in content.get("qas", []):
            asked = Row(source.path, question.get("id", row.place), question)
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
        if not isinstance(one, list) or len(one) != 2 or not context[one[0] : one[1]].strip():
            raise row.error(f"the sentence {one!r}", "first and last + 1 character of a sentence", ANOTHER_FILE)
    return [(start, end) for start, end in found]


def _sentence_of(row: Row, context: str, breaks: Sequence[tuple[int, int]]) -> int:
    answers = row.content.get("answers")
    start, _ = answer_of(row, answers[0] if isinstance(answers, list) and answers else None, context)
    inside = [place for place, (first, last) in enumerate(breaks) if first <= start < last]
    if not inside:
        raise row.error(f"an answer at {start} between the sentences", "one within a sentence", ANOTHER_FILE)
    return inside[0]
