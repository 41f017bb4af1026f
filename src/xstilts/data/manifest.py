"""What a raw set consists of: manifest.json, written last, and zips without times."""

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from xstilts.base.files import read_json, sha256_of, write_json

MANIFEST = "manifest.json"
OFFICIAL, EMBEDDED = "official", "pictograms"
IMAGES = "images.zip"
VECTORS = "vectors"  # a folder: one vector per image, and their ids
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _FILE_MODE = 3, 0o644 << 16


class Manifest:
    """The hash and size of every file of a raw set, its licence and its source.

    Attributes:
        languages: those of the set, if they are not the ones of the official set.
        splits: {split: {language: file}} of the splits whose files are not the ones that `encode.files` names.
    """

    def __init__(self, root: Path, licence: str, source: str, data: str = OFFICIAL) -> None:
        """Start an empty manifest of the directory `root`.

        Args:
            data: what the data are, `official` or `pictograms`; every score made from them says so.
        """
        self._root = root
        self._about = {"data": data, "licence": licence, "source": source}
        self.languages: list[str] = []
        self.splits: dict[str, dict[str, str]] = {}
        self._files: dict[str, dict[str, Any]] = {}

    def note(self, name: str, rows: int | None = None, **more: Any) -> None:
        """Note a written file.

        Args:
            rows: how many questions, scenes or images it holds, if known.
            more: `format`, where it is not the task's; `of`, the official file that it comes from; `skipped`, {reason:
                rows} that were left out; `changed`, {how: how often}.
        """
        path = self._root / name
        self._files[name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size, "rows": rows, **more}

    def add_source(self, place: str, licence: str) -> None:
        """Name a further source, and its licence if it is another."""
        if place not in self._about["source"]:
            self._about["source"] = f"{self._about['source']} ({place})".strip()
            self._about["licence"] = _both(self._about["licence"], licence)

    def write(self) -> None:
        """Write manifest.json."""
        files = dict(sorted(self._files.items()))
        own = {key: one for key, one in (("languages", self.languages), ("splits", self.splits)) if one}
        write_json(self._root / MANIFEST, {"files": files, **self._about, **own})


def _both(licence: str, card: str) -> str:
    """The licence of the task's file and, if the card of the hub names another, that one as well."""
    letters = ["".join(one for one in text.lower() if one.isalnum()) for text in (licence, card)]
    if letters[1] in letters[0]:
        return licence
    return f"{licence or 'not named in the task file'} (the hub's card: {card})"


def summary(root: Path) -> str:
    """One line about a raw set: its name, files, rows, images, bytes, licence and source, from its manifest."""
    manifest = read_json(root / MANIFEST)
    files = manifest["files"]
    texts = [entry["rows"] for name, entry in files.items() if name != IMAGES and not name.startswith(VECTORS + "/")]
    skipped: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for entry in files.values():
        skipped.update(entry.get("skipped", {}))
        changed.update(entry.get("changed", {}))
    counted = [rows for rows in texts if rows is not None]
    parts = [f"{root.name}: {len(files)} files"]
    if counted:
        parts.append(f"{sum(counted):,} rows" + (f" in {len(counted)} of them" if len(counted) < len(texts) else ""))
    for reason, left_out in skipped.items():
        parts.append(f"{left_out:,} rows left out: {reason}")
    parts += [f"{number:,} {how}" for how, number in changed.items()]
    if IMAGES in files:
        parts.append(f"{files[IMAGES]['rows']:,} images")
    size = sum(entry["bytes"] for entry in files.values())
    return f"{', '.join(parts)}, {size:,} bytes; licence: {manifest['licence']}; source: {manifest['source']}"


def add_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file to a zip; the same content gives the same bytes on every machine and day."""
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system, entry.external_attr = _UNIX, _FILE_MODE
    archive.writestr(entry, content)
