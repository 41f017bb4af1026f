"""Answers on edited clues: how often a right answer becomes the one that the edited clues give."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xstilts.base.files import open_rows, read_json, write_json
from xstilts.model.checkpoint import CARD
from xstilts.score.faithful import faithfulness, with_edits
from xstilts.score.scoring import open_scoring
from xstilts.score.settings import ScoreSettings

COLUMNS = ("language", "id", "gold", "prediction", "structural", "semantic")


def table(*rows: str) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(COLUMNS, row.split(), strict=True)) for row in rows])


def test_faithfulness_is_over_the_edited_questions_that_were_answered_rightly() -> None:
    before = table(
        "en 1 red red query attr", "en 2 yes yes verify obj", "en 3 dog cat query obj", "en 4 left left choose rel",
        "de 1 red red query attr", "de 2 yes no verify obj",
    )  # fmt: skip
    after = table(
        "en 1 blue blue query attr", "en 2 no yes verify obj", "en 3 cat cat query obj",
        "de 1 blue red query attr", "de 2 no no verify obj",
    )  # fmt: skip
    both = with_edits(before, after)
    assert both["edited_gold"].to_pylist() == ["blue", "no", "cat", None, "blue", "no"]
    assert both["edited_prediction"].to_pylist() == ["blue", "yes", "cat", None, "red", "no"]
    assert faithfulness(both) == {
        "faithfulness": {"de": 0.0, "en": 0.5},
        "faithfulness_types": {"de": {"query attr": 0.0}, "en": {"query attr": 1.0, "verify obj": 0.0}},
        "edits": {"de": 1, "en": 2},
    }


def test_a_target_with_edited_clues_says_how_faithful_its_answers_are(
    make_cache: Callable[..., Path], untrained: Callable[[Path], Path], score: Callable[..., Path]
) -> None:
    """The edited questions are the test questions again, so that every right answer stays right."""
    cache = make_cache("looks")
    shutil.copy(cache / "test.arrow", cache / "edited.arrow")
    out = score(cache, untrained(cache))
    found, predictions = read_json(out / "scores.json"), open_rows(out / "predictions.arrow")
    assert found["faithfulness"] == dict.fromkeys(found["rows"], 1.0)
    assert predictions["edited_prediction"].to_pylist() == predictions["prediction"].to_pylist()
    pairs = zip(*(predictions[name].to_pylist() for name in ("gold", "prediction")), strict=True)
    assert sum(found["edits"].values()) == sum(gold == given for gold, given in pairs) > 0


@pytest.mark.parametrize("pictures", ["shown", "blind"])
def test_what_was_trained_blind_is_tested_blind(
    pictures: str, make_cache: Callable[..., Path], untrained: Callable[[Path], Path], public: Path
) -> None:
    cache = make_cache("looks")
    checkpoint = untrained(cache)
    card: dict[str, Any] = read_json(checkpoint / CARD)
    write_json(checkpoint / CARD, {**card, "training": {"settings": {"pictures": pictures}}})
    scoring = open_scoring(checkpoint, public, cache, ScoreSettings())
    seen = {shown: scoring.examples(shown).visual_lengths.sum() > 0 for shown in ("shown", "blind", "shuffled")}
    assert seen == {"shown": pictures == "shown", "blind": False, "shuffled": pictures == "shown"}
