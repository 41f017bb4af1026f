"""Files that are whole or not there: folders, JSON, Arrow and safetensors; a broken one is named in a sentence."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from safetensors import SafetensorError

from xstilts.base.errors import DataError

CARD, SUMS = "card.json", "SHA256SUMS"
OWN = ".xstilts.json"  # in a folder that a user named: the files that were written there
WIDTH = 120  # of a line that `write_compact` writes


@contextmanager
def whole_directory(path: Path, sums: bool = True) -> Iterator[Path]:
    """Yield a temporary directory that replaces `path` at the end, or vanishes if the block fails.

    Nobody ever sees half an output, and an earlier one survives every failure. What a killed process left half-written
    goes with the next one.

    Args:
        sums: write `SHA256SUMS` (as `sha256sum -c` reads it) into every folder of it that has files.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_drafts(path)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.draft-{os.getpid()}-", dir=path.parent))
    try:
        yield draft
        if sums:
            _write_sums(draft)
        draft.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remove_drafts(path: Path) -> None:
    """Remove what processes of this machine that no longer run have left half-written of an output."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.draft-*"):
        number = draft.name.rpartition(".draft-")[2].partition("-")[0]
        if number.isdecimal() and not _runs(int(number)):
            shutil.rmtree(draft, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _write_sums(directory: Path) -> None:
    for folder in (directory, *(path for path in directory.rglob("*") if path.is_dir())):
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if files:
            lines = "".join(f"{sha256_of(path)}  {path.name}\n" for path in files)
            (folder / SUMS).write_text(lines, encoding="utf-8")


def check_sums(directory: Path) -> None:
    """Compare the files of a folder (not those of its subfolders) with `SHA256SUMS`; once per process.

    DVC looks at times and sizes: a byte that a disk has flipped, or a program has changed and dated back, passes it.

    Raises:
        DataError: a file has changed since it was written.
    """
    sums = directory / SUMS
    if sums.is_file():
        _check_sums(sums, sums.stat().st_mtime_ns)


@cache
def _check_sums(sums: Path, written: int) -> None:
    """The same; `written`, when the sums were, is there for the cache alone."""
    for line in sums.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = sums.parent / name
        if path.is_file() and sha256_of(path) != expected:
            todo = f"remove {sums.parent}, and make it again with dvc repro --force --single-item and its stage's name"
            raise DataError(path, None, "bytes that changed after it was written", f"the hash in {sums}", todo)


@contextmanager
def own_directory(path: Path) -> Iterator[Path]:
    """`whole_directory` for a folder that a user names: what is replaced is empty, or was written here, every file.

    Raises:
        DataError: `path` is something else, or a file is in it that no earlier call wrote.
    """
    path = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    refuse_foreign(path)
    with whole_directory(path, sums=False) as draft:
        yield draft
        write_json(draft / OWN, {"files": _files_in(draft)})


def refuse_foreign(path: Path) -> None:
    """Raise `DataError` where `path` is no folder, or one with a file that `own_directory` did not write."""
    found = ""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        found = "a link" if path.is_symlink() else "a file"
    elif path.is_dir() and any(path.iterdir()):
        content = read_json(path / OWN) if (path / OWN).is_file() else {}
        listed = content.get("files") if isinstance(content, dict) else None
        written = {OWN, *(listed if isinstance(listed, list) else ())}
        found = next((f"{one}, which was not written there" for one in _files_in(path) if one not in written), "")
    if found:
        expected = "no folder, an empty one, or one that the same command wrote"
        raise DataError(path, None, found, expected, "choose another --out; nothing was deleted")


def _files_in(folder: Path) -> list[str]:
    """Every file, link and empty folder in a folder."""
    inside = (one for one in folder.rglob("*") if one.is_symlink() or not one.is_dir() or not any(one.iterdir()))
    return sorted(one.relative_to(folder).as_posix() for one in inside)


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_of_files(directory: Path) -> str:
    """Return one SHA-256 for the names and contents of all files in a directory, but for its card and sums."""
    files = sorted(path for path in directory.iterdir() if path.name not in (CARD, SUMS))
    listed = "".join(f"{path.name} {sha256_of(path)}\n" for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write JSON that diffs well: two spaces, UTF-8, a final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON; `DataError` naming the file if it is missing or broken."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
        if "\\ud" in text.lower():  # half of a surrogate pair can be read, and not written again
            json.dumps(content, ensure_ascii=False).encode()
        return content
    except FileNotFoundError:
        raise DataError(path, None, "no such file", "a JSON file", "run `dvc repro`") from None
    except (ValueError, RecursionError) as error:  # also bytes that are not UTF-8, and numbers of 4,300 digits
        line = getattr(error, "lineno", None)
        raise DataError(path, line, f"broken JSON ({error})", "valid JSON", "make the file again") from None
    except OSError as error:
        raise DataError(path, None, f"{error.strerror}", "a JSON file", "run `dvc repro`") from None


def read_object(path: Path, *keys: str) -> dict[str, Any]:
    """Read a JSON object that has at least these keys; `DataError` if it does not."""
    content = read_json(path)
    missing = [key for key in keys if key not in content] if isinstance(content, dict) else [*keys, "object"]
    if missing:
        raise DataError(path, None, f"no {missing[0]}", f"a JSON object with {', '.join(keys)}", "run `dvc repro`")
    return dict(content)


def read_names(path: Path) -> list[str]:
    """Read a JSON list of texts; `DataError` if it is something else."""
    content = read_json(path)
    if not isinstance(content, list) or not all(isinstance(one, str) for one in content):
        raise DataError(path, None, f"{content!r}"[:WIDTH], "a list of names", "make the file again")
    return content


def read_tensors(path: Path, load: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Read a safetensors file with `load` (the reader of the framework in use); `DataError` if missing or damaged."""
    check_sums(path.parent)
    try:
        return load(path)
    except (SafetensorError, OSError) as error:
        found = f"an unreadable file ({error})"
        raise DataError(path, None, found, "whole safetensors", "run `dvc repro` again") from None


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as an Arrow IPC file; the same rows give the same bytes."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=1 << 16)


def open_rows(path: Path) -> pa.Table:
    """Open an Arrow file memory-mapped, every offset and text in it checked: one that is damaged would crash Python."""
    check_sums(path.parent)
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        table.validate(full=True)
        return table
    except FileNotFoundError:
        raise DataError(path, None, "no such file", "a cache", "run `dvc repro`") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(path, None, f"a broken Arrow file ({error})", "a whole cache", "run `dvc repro`") from None


def write_compact(path: Path, content: Any) -> None:
    """Write JSON with two spaces a level, UTF-8 and a final newline; what fits into `WIDTH` characters is one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(compact(content) + "\n", encoding="utf-8")


def compact(content: Any, indent: int = 0, before: int = 0) -> str:
    """The text of a value.

    Args:
        indent: of the line that it begins on.
        before: characters that precede it there, the indent not among them.
    """
    line = json.dumps(content, ensure_ascii=False)
    if indent + before + len(line) < WIDTH or not content or not isinstance(content, (dict, list)):
        return line
    inner, brackets = indent + 2, "{}" if isinstance(content, dict) else "[]"
    if isinstance(content, dict):
        parts = [(json.dumps(key, ensure_ascii=False) + ": ", value) for key, value in content.items()]
    else:
        parts = [("", value) for value in content]
    lines = [" " * inner + key + compact(value, inner, len(key)) for key, value in parts]
    return f"{brackets[0]}\n" + ",\n".join(lines) + f"\n{' ' * indent}{brackets[1]}"
