"""What each example earned adds up to the scores of its cell, whatever the kind of task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from xstilts.score.accuracy import label_scores
from xstilts.score.cell import Scored

from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.files import write_json, write_table
from xstilts.report.cells.items import items, read_items, score_of, write_items
from xstilts.score.image_text import Direction, direction_scores
from xstilts.score.retrieval import collect
from xstilts.score.search import Pool, pools_of, search_answers, search_pairs
from xstilts.score.spans import span_scores
from xstilts.score.tagging import tag_scores

RNG = np.random.default_rng(0)
LANGUAGES = ["en", "de"] * 30
IDS = [str(i // 2) for i in range(60)]


def labels(metric: str) -> Scored:
    words = np.array(["yes", "no", "red"], object)
    gold, found = RNG.choice(words, 60), RNG.choice(words, 60)
    shares = [[1.0, 0.3] if metric == "soft_accuracy" else [] for _ in gold]
    columns: dict[str, Any] = {
        "id": IDS,
        "image_id": [f"i{i // 6}" for i in range(60)],
        "language": LANGUAGES,
        "structural": ["query", "query", "verify"] * 20,
        "semantic": [""] * 60,
        "gold": gold.tolist(),
        "golds": [
            [one, "blue" if one != "no" else "red"] if own else [one] for one, own in zip(gold, shares, strict=True)
        ],
        "prediction": found.tolist(),
        "blind": ["yes"] * 60,
        "shuffled": RNG.choice(words, 60).tolist(),
    }
    table = pa.table({**columns, "gold_scores": pa.array(shares, pa.list_(pa.float32()))})
    return label_scores(table, metric, ("blind", "shuffled"))


def spans(metric: str) -> Scored:
    golds = [["a red dog", "dog"], ["the house"], []] * 20
    found = ["red dog", "house", "", "dog", "cat", "the"] * 10
    columns = {"id": IDS, "language": LANGUAGES, "golds": golds, "prediction": found}
    return span_scores(pa.table(columns), metric, "squad")


def tags(metric: str) -> Scored:
    words = ["O", "B-PER", "I-PER", "B-LOC", "NOUN", "SYM"]
    gold = [RNG.choice(words, n % 7).tolist() for n in range(60)]
    found = [[tag if RNG.random() < 0.6 else "O" for tag in own] for own in gold]
    columns = {"id": IDS, "language": LANGUAGES, "golds": gold, "prediction": found}
    return tag_scores(pa.table(columns), metric)


def recall(metric: str) -> Scored:
    directions = []
    for language in ("de", "en"):
        shown = RNG.random((9, 3)) + 0.5 * np.repeat(np.eye(3), 3, axis=0)
        captions, images = [f"c{i}" for i in range(9)], ["i0", "i1", "i2"]
        own = {"shown": shown, "blind": np.ones_like(shown)}
        directions.append(Direction(language, "image", captions, images, [[i // 3] for i in range(9)], own))
        turned = {name: one.T for name, one in own.items()}
        directions.append(
            Direction(language, "text", images, captions, [[3 * i, 3 * i + 1, 3 * i + 2] for i in range(3)], turned)
        )
    return direction_scores(directions, ("blind",), 2)


def mined(metric: str) -> Scored:
    vectors = RNG.normal(size=(40, 8))
    vectors = np.concatenate([vectors, vectors + RNG.normal(size=(40, 8)) * 0.8])
    golds = [[i] if i % 3 else [] for i in range(40)]
    pool = Pool(np.arange(80), np.arange(40), np.arange(40, 80), np.array(["de"] * 40, object), golds)
    found = search_pairs(pool, vectors.astype(np.float32))
    answers = ["" if best < 0 else f"t{best}" for best in found.best]
    columns = {"id": [f"s{i}" for i in range(40)], "language": ["de"] * 40, "prediction": answers}
    table = pa.table({**columns, "golds": [[f"t{i}" for i in own] for own in golds]})
    return Scored(table, {"de": 40}, {"f1": found.scores["f1"]})


def translations(metric: str) -> Scored:
    columns = {"id": IDS, "language": LANGUAGES, "golds": [[one] for one in IDS], "prediction": ["3", *IDS[1:]]}
    return Scored(pa.table(columns), {"en": 30, "de": 30}, {"accuracy": {"en": 29 / 30, "de": 1.0}})


def ranked(metric: str) -> Scored:
    """Ten questions on five sentences in two languages, their right candidates in both."""
    rows = [
        {"id": str(n), "language": code, "structural": "query", "answers": [f"{one}-{n // 2}" for one in ("de", "en")]}
        for code in ("en", "de")
        for n in range(10)
    ]
    for code in ("en", "de"):
        rows += [{"id": f"{code}-{n}", "language": code, "structural": "candidate", "answers": []} for n in range(5)]
    table = pa.Table.from_pylist(rows)
    (pool,) = pools_of(Path("test.arrow"), table, joint=True)
    found = search_answers({"map": None, "map_at_20": 3}[metric], metric)(pool, RNG.normal(size=(30, 6)))
    return collect(table, [(pool, found)], {})


KINDS = {
    ("vqa", "accuracy"): labels,
    ("classification", "accuracy"): labels,
    ("vqa", "soft_accuracy"): labels,
    ("span", "f1"): spans,
    ("span", "exact_match"): spans,
    ("tagging", "f1"): tags,
    ("tagging", "pos_f1"): tags,
    ("tagging", "accuracy"): tags,
    ("matching", "recall_at_1"): recall,
    ("retrieval", "f1"): mined,
    ("retrieval", "accuracy"): translations,
    ("retrieval", "map"): ranked,
    ("retrieval", "map_at_20"): ranked,
}


def content(scored: Scored, kind: str, metric: str) -> dict[str, Any]:
    about = {"target": "one", "route": "gqa", "seed": 0, "data": "pictograms", "kind": kind, "metric": metric}
    return about | {"rows": dict(scored.rows), "scores": dict(scored.scores), "controls": dict(scored.controls)}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The test cache of a set of spans: three questions a paragraph, whose text is another one in each language."""
    texts = [f"{language} {int(name) // 3}" for language, name in zip(LANGUAGES, IDS, strict=True)]
    (tmp_path / "cache").mkdir()
    write_table(tmp_path / "cache" / "test.arrow", pa.table({"id": IDS, "language": LANGUAGES, "context": texts}))
    return tmp_path / "cache"


@pytest.mark.parametrize(("kind", "metric"), list(KINDS))
def test_points_add_up_to_the_score_of_every_metric(kind: str, metric: str, cache: Path) -> None:
    scored = KINDS[kind, metric](metric)
    table = items(scored.predictions, content(scored, kind, metric), cache)
    assert len(table) == len(scored.predictions)
    assert scored.scores[metric]
    for language, value in scored.scores[metric].items():
        assert score_of(table, language) == pytest.approx(value, abs=1e-5)
    for control, values in scored.controls.items():
        for language, value in values.items():
            shown = table.set_column(table.schema.get_field_index("score"), "score", table[control])
            assert score_of(shown, language) == pytest.approx(value, abs=1e-5)
    assert (table["blind"].null_count == len(table)) == ("blind" not in scored.controls)


def test_an_image_is_the_cluster_of_both_directions(tmp_path: Path) -> None:
    scored = recall("recall_at_1")
    table = items(scored.predictions, content(scored, "matching", "recall_at_1"), tmp_path)
    assert set(table["image_id"].to_pylist()) == {"i0", "i1", "i2"}
    assert set(table["part"].to_pylist()) == {"image", "text"}


def test_a_paragraph_is_the_cluster_of_its_spans_in_all_languages(cache: Path) -> None:
    scored = spans("f1")
    table = items(scored.predictions, content(scored, "span", "f1"), cache)
    assert table["cluster"].to_pylist() == [f"en {3 * (row // 6)}" for row in range(60)]
    assert set(table["image_id"].to_pylist()) == {""}


def test_queries_for_one_sentence_are_one_cluster(tmp_path: Path) -> None:
    scored = ranked("map")
    table = items(scored.predictions, content(scored, "retrieval", "map"), tmp_path)
    assert table["cluster"].to_pylist() == [str(n // 2 * 2) for n in range(10)] * 2
    assert len(set(table["score"].to_pylist())) > 5


def test_predictions_without_average_precision_are_refused(tmp_path: Path) -> None:
    scored = ranked("map")
    earlier = scored.predictions.drop_columns(["average_precision"])
    with pytest.raises(XstiltsError, match="found no average precision of each query, expected a column average_prec"):
        items(earlier, content(scored, "retrieval", "map"), tmp_path)


@pytest.fixture
def cell(tmp_path: Path) -> dict[str, Path]:
    """The files of a cell as stages leave them."""
    scored = labels("accuracy")
    write_json(tmp_path / "scores.json", content(scored, "vqa", "accuracy"))
    write_table(tmp_path / "predictions.arrow", scored.predictions)
    run = {
        "cache": "gqa",
        "seed": 0,
        "settings": {},
        "updates": 225,
        "examples": 7200,
        "tokens": 9,
        "english_dev": {"gqa": 0.9},
    }
    card = {"tasks": {"gqa": {"kind": "vqa", "data": "pictograms"}}, "training": run}
    write_json(tmp_path / "gqa.json", card)
    write_json(tmp_path / "none.json", {"tasks": {}, "training": None})
    return {name: tmp_path / name for name in ("gqa.json", "none.json", "scores.json")}


def test_the_file_says_what_cell_it_is_and_what_training_cost(cell: dict[str, Path], tmp_path: Path) -> None:
    write_items(tmp_path, cell["gqa.json"], cell["none.json"], tmp_path, tmp_path / "out" / "items.arrow")
    table, about = read_items(tmp_path / "out" / "items.arrow")
    assert len(table) == 60
    assert {key: about[key] for key in ("target", "route", "seed", "data")} == {
        "target": "one", "route": "gqa", "seed": 0, "data": "pictograms",
    }  # fmt: skip
    trained = about["training"]["intermediate"]
    assert trained == {
        "tasks": {"gqa": "pictograms"}, "updates": 225, "examples": 7200, "tokens": 9, "english_dev": {"gqa": 0.9},
    }  # fmt: skip
    assert about["training"]["target"] is None
    first = (tmp_path / "out" / "items.arrow").read_bytes()
    write_items(tmp_path, cell["gqa.json"], cell["none.json"], tmp_path, tmp_path / "out" / "items.arrow")
    assert (tmp_path / "out" / "items.arrow").read_bytes() == first


def test_examples_that_do_not_add_up_are_refused(cell: dict[str, Path], tmp_path: Path) -> None:
    scored = content(labels("accuracy"), "vqa", "accuracy")
    scored["scores"]["accuracy"]["en"] = 0.99
    write_json(cell["scores.json"], scored)
    with pytest.raises(DataError, match=r"accuracy 0\.\d+ in (de|en), expected"):
        write_items(tmp_path, cell["gqa.json"], cell["none.json"], tmp_path, tmp_path / "items.arrow")


def test_another_file_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "other.arrow", pa.table({"id": ["1"]}))
    with pytest.raises(DataError, match=r"found id, expected id, image_id"):
        read_items(tmp_path / "other.arrow")
