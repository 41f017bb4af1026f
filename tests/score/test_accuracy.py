"""Accuracies by language and by type, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score

from xstilts.score.accuracy import scores

COLUMNS = ("language", "structural", "semantic", "gold", "prediction", "blind")


def random_table(rows: int, seed: int) -> list[dict[str, Any]]:
    """Predictions right in about half of the rows; some types do not occur in some languages."""
    random = np.random.default_rng(seed)
    table = []
    for _ in range(rows):
        language = str(random.choice(["en", "de", "bn"]))
        structural = str(random.choice(["query", "verify"] + ["choose"] * (language == "de")))
        semantic, gold, prediction, blind = (str(random.choice(["a", "b"])) for _ in range(4))
        values = (language, structural, semantic, gold, prediction, blind)
        table.append(dict(zip(COLUMNS, values, strict=True)))
    return table


def accuracy(rows: list[dict[str, Any]], column: str = "prediction") -> float:
    return float(accuracy_score([row["gold"] for row in rows], [row[column] for row in rows]))


@pytest.mark.parametrize(("rows", "seed"), [(1, 0), (7, 1), (200, 2), (1000, 3)])
def test_against_scikit_learn(rows: int, seed: int) -> None:
    table = random_table(rows, seed)
    found = scores(pa.Table.from_pylist(table))
    languages = sorted({row["language"] for row in table})
    assert found.keys() == {"rows", "accuracy", "blind", "types"}
    assert all(list(found[part]) == languages for part in ("rows", "accuracy", "blind"))
    for language in languages:
        mine = [row for row in table if row["language"] == language]
        assert found["rows"][language] == len(mine)
        assert found["accuracy"][language] == pytest.approx(accuracy(mine), abs=1e-6)
        assert found["blind"][language] == pytest.approx(accuracy(mine, "blind"), abs=1e-6)
        for column in ("structural", "semantic"):
            kinds = sorted({row[column] for row in mine})
            assert list(found["types"][column][language]) == kinds
            for kind in kinds:
                expected = accuracy([row for row in mine if row[column] == kind])
                assert found["types"][column][language][kind] == pytest.approx(expected, abs=1e-6)


def test_an_answer_is_right_or_wrong_by_its_exact_text() -> None:
    values = [("en", "", "", "no", "no", "not"), ("en", "", "", "no", "No", "no"), ("en", "", "", "1", "one", "1")]
    found = scores(pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in values]))
    assert found["accuracy"] == {"en": 0.333333}
    assert found["blind"] == {"en": 0.666667}
    assert found["types"]["structural"] == {"en": {"": 0.333333}}
