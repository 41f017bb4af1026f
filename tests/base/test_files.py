"""Outputs are whole or not there, changed bytes are found before they are used, the user's files are never deleted."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file, save_file

from xstilts.base.cache import open_features
from xstilts.base.errors import DataError
from xstilts.base.files import (
    OWN,
    SUMS,
    check_sums,
    open_rows,
    own_directory,
    read_json,
    read_tensors,
    whole_directory,
    write_json,
    write_table,
)


def _flip(path: Path, at: int = -1) -> None:
    """Change one byte, and date the file back."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_an_earlier_output_survives_a_failure(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with whole_directory(out) as draft:
        (draft / "a").write_text("first")
    with pytest.raises(ZeroDivisionError), whole_directory(out) as draft:
        (draft / "a").write_text(str(1 / 0))
    assert (out / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from xstilts.base.files import whole_directory\n"
        "with whole_directory(Path(sys.argv[1])) as draft:\n"
        "    (draft / 'a').write_text('half'); os.kill(os.getpid(), 9)"
    )
    out = tmp_path / "out"
    subprocess.run([sys.executable, "-c", code, str(out)], check=False)
    (left,) = tmp_path.iterdir()
    assert ".draft-" in left.name
    with whole_directory(out) as other, whole_directory(out) as draft:  # one that is being written stays
        assert other.is_dir()
        (draft / "a").write_text("whole")
        assert not left.exists()


def test_sums_are_those_of_sha256sum(tmp_path: Path) -> None:
    with whole_directory(tmp_path / "out") as draft:
        (draft / "inner").mkdir()
        (draft / "a b").write_bytes(bytes(range(256)))
        (draft / "inner" / "ü").write_text("text")
    for folder in (tmp_path / "out", tmp_path / "out" / "inner"):
        assert subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=folder, check=False).returncode == 0


READERS = {
    "rows.arrow": open_rows,
    "w.safetensors": lambda path: read_tensors(path, load_file),
    "features.npy": lambda path: open_features(path.parent),
}


@pytest.mark.parametrize("name", READERS)
def test_a_flipped_byte_is_found_in_rows_weights_and_features(tmp_path: Path, name: str) -> None:
    with whole_directory(tmp_path / "out") as draft:
        write_table(draft / "rows.arrow", pa.table({"id": ["a"] * 100}))
        save_file({"w": torch.zeros(100)}, draft / "w.safetensors")
        np.save(draft / "features.npy", np.zeros((1, 4), np.float16))
        np.save(draft / "boxes.npy", np.zeros((1, 7), np.float32))
        np.save(draft / "offsets.npy", np.array([0, 1]))
        write_json(draft / "images.json", ["a"])
        write_json(draft / "card.json", {"sha256": ""})
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    READERS[name](tmp_path / "out" / name)
    _flip(tmp_path / "copy" / name)
    with pytest.raises(DataError, match="bytes that changed after it was written"):
        READERS[name](tmp_path / "copy" / name)


def test_a_folder_without_sums_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    check_sums(tmp_path)


def write_ours(out: Path, text: str = "ours") -> None:
    with own_directory(out) as draft:
        (draft / "task").mkdir()
        (draft / "task" / "test-en.tsv").write_text(text)


def test_a_folder_that_was_written_here_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new", tmp_path / "empty"):
        write_ours(out)
        write_ours(out, "ours again")
        assert (out / "task" / "test-en.tsv").read_text() == "ours again"
        assert read_json(out / OWN) == {"files": ["task/test-en.tsv"]}


def thesis(out: Path) -> None:
    (out / ".git").mkdir(parents=True)
    (out / ".git" / "HEAD").write_text("ref")


def beside_ours(out: Path) -> None:
    write_ours(out)
    (out / "task" / "thesis.tex").write_text("1")


def a_link(out: Path) -> None:
    (out.parent / "elsewhere").mkdir()
    out.symlink_to(out.parent / "elsewhere")


def with_a_card_of_another_program(out: Path) -> None:
    thesis(out)
    (out / OWN).write_text('{"files": 3}')


FOREIGN: list[Callable[[Path], object]] = [
    thesis,
    beside_ours,
    a_link,
    with_a_card_of_another_program,
    lambda out: out.write_text("a file"),
    lambda out: (out / "empty folder").mkdir(parents=True),
]


@pytest.mark.parametrize("make", FOREIGN, ids=lambda one: one.__name__)
def test_what_is_not_ours_is_refused_and_stays(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="choose another --out; nothing was deleted"):
        write_ours(tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_the_folder_in_which_one_stands_is_no_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thesis(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    for out in (".", "..", "../here", "../here/"):
        with pytest.raises(DataError, match="nothing was deleted"):
            write_ours(Path(out))
    assert (tmp_path / "here" / ".git" / "HEAD").is_file()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them changed, most often among those that describe the others, or cut off."""
    if rng.random() < 0.1:
        return data[: rng.randrange(len(data))]
    content = bytearray(data)
    for _ in range(rng.choice([1, 1, 8])):
        content[rng.randrange(min(len(content), 600) if rng.random() < 0.5 else len(content))] = rng.randrange(256)
    return bytes(content)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a crash must not be this process's")
def test_a_damaged_arrow_file_never_crashes_python(tmp_path: Path) -> None:
    path, rng = tmp_path / "rows.arrow", random.Random(0)
    write_table(path, pa.table({"a": [["x", "yy"], [], ["z"]] * 9, "b": list(range(27))}))
    data, refused = path.read_bytes(), 0
    child = os.fork()
    if not child:
        for _ in range(300):
            path.write_bytes(damaged(data, rng))
            try:
                open_rows(path).to_pylist()
            except DataError:
                refused += 1
            except BaseException:
                os._exit(1)
        os._exit(0 if refused > 50 else 2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("features.npy", b"\x93NUMPY\x01\x00v\x00{'descr", "found an unreadable array"),
        ("offsets.npy", b"", "found an unreadable array"),
        ("images.json", b'["a", "b", "c"]', "found 3 offsets for 3 images"),
        ("images.json", b"[" * 100_000, "found broken JSON"),
        ("card.json", b"{}", "found no sha256"),
        ("card.json", b"[]", "found no sha256"),
    ],
)
def test_damaged_features_are_named(name: str, content: bytes, found: str, tmp_path: Path) -> None:
    np.save(tmp_path / "features.npy", np.zeros((3, 4), np.float16))
    np.save(tmp_path / "boxes.npy", np.zeros((3, 7), np.float32))
    np.save(tmp_path / "offsets.npy", np.array([0, 1, 3]))
    write_json(tmp_path / "images.json", ["a", "b"])
    write_json(tmp_path / "card.json", {"sha256": "x"})
    assert open_features(tmp_path).images == ["a", "b"]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=found) as error:
        open_features(tmp_path)
    assert len(str(error.value)) < 600
