"""Official data sets from local files: found, checked to be there, and copied into the raw layout."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xstilts.cache import whole_directory
from xstilts.data.layout import LAYOUT
from xstilts.data.manifest import Manifest, add_member
from xstilts.errors import DataError, ParameterError

_LANGUAGE = "{language}"
_PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Official:
    """Where the official files of a data set are.

    Attributes:
        root: directory that holds them; None: not set, the world `official` cannot be made.
        files: by split, the file's path under `root`; `{language}` stands for the languages there are.
        images: a folder or a zip of pictures under `root`, if the set has any.
    """

    root: str | None = None
    files: dict[str, str] | None = None
    images: str | None = None


def copy_official(dataset: str, official: Official, out: Path, licence: str, citation: str) -> None:
    """Copy the official files of a data set into `out`, which appears whole or not at all.

    Raises:
        ParameterError: no root or no files are named.
        DataError: a file is missing.
    """
    if not official.root or not official.files:
        raise ParameterError(
            f"stages/tasks/{dataset}.yaml: data.official names no root or no files, so the world 'official' "
            f"has no {dataset}; set root to the files' directory, or choose `world: pictograms`"
        )
    root = Path(official.root)
    copies: dict[str, Path] = {}
    for split in official.files:
        copies |= _files(dataset, official, split)
    images = _existing(root / official.images, "the images") if official.images else None
    with whole_directory(out) as draft:
        manifest = Manifest(draft, licence, citation)
        for target, source in sorted(copies.items()):
            (draft / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, draft / target)
            manifest.note(target)
        if images is not None:
            manifest.note("images.zip", _collect(images, draft / "images.zip"))
        manifest.write()


def _files(dataset: str, official: Official, split: str) -> Mapping[str, Path]:
    """The files of one split: their path in the raw layout, and where they are now."""
    root, name = Path(official.root or ""), (official.files or {})[split]
    target = LAYOUT.get(dataset, {}).get(split, Path(name).name)
    if _LANGUAGE not in name:
        return {target.replace(_LANGUAGE, "en"): _existing(root / name, f"the {split} file")}
    before, after = name.split(_LANGUAGE)
    found = sorted(root.glob(f"{before}*{after}"))
    if not found:
        raise DataError(root / name, None, "no such file in any language", f"the {split} files", _ADVICE)
    pattern = re.compile(re.escape(Path(before).name or "") + r"(.+)" + re.escape(after))
    languages = {path: match[1] for path in found if (match := pattern.fullmatch(path.name))}
    return {target.replace(_LANGUAGE, language): path for path, language in languages.items()}


def _existing(path: Path, what: str) -> Path:
    if not path.exists():
        raise DataError(path, None, "no such file", what, _ADVICE)
    return path


_ADVICE = "put it there, or mend data.official in the task's file"


def _collect(images: Path, target: Path) -> int:
    """Bring the images into one zip; return how many there are."""
    if images.is_file():
        shutil.copyfile(images, target)
        with zipfile.ZipFile(target) as archive:
            return sum(name.lower().endswith(_PICTURES) for name in archive.namelist())
    found = sorted(path for path in images.rglob("*") if path.suffix.lower() in _PICTURES)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in found:
            add_member(archive, path.relative_to(images).as_posix(), path.read_bytes())
    return len(found)
