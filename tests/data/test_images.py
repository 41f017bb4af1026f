"""Pictures of official sets, brought together in one zip."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from xstilts.base.errors import DataError
from xstilts.base.files import sha256_of
from xstilts.data.images import collect


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")
    return root


def archive(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            out.writestr(name, name)
    return path


def test_folders_and_zips_are_brought_together(tmp_path: Path) -> None:
    train = folder(tmp_path / "train", "0/train-0.png", "1/train-1.PNG", "0/.hidden.png", "notes.txt")
    dev, test = folder(tmp_path / "dev", "0/dev-0.png"), archive(tmp_path / "test.zip", "test/test-0.jpeg", "readme")
    names = ["0/train-0.png", "1/train-1.PNG", "0/dev-0.png", "test/test-0.jpeg"]
    assert collect([train, dev, test], tmp_path / "out.zip") == 4
    with zipfile.ZipFile(tmp_path / "out.zip") as written:
        assert written.namelist() == names
        assert [written.read(name).decode() for name in names] == names
        assert {one.compress_type for one in written.infolist()} == {zipfile.ZIP_STORED}


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    for number, names in enumerate((("a.png", "b/c.png"), ("b/c.png", "a.png"))):
        collect([folder(tmp_path / str(number), *names)], tmp_path / f"{number}.zip")
    assert sha256_of(tmp_path / "0.zip") == sha256_of(tmp_path / "1.zip")


def test_a_single_zip_is_copied_as_it_is(tmp_path: Path) -> None:
    given = archive(tmp_path / "given.zip", "x/a.png", "b.jpg", "annotations.json")
    assert collect([given], tmp_path / "out.zip") == 2
    assert (tmp_path / "out.zip").read_bytes() == given.read_bytes()


@pytest.mark.parametrize("names", [("a/1.png", "b/1.png"), ("1.png", "1.jpg")])
def test_two_pictures_of_one_id_are_named(tmp_path: Path, names: tuple[str, str]) -> None:
    first, second = (folder(tmp_path / str(n), name) for n, name in enumerate(names))
    with pytest.raises(
        DataError, match=rf"1, row {names[1]}: found a second picture '1' \(the first is .*{names[0]}\)"
    ):
        collect([first, second], tmp_path / "out.zip")
    with pytest.raises(DataError, match="found a second picture '1'"):
        collect([archive(tmp_path / "both.zip", *names)], tmp_path / "out.zip")


def test_no_picture_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no picture"):
        collect([folder(tmp_path / "here", "readme.txt")], tmp_path / "out.zip")


def test_a_broken_zip_is_named(tmp_path: Path) -> None:
    given = archive(tmp_path / "given.zip", "a.png", "b.png")
    content = given.read_bytes()
    given.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"given\.zip: found a broken zip"):
        collect([given], tmp_path / "out.zip")


def test_a_broken_picture_in_one_of_several_zips_is_named(tmp_path: Path) -> None:
    given, other = archive(tmp_path / "given.zip", "a" * 60 + ".png"), folder(tmp_path / "here", "b.png")
    content = bytearray(given.read_bytes())
    content[30 + 64] ^= 0xFF  # the first byte after the local header
    given.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"given\.zip, row a+\.png: found a broken picture"):
        collect([other, given], tmp_path / "out.zip")


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    here = folder(tmp_path / "here", "a.png", "disk/b.png")
    (here / "more").symlink_to(here / "disk")
    (here / "disk" / "back").symlink_to(here)
    assert collect([here], tmp_path / "out.zip") == 2


def test_a_link_to_another_folder_is_refused_and_named(tmp_path: Path) -> None:
    """The folder itself may be a link: it is what the task's file names."""
    here, disk = folder(tmp_path / "here", "a.png"), folder(tmp_path / "disk", "b.png")
    (tmp_path / "link").symlink_to(disk)
    assert collect([tmp_path / "link"], tmp_path / "out.zip") == 1
    (here / "more").symlink_to(disk)
    with pytest.raises(DataError, match=r"here/more: found a link to .*/disk, outside of the folder, expected"):
        collect([here], tmp_path / "out.zip")


def test_files_that_are_no_pictures_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert collect([folder(tmp_path / "here", "a.png", "b.heic", "c/notes.txt", "d.webp")], tmp_path / "out.zip") == 2
    found = capsys.readouterr().err
    assert found.endswith("here: 2 files are no pictures by their names' endings, such as b.heic; they are left out\n")


@pytest.mark.parametrize(
    ("place", "value", "found"), [(6, 1, "an encrypted file"), (10, 9, "compressed by 'deflate64'")]
)
def test_zips_that_python_cannot_unpack_are_refused(place: int, value: int, found: str, tmp_path: Path) -> None:
    """Flags and method of the only member, in the central directory, two bytes behind where a local header has them."""
    given = archive(tmp_path / "given.zip", "a.png")
    content = bytearray(given.read_bytes())
    content[content.index(b"PK\x01\x02") + place + 2 - (place == 10) * 2] = value
    given.write_bytes(bytes(content))
    with pytest.raises(DataError, match=rf"given\.zip, row a\.png: found .*{found}.*unpack it and name the folder"):
        collect([given], tmp_path / "out.zip")
