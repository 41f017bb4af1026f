"""The version comes from git's tags; without any, and without git, there is one all the same."""

from __future__ import annotations

import importlib.metadata
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import xstilts

ROOT = Path(__file__).parents[1]
FILES = ("pyproject.toml", ".gitattributes", ".git_archival.txt")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of one commit with the files that decide the version, and no tag."""
    (root := tmp_path / "clone").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "start")
    return root


def git(root: Path, *arguments: str) -> bytes:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, check=True).stdout


def version_of(folder: Path) -> str:
    """What a wheel that is built there would have."""
    command = [sys.executable, "-m", "setuptools_scm"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def exported(root: Path, to: Path) -> Path:
    """The tarball of the last commit, unpacked."""
    with tarfile.open(fileobj=io.BytesIO(git(root, "archive", "HEAD"))) as archive:
        archive.extractall(to, filter="data")
    return to


def test_a_tag_is_the_version_and_a_model_s_tag_is_none(clone: Path, tmp_path: Path) -> None:
    git(clone, "tag", "v0.7.0")
    git(clone, "tag", "xgqa@v3.0.0")
    assert version_of(clone) == "0.7.0"
    assert version_of(exported(clone, tmp_path / "tarball")) == "0.7.0"
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "more")
    git(clone, "tag", "xgqa@v4.0.0")
    assert version_of(clone).startswith("0.7.1.dev1+g")


def test_without_tags_and_without_git_there_is_a_version(clone: Path, tmp_path: Path) -> None:
    git(clone, "tag", "xgqa@v3.0.0")
    assert version_of(clone).startswith("0.1.dev1+g")
    assert version_of(exported(clone, tmp_path / "tarball")) == "0.1.dev0"
    (copy := tmp_path / "copy").mkdir()
    for name in FILES:
        shutil.copy(clone / name, copy / name)
    assert version_of(copy) == "0.1.dev0"


def test_the_package_says_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert xstilts.__version__ == importlib.metadata.version("xstilts")

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert xstilts.__version__ == "unknown"
    with pytest.raises(AttributeError, match="module 'xstilts' has no attribute 'versoin'"):
        xstilts.versoin  # noqa: B018
