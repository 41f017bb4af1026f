"""Outputs are whole or not there, and a byte that changed after it was written is found before it is used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file, save_file

from xstilts.base.cache import open_features
from xstilts.base.errors import DataError
from xstilts.base.files import SUMS, check_sums, open_rows, read_tensors, whole_directory, write_json, write_table


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
        for array in ("features", "boxes", "offsets"):
            np.save(draft / f"{array}.npy", np.zeros(10))
        write_json(draft / "images.json", [])
        write_json(draft / "card.json", {"sha256": ""})
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    READERS[name](tmp_path / "out" / name)
    _flip(tmp_path / "copy" / name)
    with pytest.raises(DataError, match="bytes that changed after it was written"):
        READERS[name](tmp_path / "copy" / name)


def test_a_folder_without_sums_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    check_sums(tmp_path)
