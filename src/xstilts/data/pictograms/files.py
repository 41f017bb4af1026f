"""Writing a raw set of the embedded world: JSON, JSON lines, images, manifest; the same bytes each time."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from xstilts.data.manifest import EMBEDDED, Manifest, add_member

LICENCE = "CC BY-SA 4.0 (drawings: OpenMoji, https://openmoji.org)"
SOURCE = "made from a seed by xstilts (embedded world of pictograms)"


class RawSet:
    """The files of one raw set, noted as they are written; `finish` writes the manifest."""

    def __init__(self, root: Path) -> None:
        """Start in the empty directory `root`."""
        self._root = root
        self._manifest = Manifest(root, LICENCE, SOURCE, EMBEDDED)

    def json(self, name: str, content: Any, rows: int) -> None:
        """Write JSON on one line, as the official sets do, holding `rows` questions, scenes or images."""
        self.text(name, json.dumps(content, ensure_ascii=False), rows)

    def json_lines(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a file of one JSON object a line."""
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        self.text(name, "".join(line + "\n" for line in lines), len(lines))

    def text(self, name: str, text: str, rows: int) -> None:
        """Write a text file of `rows` rows (of a format that spreads a row over lines, the number of rows)."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self._manifest.note(name, rows)

    def lines(self, name: str, lines: Iterable[str]) -> None:
        """Write a file of one row a line."""
        own = list(lines)
        self.text(name, "".join(line + "\n" for line in own), len(own))

    def images(self, name: str, images: Iterable[tuple[str, Image.Image]]) -> None:
        """Write pictures as `<id>.png` into a zip."""
        with zipfile.ZipFile(self._root / name, "w", zipfile.ZIP_STORED) as archive:
            for identifier, image in images:
                add_member(archive, f"{identifier}.png", png_bytes(image))
            count = len(archive.namelist())
        self._manifest.note(name, count)

    def languages(self, languages: Sequence[str]) -> None:
        """Say which languages the set is in, where they are not those of the official set."""
        self._manifest.languages = list(languages)

    def finish(self) -> None:
        """Write manifest.json."""
        self._manifest.write()


def png_bytes(image: Image.Image) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()
