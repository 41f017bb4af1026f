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

from xstilts.score.clusters import common_candidates
from xstilts.score.points import Points
from xstilts.score.predictions import TEXT, TEXTS
from xstilts.score.scoring import Scored, Scoring, scored
from xstilts.score.search import NONE, Found, Pool, pools_of, search_answers, search_pairs, search_translations
from xstilts.score.vectors import POOLINGS, layer_count, layer_vectors

SEARCHES: dict[str, Callable[[Pool, np.ndarray], Found]] = {
    "accuracy": search_translations,
    "f1": search_pairs,
    "map": search_answers(None),
    "map_at_20": search_answers(20),
}
JOINT = ("map", "map_at_20")  # search the candidates of all languages at once
POOLING = POOLINGS[0]
RULE = "layer round(7/12 of the depth), mean over tokens: XTREME's and jiant's layer 14 of 24, chosen without labels"
Sweep = dict[str, dict[str, dict[str, float]]]  # pooling -> layer -> language -> value of the main metric


def default_layer(depth: int) -> int:
    """The layer whose vectors are the result, of `depth` layers (0 would be the embeddings)."""
    return round(7 * depth / 12)


def score_retrieval(scoring: Scoring) -> Scored:
    """Search with the vectors of every layer and pooling."""
    metric, encoder, examples = scoring.metric, scoring.encoder(), scoring.examples()
    layer = default_layer(layer_count(encoder) - 1)
    sweep: Sweep = {pooling: {str(one): {} for one in range(layer_count(encoder))} for pooling in POOLINGS}
    results = []
    for pool in pools_of(scoring.path, examples.table, metric in JOINT):
        title = f"{scoring.task} {pool.languages[0]}" if metric not in JOINT else scoring.task
        for one, pooling, vectors in layer_vectors(encoder, examples, pool.rows, scoring.settings, title):
            found = SEARCHES[metric](pool, vectors)
            sweep[pooling][str(one)] |= found.points.by(pool.languages)
            if (one, pooling) == (layer, POOLING):
                results.append((pool, found))
    about = {"layer": layer, "pooling": POOLING, "rule": RULE, "sweep": sweep, "oracle": oracle(sweep)}
    return collect(examples.table, metric, results, about)


def collect(table: pa.Table, metric: str, results: list[tuple[Pool, Found]], about: Mapping[str, Any]) -> Scored:
    """Scores and predictions of all pools together."""
    predictions = pa.concat_tables([search_table(table, *result) for result in results])
    if metric in JOINT:
        predictions = predictions.append_column("cluster", pa.array(common_candidates(predictions), TEXT))
    earned, of = (np.concatenate([getattr(one.points, name) for _, one in results]) for name in ("earned", "of"))
    others: dict[str, dict[str, float]] = {}
    for _, found in results:
        for name, values in found.others.items():
            others.setdefault(name, {}).update(values)
    return scored(predictions, metric, Points(earned, of), others, more=about)


def search_table(table: pa.Table, pool: Pool, found: Found) -> pa.Table:
    """One row per query: its right candidates, the one that was found ("": none was mined) and how similar it is."""
    ids = table["id"].take(pa.array(pool.rows[pool.candidates])).to_pylist()
    kept = table.select(["id", "language", "answers"]).take(pa.array(pool.rows[pool.queries]))
    predictions = ["" if place == NONE else ids[place] for place in found.best]
    return pa.table(
        {
            "id": kept["id"],
            "language": kept["language"],
            "golds": kept["answers"].cast(TEXTS),
            "prediction": pa.array(predictions, TEXT),
            "similarity": pa.array(found.similarity, pa.float32()),
        }
    )


def oracle(sweep: Sweep) -> dict[str, Any]:
    """The layer and pooling with the best mean over languages: chosen on the labels that it is scored on."""
    tried = [(pooling, layer) for pooling in sweep for layer in sweep[pooling]]
    pooling, layer = max(tried, key=lambda one: np.mean(list(sweep[one[0]][one[1]].values())))
    return {"layer": int(layer), "pooling": pooling, "scores": sweep[pooling][layer]}
