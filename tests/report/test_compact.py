"""The JSON of the statistics: the same content, short records on a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from xstilts.base.files import WIDTH, compact, write_compact

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=40
)


@given(VALUES)
def test_the_content_is_the_same(content: Any) -> None:
    assert json.loads(compact(content)) == content


def test_a_record_that_fits_has_a_line(tmp_path: Path) -> None:
    record = {"difference": 0.01, "interval": [-0.1, 0.2], "p": 0.5}
    write_compact(tmp_path / "a.json", {"cells": [{"route": "größer", **dict.fromkeys("abc", record)}] * 2, "n": 1})
    lines = (tmp_path / "a.json").read_text(encoding="utf-8").splitlines()
    assert lines[:5] == [
        "{",
        '  "cells": [',
        "    {",
        '      "route": "größer",',
        '      "a": {"difference": 0.01, "interval": [-0.1, 0.2], "p": 0.5},',
    ]
    assert max(map(len, lines)) <= WIDTH
    assert lines[-2:] == ['  "n": 1', "}"]
