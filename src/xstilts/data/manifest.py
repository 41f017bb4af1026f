"""What a raw set consists of: manifest.json, written last, and zips without times."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from xstilts.cache import sha256_of, write_json

MANIFEST = "manifest.json"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _FILE_MODE = 3, 0o644 << 16


class Manifest:
    """The hash and size of every file of a raw set, its licence and its source."""

    def __init__(self, root: Path, licence: str, source: str) -> None:
        """Start an empty manifest of the directory `root`."""
        self._root = root
        self._licence, self._source = licence, source
        self._files: dict[str, dict[str, Any]] = {}

    def note(self, name: str, rows: int | None = None) -> None:
        """Note a written file; `rows` says how many questions, scenes or images it holds, if known."""
        path = self._root / name
        self._files[name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size, "rows": rows}

    def write(self) -> None:
        """Write manifest.json."""
        files = dict(sorted(self._files.items()))
        write_json(self._root / MANIFEST, {"files": files, "licence": self._licence, "source": self._source})


def add_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file to a zip; the same content gives the same bytes on every machine and day."""
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system, entry.external_attr = _UNIX, _FILE_MODE
    archive.writestr(entry, content)
