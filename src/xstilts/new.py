"""A new project from an installed xstilts: parameters, stages, grid, and the code that its stages hash.

The code is copied too: what DVC hashes is what runs, so results depend on the project's own copy, not on whatever is
installed later.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from xstilts.base.errors import DataError, XstiltsError
from xstilts.grid.plan import output

PACKAGE = Path(__file__).parent
SHARED = Path(sys.prefix, "share", "xstilts")  # where an installation has the files of PROJECT
# What a project starts from, below its root. Locks, metrics and data are not copied: they are the project's own.
PROJECT = ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config", ".dvc/plots", "stages", "LICENSE", "NOTICE")
IGNORED = "/data/\n/scratch/\n/dvc_plots/\n.venv\n__pycache__/\n*.pyc\n"


def new(folder: Path) -> None:
    """Lay out a project in a folder that does not exist yet, as a git and DVC repository.

    Raises:
        DataError: the folder is there and not empty.
        XstiltsError: git or DVC cannot initialise it, or this installation lacks the files.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(folder, None, "something that is there already", "a new folder", "choose another name")
    origin = project_files()
    folder.mkdir(parents=True, exist_ok=True)
    for source in _files(origin):
        target = folder / source.relative_to(origin)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    shutil.copytree(PACKAGE, folder / "src" / "xstilts", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    (folder / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
    output("git", "init", "--quiet", folder=folder)
    output("git", "add", "--all", folder=folder)


def project_files() -> Path:
    """The folder that holds `PROJECT`: the repository that this code lies in, or what was installed with it.

    Raises:
        XstiltsError: neither is there.
    """
    for folder in (PACKAGE.parents[1], SHARED):
        if (folder / "dvc.yaml").is_file():
            return folder
    raise XstiltsError(f"{SHARED}: no such folder; install xstilts anew, or work in a clone of its repository")


def _files(origin: Path) -> Iterator[Path]:
    for name in PROJECT:
        path = origin / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in found if one.is_file() and one.suffix not in (".lock", ".pyc"))
