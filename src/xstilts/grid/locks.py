"""dvc.lock files of two branches that each computed cells: joined stage by stage where git sees a conflict of lines."""

from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError
from xstilts.grid.plan import output

BASE, OURS, THEIRS = 1, 2, 3  # git's numbers of the versions of a file in conflict


def merge_locks() -> dict[str, list[str]]:
    """Join every dvc.lock in which git found a conflict, and `git add` it.

    Returns: {file: stages that both branches changed differently, which now have no entry}.

    Raises:
        ParameterError: no dvc.lock is in conflict.
    """
    listed = output("git", "diff", "--name-only", "--diff-filter=U", "--relative", "-z").split("\0")
    files = [name for name in listed if Path(name).name == "dvc.lock"]
    if not files:
        raise ParameterError("no dvc.lock is in conflict; run this at the repository root once `git merge` has stopped")
    return {name: _merge_file(name) for name in files}


def _merge_file(name: str) -> list[str]:
    from dvc.utils.serialize import dump_yaml

    joined, conflicts = merge(*(_entries(name, version) for version in (BASE, OURS, THEIRS)))
    draft = Path(f"{name}.new")
    dump_yaml(str(draft), {"schema": "2.0", "stages": joined})
    draft.replace(name)
    output("git", "add", "--", name)
    return conflicts


def merge(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Join the entries of two branches, {stage: entry}, given those of their common ancestor.

    What one branch alone changed is taken from it. Where both did, neither entry is true of the joined files unless
    they are the same: it is left out, and the stage is looked at again.

    Returns: the joined entries, and the stages that were left out.
    """
    joined, conflicts = {}, []
    for stage in dict.fromkeys([*ours, *theirs]):
        before, one, other = (entries.get(stage) for entries in (base, ours, theirs))
        if one != other and before not in (one, other):
            conflicts.append(stage)
        elif entry := (other if one == before else one):
            joined[stage] = entry
    return joined, conflicts


def _entries(name: str, version: int) -> dict[str, Any]:
    """The stages of one version of a lock file; none where that version has no such file."""
    from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml

    if f" {version}\t" not in output("git", "ls-files", "--unmerged", "--", name):
        return {}
    try:
        content = parse_yaml(output("git", "show", f":{version}:./{name}"), name)
        return dict(content["stages"])
    except (YAMLFileCorruptedError, KeyError, TypeError):
        todo = "take one side with `git checkout --ours` or `--theirs`, then run the study again"
        raise DataError(name, None, "a broken version of it in git", "DVC's entries by stage", todo) from None
