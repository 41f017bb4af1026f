"""The items of a cell are the columns of its predictions, under the names of every target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows, write_table
from xstilts.report.cells.items import SCHEMA, items, read_items


def test_items_are_what_the_predictions_say(scores: Path) -> None:
    table, found = items(scores / "predictions.arrow"), open_rows(scores / "predictions.arrow")
    assert table.schema == SCHEMA
    names = {name: name for name in ("id", "image_id", "cluster", "language", "structural", "score", "of")}
    for own, name in {**names, "blind": "blind_score", "shuffled": "shuffled_score"}.items():
        assert table[own].to_pylist() == found[name].to_pylist()
    assert set(table["part"].to_pylist()) == {""}


def test_what_a_target_does_not_have(scores: Path, tmp_path: Path) -> None:
    """Of a text target: no images, no question types, and controls that are not 0 but nothing."""
    kept = ["id", "language", "cluster", "score", "of"]
    write_table(tmp_path / "texts.arrow", open_rows(scores / "predictions.arrow").select(kept))
    table = items(tmp_path / "texts.arrow")
    assert table.schema == SCHEMA
    assert [set(table[name].to_pylist()) for name in ("image_id", "part", "structural")] == [{""}] * 3
    assert table["blind"].null_count == table["shuffled"].null_count == len(table) == 12


def test_the_form_of_answers_that_are_free(scores: Path, tmp_path: Path) -> None:
    """Right answers and others of their kind have the right form; answers of a few given labels have none."""
    given = {"yes": "no", "red": "blue", "left": "yes", "cat": "dog", "3": "cat", "two": "4"}
    found = open_rows(scores / "predictions.arrow").slice(0, 6)
    for name, words in (("gold", list(given)), ("prediction", list(given.values()))):
        kept = [one for one in found.column_names if one != name]
        found = found.select(kept).append_column(name, pa.array(words))
    write_table(tmp_path / "free.arrow", found)
    assert items(tmp_path / "free.arrow", "vqa")["form"].to_pylist() == [1, 1, 0, 1, 0, 1]
    assert items(tmp_path / "free.arrow", "classification")["form"].null_count == 6


def test_the_parts_of_image_text_retrieval(scores: Path, tmp_path: Path) -> None:
    directions, found = ["image", "text"] * 6, open_rows(scores / "predictions.arrow")
    write_table(tmp_path / "both.arrow", found.append_column("direction", pa.array(directions)))
    assert items(tmp_path / "both.arrow")["part"].to_pylist() == directions


@pytest.mark.parametrize("missing", ["score", "of", "cluster", "language"])
def test_predictions_of_an_earlier_version_are_refused(scores: Path, tmp_path: Path, missing: str) -> None:
    found = open_rows(scores / "predictions.arrow")
    write_table(tmp_path / "earlier.arrow", found.drop_columns([missing]))
    with pytest.raises(DataError, match=rf"earlier\.arrow: found id.*, expected a column {missing}; run `dvc repro`"):
        items(tmp_path / "earlier.arrow")


def test_another_file_is_refused(tmp_path: Path) -> None:
    content: dict[str, Any] = {"id": ["1"]}
    write_table(tmp_path / "other.arrow", pa.table(content))
    with pytest.raises(DataError, match=r"found id, expected id, image_id"):
        read_items(tmp_path / "other.arrow")
