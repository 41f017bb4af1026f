"""Tiny decoders, and a tiny task with pictures that they answer."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tiny_decoders import DECODERS, opened
from xstilts.decoder.model import Decoder
from xstilts.decoder.settings import DecoderSettings


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder of a tiny decoder by its name; made once."""
    root, made = tmp_path_factory.mktemp("decoders"), {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = DECODERS[name](root / name)
        return made[name]

    return folder


@pytest.fixture(params=DECODERS)
def decoder(request: pytest.FixtureRequest, folders: Any) -> Decoder:
    """A tiny decoder of each kind."""
    return opened(request.param, folders(request.param))


class Task:
    """The tiny task `looks` with readable texts and pictures: caches, and the folder of its raw set."""

    LANGUAGES = ("en", "de")

    def __init__(self, tiny: Any, features: dict[str, Any], root: Path, model: Path) -> None:
        self.root, self.raw = root, root / "raw"
        self.settings = DecoderSettings(
            str(model), prompt="{question}?", batch_size=4, accumulation=2, precision="fp32"
        )
        self._draw(tiny, self.raw / Path(features["path"]).name)
        splits = {"train": self.rows(tiny, "looks", 12), "dev": self.rows(tiny, "looks", 6, 1)}
        self.learn = tiny.cache(f"{root.name}-learn", splits, features)
        self.nothing = tiny.cache(f"{root.name}-none", {}, features, tasks="")
        tested = [row for code in self.LANGUAGES for row in self.rows(tiny, "looks", 8, 2, code)]
        self.test = tiny.cache(f"{root.name}-test", {"test": tested}, features)
        self.parses = tiny.cache(f"{root.name}-parses", {"train": self.rows(tiny, "parses", 4), "dev": []}, features)

    @staticmethod
    def rows(tiny: Any, task: str, count: int, seed: int = 0, language: str = "en") -> list[dict[str, Any]]:
        """Rows with the texts that their tokens are of."""
        rows = tiny.rows(task, count, seed, language)
        return [{**row, "texts": [" ".join(tiny.WORDS[word] for word in row["input_ids"][1:-1])]} for row in rows]

    def _draw(self, tiny: Any, folder: Path) -> None:
        folder.mkdir(parents=True)
        random = np.random.default_rng(0)
        with zipfile.ZipFile(folder / "images.zip", "w") as archive:
            for number in range(len(tiny.REGIONS)):
                buffer = BytesIO()
                sides = (30 + 7 * number, 40)
                Image.fromarray(random.integers(0, 255, (*sides, 3), dtype=np.uint8)).save(buffer, "PNG")
                archive.writestr(f"image{number}.png", buffer.getvalue())


@pytest.fixture
def task(tiny: Any, tiny_features: dict[str, Any], tmp_path: Path, folders: Any) -> Task:
    """The task, with a tiny PaliGemma 2."""
    return Task(tiny, tiny_features, tmp_path, folders("PaliGemma 2"))
