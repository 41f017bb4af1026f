"""The points of every metric, added up, are the metric as others compute it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from seqeval.metrics import f1_score
from sklearn.metrics import accuracy_score, average_precision_score

from xstilts.base.kinds import KINDS
from xstilts.score.answer_text import answer_f1, exact_match
from xstilts.score.image_text import Direction, direction_scores
from xstilts.score.labels import label_scores
from xstilts.score.layouts import layout_scores
from xstilts.score.matching import pair_scores
from xstilts.score.points import Points, score_by_language
from xstilts.score.retrieval import collect
from xstilts.score.scoring import Scored
from xstilts.score.search import Pool, pools_of, search_answers, search_pairs, search_translations
from xstilts.score.spans import span_scores
from xstilts.score.tagging import tag_scores

RNG = np.random.default_rng(0)
LANGUAGES = ["en", "de"] * 30
IDS = [str(i // 2) for i in range(60)]
Made = tuple[Scored, dict[str, float]]  # with each language's score, computed in another way


def by_language(table: pa.Table, score: Callable[[list[dict[str, Any]]], float]) -> dict[str, float]:
    rows = table.to_pylist()
    return {code: score([row for row in rows if row["language"] == code]) for code in {row["language"] for row in rows}}


def columns(rows: list[dict[str, Any]], *names: str) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in names]


def labels(metric: str) -> Made:
    words = np.array(["yes", "no", "red"], object)
    gold, found = RNG.choice(words, 60), RNG.choice(words, 60)
    shares = [[1.0, 0.3] if metric == "soft_accuracy" else [] for _ in gold]
    other = {"yes": "no", "no": "red", "red": "blue"}
    columns_of: dict[str, Any] = {
        "id": IDS,
        "language": LANGUAGES,
        "structural": ["query", "query", "verify"] * 20,
        "semantic": [""] * 60,
        "gold": gold.tolist(),
        "golds": [[one, other[one]] if own else [one] for one, own in zip(gold, shares, strict=True)],
        "prediction": found.tolist(),
        "blind": ["yes"] * 60,
        "shuffled": RNG.choice(words, 60).tolist(),
    }
    table = pa.table({**columns_of, "gold_scores": pa.array(shares, pa.list_(pa.float32()))})

    def soft(rows: list[dict[str, Any]]) -> float:
        return fmean({row["gold"]: 1.0, other[row["gold"]]: 0.3}.get(row["prediction"], 0.0) for row in rows)

    def exact(rows: list[dict[str, Any]]) -> float:
        return float(accuracy_score(*columns(rows, "gold", "prediction")))

    scored = label_scores(table, metric, ("blind", "shuffled"))
    return scored, by_language(table, soft if metric == "soft_accuracy" else exact)


def spans(metric: str) -> Made:
    golds = [["a red dog", "dog"], ["the house"], []] * 20
    found = ["red dog", "house", "cat", "red", "", "the"] * 10
    table = pa.table({"id": IDS, "language": LANGUAGES, "golds": golds, "prediction": found})
    score = {"f1": answer_f1, "exact_match": exact_match}[metric]
    expected = by_language(table, lambda rows: fmean(score(row["prediction"], row["golds"], "en") for row in rows))
    return span_scores(table, metric, "squad"), expected


def tags(metric: str) -> Made:
    """Some sentences have no words; of parts of speech such as seqeval and XTREME's script agree about."""
    words = {"f1": ["O", "B-PER", "I-PER", "B-LOC"]}.get(metric, ["NOUN", "VERB", "SYM"])
    gold = [RNG.choice(words, n % 7).tolist() for n in range(60)]
    found = [[tag if RNG.random() < 0.6 else words[0] for tag in own] for own in gold]
    table = pa.table({"id": IDS, "language": LANGUAGES, "golds": gold, "prediction": found})

    def score(rows: list[dict[str, Any]]) -> float:
        right, own = columns(rows, "golds", "prediction")
        if metric == "accuracy":
            return float(accuracy_score(list(chain(*right)), list(chain(*own))))
        return float(f1_score(right, own))

    return tag_scores(table, metric), by_language(table, score)


def layouts(metric: str) -> Made:
    texts = [
        "select[]>exist[0] | dog",
        "select[]>exist[0] | cat",
        "select[]>query[0] | dog | color",
        "select[]>filter[0]>exist[1] | dog | color | red",
    ]
    gold, found = (RNG.choice(texts, 60).tolist() for _ in range(2))
    structural = ["query" if "query" in text else "verify" for text in gold]
    table = pa.table({"id": IDS, "language": LANGUAGES, "structural": structural, "gold": gold, "prediction": found})

    def part(text: str) -> Any:
        skeleton, *values = text.split(" | ")
        return {
            "exact_layout": text,
            "skeleton": skeleton,
            "structural_type": "query" in skeleton,
            "last_operation": "query" in skeleton,
            "first_object": values[0],
            "concepts": {values[0], *(["red"] if "red" in values else [])},
        }[metric]

    def score(rows: list[dict[str, Any]]) -> float:
        pairs = list(zip(*columns(rows, "gold", "prediction"), strict=True))
        if metric != "concepts":
            return fmean(part(own) == part(right) for right, own in pairs)
        both = sum(len(part(right) & part(own)) for right, own in pairs)
        return both / sum(len(part(right)) for right, _ in pairs)

    return layout_scores(table, metric), by_language(table, score)


def recall(metric: str) -> Made:
    directions, expected = [], {}
    captions, images = [f"c{i}" for i in range(9)], ["i0", "i1", "i2"]
    for language in ("de", "en"):
        shown = RNG.random((9, 3)) + 0.5 * np.repeat(np.eye(3), 3, axis=0)
        own, turned = {"shown": shown, "blind": np.ones_like(shown)}, {"shown": shown.T, "blind": np.ones((3, 9))}
        directions.append(Direction(language, "image", captions, images, [[i // 3] for i in range(9)], own))
        golds = [[3 * i, 3 * i + 1, 3 * i + 2] for i in range(3)]
        directions.append(Direction(language, "text", images, captions, golds, turned))
        to_image, to_text = shown.argmax(1) == np.arange(9) // 3, shown.argmax(0) // 3 == np.arange(3)
        expected[language] = float((to_image.mean() + to_text.mean()) / 2)
    return direction_scores(directions, ("blind",), 2), expected


def pairs(metric: str) -> Made:
    rows = [(f"c{n}", code, label) for code in ("en", "de") for n in range(10) for label in (1, 0)]
    names, codes, gold = (list(column) for column in zip(*rows, strict=True))
    images = [f"i{n}" for n in range(len(rows))]
    table = pa.table({"id": names, "image_id": images, "language": codes, "label": gold})
    fits = RNG.random(len(rows))
    right = (fits[::2] > fits[1::2]).reshape(2, 10).mean(1)
    return pair_scores(table, {"shown": fits, "blind": np.ones(40)}, {}), {"en": float(right[0]), "de": float(right[1])}


def retrieved(pool: Pool, metric: str, found: Any) -> Scored:
    """The predictions of one language's pool whose text n has the id `n`."""
    golds = [[str(pool.candidates[place]) for place in own] for own in pool.golds]
    golds += [[] for _ in pool.candidates]
    rows = {"id": [str(n) for n in pool.rows], "language": ["de"] * len(pool.rows), "answers": golds}
    return collect(pa.table(rows), metric, [(pool, found)], {})


def translated(alone: int) -> tuple[Pool, np.ndarray]:
    """Forty sentences and forty others, near to them; every `alone`-th one is no translation."""
    vectors = RNG.normal(size=(40, 8))
    vectors = np.concatenate([vectors, vectors + RNG.normal(size=(40, 8)) * 0.8])
    golds = [[i] if i % alone else [] for i in range(40)]
    pool = Pool(np.arange(80), np.arange(40), np.arange(40, 80), np.array(["de"] * 40, object), golds)
    return pool, vectors.astype(np.float32)


def mined(metric: str) -> Made:
    pool, vectors = translated(3)
    scored = retrieved(pool, metric, search_pairs(pool, vectors))
    rows = scored.predictions.to_pylist()
    found = {(row["id"], row["prediction"]) for row in rows if row["prediction"]}
    gold = {(row["id"], one) for row in rows for one in row["golds"]}
    precision, recalled = len(found & gold) / len(found), len(found & gold) / len(gold)
    return scored, {"de": 2 * precision * recalled / (precision + recalled)}


def translations(metric: str) -> Made:
    pool, vectors = translated(10**6)
    pool.golds[0] = [0]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    best = (unit[:40] @ unit[40:].T).argmax(1)
    return retrieved(pool, metric, search_translations(pool, vectors)), {"de": float(np.mean(best == np.arange(40)))}


def ranked(metric: str) -> Made:
    """Ten questions on five sentences in two languages, their right candidates in both."""
    rows = [
        {"id": str(n), "language": code, "structural": "query", "answers": [f"{one}-{n // 2}" for one in ("de", "en")]}
        for code in ("en", "de")
        for n in range(10)
    ]
    for code in ("en", "de"):
        rows += [{"id": f"{code}-{n}", "language": code, "structural": "candidate", "answers": []} for n in range(5)]
    table, vectors = pa.Table.from_pylist(rows), RNG.normal(size=(30, 6))
    (pool,) = pools_of(Path("test.arrow"), table, joint=True)
    scored = collect(table, metric, [(pool, search_answers({"map": None, "map_at_20": 20}[metric])(pool, vectors))], {})
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    right = np.array([[place in own for place in range(10)] for own in pool.golds])
    each = [average_precision_score(*pair) for pair in zip(right, unit[:20] @ unit[20:].T, strict=True)]
    return scored, {"en": float(np.mean(each[:10])), "de": float(np.mean(each[10:]))}


MADE: Mapping[tuple[str, str], Callable[[str], Made]] = {
    ("vqa", "accuracy"): labels,
    ("vqa", "soft_accuracy"): labels,
    ("classification", "accuracy"): labels,
    ("choice", "accuracy"): labels,
    ("matching", "accuracy"): labels,
    ("matching", "pairwise_accuracy"): pairs,
    ("matching", "recall_at_1"): recall,
    **{("layout", metric): layouts for metric in KINDS["layout"].metrics},
    ("span", "f1"): spans,
    ("span", "exact_match"): spans,
    ("tagging", "f1"): tags,
    ("tagging", "pos_f1"): tags,
    ("tagging", "accuracy"): tags,
    ("retrieval", "f1"): mined,
    ("retrieval", "accuracy"): translations,
    ("retrieval", "map"): ranked,
    ("retrieval", "map_at_20"): ranked,
}


def test_every_metric_is_made() -> None:
    assert set(MADE) == {(kind, one) for kind, facts in KINDS.items() if facts.is_scored for one in facts.metrics}


def added_up(table: pa.Table, language: str) -> float:
    rows = [row for row in table.to_pylist() if row["language"] == language]
    parts = [[row for row in rows if row.get("direction") == part] for part in {row.get("direction") for row in rows}]
    return fmean(sum(row["score"] for row in part) / sum(row["of"] for row in part) for part in parts)


@pytest.mark.filterwarnings("ignore")  # seqeval's, of tags that are not of entities
@pytest.mark.parametrize(("kind", "metric"), list(MADE))
def test_points_add_up_to_the_metric(kind: str, metric: str) -> None:
    scored, expected = MADE[kind, metric](metric)
    assert scored.scores[metric] == pytest.approx(expected, abs=1e-6)
    for language, value in expected.items():
        assert added_up(scored.predictions, language) == pytest.approx(value, abs=1e-6)
    assert min(expected.values()) > 0
    assert max(expected.values()) < 1
    for name in ("score", "of", *(f"{control}_score" for control in scored.controls)):
        assert scored.predictions.schema.field(name).type == pa.float32()


def test_controls_are_scored_as_the_answers_are() -> None:
    for made, metric in ((labels, "soft_accuracy"), (recall, "recall_at_1")):
        scored, _ = made(metric)
        assert scored.controls
        for control in scored.controls:
            table = scored.predictions
            other = table.set_column(table.schema.get_field_index("score"), "score", table[f"{control}_score"])
            for language, value in scored.controls[control].items():
                assert added_up(other, language) == pytest.approx(value, abs=1e-6)


def test_what_stands_or_falls_together() -> None:
    """Queries for one sentence are one cluster in both languages; examples of other kinds stand alone."""
    assert ranked("map")[0].predictions["cluster"].to_pylist() == [str(n // 2 * 2) for n in range(10)] * 2
    assert set(labels("accuracy")[0].predictions["cluster"].to_pylist()) == {""}


def test_an_example_that_says_nothing() -> None:
    points = Points(np.array([2.0, 0, 0]), np.array([3.0, 1, 0]))
    assert points.score() == 0.5
    assert points.by(np.array(["de", "de", "en"], object)) == {"de": 0.5, "en": 0.0}


def test_both_directions_count_the_same() -> None:
    rows = [("image", 1.0), ("image", 1.0), ("image", 1.0), ("text", 0.0)]
    table = pa.table(
        {
            "language": ["en"] * 4,
            "direction": [name for name, _ in rows],
            "score": pa.array([score for _, score in rows], pa.float32()),
            "of": pa.array([1.0] * 4, pa.float32()),
        }
    )
    assert score_by_language(table) == {"en": 0.5}
    assert score_by_language(table.drop_columns(["direction"])) == {"en": 0.75}
