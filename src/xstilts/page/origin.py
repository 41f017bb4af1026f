"""Where the numbers of a page come from: encoder, revision, its date, version, and the repository."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from xstilts import __version__
from xstilts.base.cells import Study
from xstilts.base.files import read_json

CHANGED = "+changes"  # after a revision that was not clean
CITATION = Path("CITATION.cff")


def origin(study: Study, name: str | None, encoder: str) -> dict[str, Any]:
    """What is known: `encoder`, `version`, `revisions` that scored the cells, `date` of the last, `repository`."""
    cells = [cell for target in study.targets for own in study.cells(target).values() for cell in own]
    paths = [cell.collected(name) / "provenance.json" for cell in cells]
    found = [read_json(path) for path in paths if path.is_file()]
    revisions = list(dict.fromkeys(one["revision"] for one in found if one.get("revision")))
    dates = filter(None, (_date(one.removesuffix(CHANGED)) for one in revisions))
    about = {"encoder": encoder, "version": __version__, "revisions": revisions, "date": max(dates, default="")}
    return about | {"repository": _repository()}


def _date(revision: str) -> str:
    """The day of a commit; "" of one that git does not know here."""
    command = ["git", "show", "--no-patch", "--format=%cs", revision, "--"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def _repository() -> str:
    """The address that CITATION.cff gives, if it gives one."""
    cited: Mapping[str, Any] = yaml.safe_load(CITATION.read_text(encoding="utf-8")) if CITATION.is_file() else {}
    address = str(cited.get("repository-code", ""))
    return address if address.startswith("https://") else ""
