"""Whether answers follow the clues: what becomes of an answer when a clue that decides it is edited.

An answer that is right and stays as it was, although the clues now say something else, did not come from the clues. So
faithfulness is the share of the rightly answered questions that are also answered rightly after the edit, with the
answer that the edited clues give. This is the test by counterfactual edits of Kaushik et al. 2020 (Learning the
Difference that Makes a Difference with Counterfactually-Augmented Data).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from xstilts.score.points import Points, texts

EDIT = "edited_gold"


def with_edits(predictions: pa.Table, edited: pa.Table) -> pa.Table:
    """The predictions with the columns `edited_gold` and `edited_prediction`, null where a question has no edit.

    Args:
        predictions: of the test split, as `xstilts.score.predictions.prediction_table` has them.
        edited: those of its questions on edited clues, with the same ids and languages.
    """
    names = ("language", "id", "gold", "prediction")
    rows = zip(*(edited[name].to_pylist() for name in names), strict=True)
    after = {(language, name): pair for language, name, *pair in rows}
    keys = zip(predictions["language"].to_pylist(), predictions["id"].to_pylist(), strict=True)
    pairs = [after.get(key, (None, None)) for key in keys]
    for place, column in enumerate((EDIT, "edited_prediction")):
        predictions = predictions.append_column(column, pa.array([pair[place] for pair in pairs], pa.string()))
    return predictions


def faithfulness(predictions: pa.Table) -> dict[str, Any]:
    """Faithfulness by language, by language and question type (`verify attr`), and how many questions it is over.

    Args:
        predictions: as `with_edits` returns them.
    """
    right = texts(predictions, "prediction") == texts(predictions, "gold")
    kept = np.flatnonzero(right & np.array(predictions[EDIT].is_valid()))
    follows = texts(predictions, "edited_prediction") == texts(predictions, EDIT)
    points, languages = Points.each(follows[kept].astype(float)), texts(predictions, "language")[kept]
    types = texts(predictions, "structural")[kept] + " " + texts(predictions, "semantic")[kept]
    mine = {language: languages == language for language in sorted(set(languages))}
    return {
        "faithfulness": points.by(languages),
        "faithfulness_types": {language: points.take(rows).by(types[rows]) for language, rows in mine.items()},
        "edits": {language: int(rows.sum()) for language, rows in mine.items()},
    }
