"""Which test examples stand or fall together, besides those of one image: statistics draw them as one.

**Spans.** Questions on one paragraph share what is hard about it, and a question and its translations share more still.
A paragraph's text differs by language, but sets that were translated keep the ids of questions: so a cluster is a
connected component of the graph that joins every question's id with its paragraph's text. Of XQuAD that gives its 240
paragraphs, each in all twelve languages; of MLQA, whose paragraphs are independent articles around parallel sentences,
a paragraph with those in other languages that share a question (now and then, two of one language that share theirs
with one of another); of TyDiQA, whose languages share nothing, the paragraphs alone, also where a file lists one
several times. In 200 simulated studies of 60 paragraphs with six questions each, which differ in difficulty from wholly
wrong to wholly right, 95 % intervals held the truth in 94 % by paragraph, and in 80 % with a question and its
translations as the cluster.

An id that only numbers the rows of a file (`test-17`, what the reader gives TyDiQA's releases without ids) is the same
in every language without being a translation. Joined by such ids, 3,128 of TyDiQA's 5,077 test questions would be one
cluster; so they join nothing across languages.

**Ranked candidates** (mean average precision): queries with a right candidate in common, such as questions on one
sentence of LAReQA with their translations, or mentions of one entity of Mewsli-X.

**Known limits**, each of which makes intervals somewhat too narrow. Predictions do not say what these examples share:
XNLI's three hypotheses on one premise, and LAReQA's questions on different sentences of one paragraph, count as
independent. Of two images the pair is the cluster, though a scene may stand in a second pair (MaRVL). In the
embedded world texts are told from scenes that pictures show too: a mean over targets takes the two as independent.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_NUMBER = re.compile(r"test\d*-\d+")  # an id that a reader made of the split and the row's place


def paragraphs(questions: pa.Table) -> list[str]:
    """The cluster of every question, named after the language and id of the first question in it.

    Args:
        questions: with the columns `id`, `language`, and `context`, the paragraph's text.
    """
    keys = list(zip(questions["language"].to_pylist(), questions["id"].to_pylist(), strict=True))
    asked = [key if _NUMBER.fullmatch(key[1]) else key[1] for key in keys]
    return _components([" ".join(key) for key in keys], asked, [[text] for text in questions["context"].to_pylist()])


def common_candidates(predictions: pa.Table) -> list[str]:
    """The cluster of every query, named after its first: those with the same id or a right candidate in common."""
    names = predictions["id"].to_pylist()
    return _components(names, names, predictions["golds"].to_pylist())


def _components(names: Sequence[str], ones: Sequence[Hashable], others: Sequence[Sequence[Hashable]]) -> list[str]:
    """The connected component of every row, of the graph that joins its `ones` with each of its `others`.

    Named after the first row in it, by `names`.
    """
    left: dict[Hashable, int] = {}
    right: dict[Hashable, int] = {}
    edges = [
        (left.setdefault(one, len(left)), right.setdefault(other, len(right)))
        for one, own in zip(ones, others, strict=True)
        for other in own
    ]
    begin, end = np.array(edges, np.int64).reshape(-1, 2).T
    size = len(left) + len(right)
    graph = coo_matrix((np.ones(len(edges), np.int8), (begin, end + len(left))), (size, size))
    _, labels = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    return [first.setdefault(int(labels[left[one]]), name) for name, one in zip(names, ones, strict=True)]
