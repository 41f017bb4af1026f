"""Scoring of retrieval: nothing is trained, vectors come from one layer, and all other layers are shown beside it.

Which layer is best differs by encoder, task and route, and another layer can change a score by more than another route
does. So the layer is set by a rule that no score takes part in; the sweep says what the others would have given, and
the best of them is called the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.score.by_language import count_by, rounded, texts
from xstilts.score.cell import Cell, Scored
from xstilts.score.predictions import TEXT, TEXTS
from xstilts.score.search import NONE, Found, Pool, pools_of, search_answers, search_pairs, search_translations
from xstilts.score.vectors import POOLINGS, layer_count, layer_vectors

SEARCHES: dict[str, Callable[[Pool, np.ndarray], Found]] = {
    "accuracy": search_translations,
    "f1": search_pairs,
    "map": search_answers(None, "map"),
    "map_at_20": search_answers(20, "map_at_20"),
}
JOINT = ("map", "map_at_20")  # search the candidates of all languages at once
AVERAGE_PRECISION = "average_precision"  # the column of predictions.arrow that those have
POOLING = POOLINGS[0]
RULE = "layer round(7/12 of the depth), mean over tokens: XTREME's and jiant's layer 14 of 24, chosen without labels"
Sweep = dict[str, dict[str, dict[str, float]]]  # pooling -> layer -> language -> value of the main metric


def default_layer(depth: int) -> int:
    """The layer whose vectors are the result, of `depth` layers (0 would be the embeddings)."""
    return round(7 * depth / 12)


def score_retrieval(cell: Cell) -> Scored:
    """Search with the vectors of every layer and pooling.

    Raises:
        ParameterError: a metric that no search has.
    """
    if cell.metric not in SEARCHES:
        hint = did_you_mean(cell.metric, SEARCHES)
        raise ParameterError(f"target {cell.task}: no retrieval is scored by '{cell.metric}'.{hint}")
    encoder = cell.encoder()
    examples, layer = cell.examples(), default_layer(layer_count(encoder) - 1)
    sweep: Sweep = {pooling: {str(one): {} for one in range(layer_count(encoder))} for pooling in POOLINGS}
    results = []
    for pool in pools_of(cell.path, examples.table, cell.metric in JOINT):
        title = f"{cell.task} {pool.languages[0]}" if cell.metric not in JOINT else cell.task
        for one, pooling, vectors in layer_vectors(encoder, examples, pool.rows, cell.settings, title):
            found = SEARCHES[cell.metric](pool, vectors)
            sweep[pooling][str(one)] |= {name: rounded(value) for name, value in found.scores[cell.metric].items()}
            if (one, pooling) == (layer, POOLING):
                results.append((pool, found))
    about = {"layer": layer, "pooling": POOLING, "rule": RULE, "sweep": sweep, "oracle": oracle(sweep)}
    return collect(examples.table, results, about)


def collect(table: pa.Table, results: list[tuple[Pool, Found]], about: Mapping[str, Any]) -> Scored:
    """Scores and predictions of all pools together."""
    scores: dict[str, dict[str, float]] = {name: {} for name in results[0][1].scores}
    for _, found in results:
        for name, values in found.scores.items():
            scores[name] |= {language: rounded(value) for language, value in values.items()}
    predictions = pa.concat_tables([search_table(table, *result) for result in results])
    return Scored(predictions, count_by(texts(predictions, "language")), scores, more=about)


def search_table(table: pa.Table, pool: Pool, found: Found) -> pa.Table:
    """One row a query: its right candidates, the one that was found ("": none was mined) and its score.

    `average_precision`, float64, is there where the metric is its mean.
    """
    ids = table["id"].take(pa.array(pool.rows[pool.candidates])).to_pylist()
    kept = table.select(["id", "language", "answers"]).take(pa.array(pool.rows[pool.queries]))
    predictions = ["" if place == NONE else ids[place] for place in found.best]
    columns = {
        "id": kept["id"],
        "language": kept["language"],
        "golds": kept["answers"].cast(TEXTS),
        "prediction": pa.array(predictions, TEXT),
        "score": pa.array(found.score, pa.float32()),
    }
    if found.average_precision is not None:
        columns[AVERAGE_PRECISION] = pa.array(found.average_precision, pa.float64())
    return pa.table(columns)


def oracle(sweep: Sweep) -> dict[str, Any]:
    """The layer and pooling with the best mean over languages: chosen on the labels that it is scored on."""
    tried = [(pooling, layer) for pooling in sweep for layer in sweep[pooling]]
    pooling, layer = max(tried, key=lambda one: np.mean(list(sweep[one[0]][one[1]].values())))
    return {"layer": int(layer), "pooling": pooling, "scores": sweep[pooling][layer]}
