"""Accuracies by language and by type, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score

from xstilts.score.labels import label_scores

COLUMNS = ("language", "structural", "semantic", "gold", "prediction", "blind")
EXACT = {"golds": [], "gold_scores": []}


def random_table(rows: int, seed: int) -> list[dict[str, Any]]:
    """Predictions right in about half of the rows; some types do not occur in some languages."""
    random = np.random.default_rng(seed)
    table = []
    for _ in range(rows):
        language = str(random.choice(["en", "de", "bn"]))
        structural = str(random.choice(["query", "verify"] + ["choose"] * (language == "de")))
        semantic, gold, prediction, blind = (str(random.choice(["a", "b"])) for _ in range(4))
        values = (language, structural, semantic, gold, prediction, blind)
        table.append(dict(zip(COLUMNS, values, strict=True)) | EXACT)
    return table


def accuracy(rows: list[dict[str, Any]], column: str = "prediction") -> float:
    return float(accuracy_score([row["gold"] for row in rows], [row[column] for row in rows]))


@pytest.mark.parametrize(("rows", "seed"), [(1, 0), (7, 1), (200, 2), (1000, 3)])
def test_against_scikit_learn(rows: int, seed: int) -> None:
    table = random_table(rows, seed)
    found = label_scores(pa.Table.from_pylist(table), "accuracy", ("blind",))
    languages = sorted({row["language"] for row in table})
    assert found.scores.keys() == {"accuracy"}
    assert found.controls.keys() == {"blind"}
    assert all(list(part) == languages for part in (found.rows, found.scores["accuracy"], found.controls["blind"]))
    for language in languages:
        mine = [row for row in table if row["language"] == language]
        assert found.rows[language] == len(mine)
        assert found.scores["accuracy"][language] == pytest.approx(accuracy(mine), abs=1e-6)
        assert found.controls["blind"][language] == pytest.approx(accuracy(mine, "blind"), abs=1e-6)
        for column in ("structural", "semantic"):
            kinds = sorted({row[column] for row in mine})
            assert list(found.more["types"][column][language]) == kinds
            for kind in kinds:
                expected = accuracy([row for row in mine if row[column] == kind])
                assert found.more["types"][column][language][kind] == pytest.approx(expected, abs=1e-6)


def test_an_answer_is_right_or_wrong_by_its_exact_text() -> None:
    values = [("en", "", "", "no", "no", "not"), ("en", "", "", "no", "No", "no"), ("en", "", "", "1", "one", "1")]
    found = label_scores(
        pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) | EXACT for row in values]), "accuracy", ("blind",)
    )
    assert found.scores == {"accuracy": {"en": 0.333333}}
    assert found.controls == {"blind": {"en": 0.666667}}
    assert "types" not in found.more  # no row has one


def test_answers_that_are_right_in_part() -> None:
    """Annotators' scores count, and 1 for the gold answer of a question that has none."""
    scored = {"golds": ["cat", "dog"], "gold_scores": [1.0, 0.3]}
    rows = [
        {"gold": "cat", "prediction": "cat", "blind": "cow", **scored},
        {"gold": "cat", "prediction": "dog", "blind": "cat", **scored},
        {"gold": "no", "prediction": "no", "blind": "cat", "golds": ["no"], "gold_scores": []},
        {"gold": "no", "prediction": "yes", "blind": "no", "golds": ["no"], "gold_scores": []},
    ]
    table = pa.Table.from_pylist([{"language": "en", "structural": "", "semantic": "", **row} for row in rows])
    found = label_scores(table, "soft_accuracy", ("blind",))
    assert found.scores == {"soft_accuracy": {"en": pytest.approx((1 + 0.3 + 1) / 4)}, "accuracy": {"en": 0.5}}
    assert list(found.scores) == ["soft_accuracy", "accuracy"]  # the main one first
    assert found.controls == {"blind": {"en": 0.5}}
    assert list(label_scores(table, "accuracy").scores) == ["accuracy", "soft_accuracy"]
