"""Every task with datasets of the hub, read from tiny copies of the published layout, without any local file."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub_server import HubServer
from hub_sets import with_key
from xstilts.base.files import read_json
from xstilts.data.raw import write_raw
from xstilts.tasks import read_split
from xstilts.tasks.schema import load_task

ROOT = Path(__file__).parents[2]
TASKS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "stages/tasks").glob("*.yaml")}
HUB = {
    name: task["data"]["official"]["hub"]
    for name, task in TASKS.items()
    if "hub" in (task["data"].get("official") or {})
}
LOCAL = {"marvl": {"train", "dev"}}  # splits that no dataset of the hub has in one piece
# Rows of each split, in all languages together, of the tiny copies.
ROWS = {
    "anli_plus": "train 12 dev 12",
    "bucc2018": "test 96",
    "coco": "train 8 dev 4",
    "commonsenseqa": "train 5 dev 5",
    "cosmosqa": "train 4 dev 4",
    "flickr30k": "train 8 dev 4",
    "flickr8k": "train 10 dev 10",
    "gqa": "train 3 dev 3",
    "hellaswag": "train 4 dev 4",
    "marvl": "test 18",
    "mlm": "train 160 dev 1000",
    "mlqa": "train 4 dev 2 test 21",
    "mnli": "train 3 dev 3",
    "panx": "train 2 dev 2 test 80",
    "pawsx": "train 2 dev 2 test 14",
    "qqp": "train 2 dev 2",
    "snli_ve": "train 3 dev 3",
    "socialiqa": "train 3 dev 3",
    "squad": "train 4 dev 4",
    "squad_v2": "train 3 dev 3",
    "tatoeba": "test 144",
    "tydiqa": "train 2 dev 4 test 18",
    "udpos": "train 2 dev 2 test 66",
    "wit": "train 8 dev 4 test 44",
    "xcopa": "train 4 dev 4 test 48",
    "xflickrco": "train 8 dev 4 test 16",
    "xgqa": "train 3 dev 3 test 32",
    "xm3600": "train 8 dev 4 test 144",
    "xnli": "train 3 dev 3 test 45",
    "xquad": "train 4 dev 4 test 36",
    "xvnli": "train 3 dev 3 test 15",
}
PICTURES = {"flickr30k": 6, "flickr8k": 4, "gqa": 4, "marvl": 36, "wit": 8, "xflickrco": 8, "xgqa": 6, "xm3600": 8}


def test_at_least_thirty_sets_come_from_the_hub() -> None:
    assert len(HUB) >= 30
    assert set(HUB) == set(ROWS)


def test_a_commit_is_the_same_wherever_a_repository_is_named() -> None:
    several: dict[str, set[str]] = {}
    for one in with_key(list(HUB.values()), "revision"):
        several.setdefault(one["repo"], set()).add(one["revision"])
    assert {repo: one for repo, one in several.items() if len(one) > 1} == {}


@pytest.mark.parametrize("task", sorted(HUB))
def test_a_set_is_read_from_the_hub_alone(
    task: str, official_hub: HubServer, assets: Path, parameter_files: Any
) -> None:
    if task in LOCAL:
        parameter_files.edit(
            f"stages/tasks/{task}.yaml",
            lambda content: (
                [content["encode"]["files"].pop(split) for split in LOCAL[task]]
                + [content["data"]["official"].pop("files")]
            ),
        )
    write_raw(task, assets, Path("data/raw") / task)
    spec, raw = load_task_of(task), Path("data/raw") / task
    images = pictures(raw)
    found, languages = [], set()
    for split in spec.encode.files:
        examples = read_split(spec, split, raw, images or None).examples
        found.append(f"{split} {len(examples)}")
        languages |= {one.language for one in examples}
        counts = Counter(one.language for one in examples)
        assert len(set(counts.values())) == 1, counts
    assert " ".join(found) == ROWS[task]
    assert languages == set(spec.encode.languages)
    assert len(images) == PICTURES.get(task, 0)
    assert read_json(raw / "manifest.json")["source"].count("hf://datasets/") >= 1


def load_task_of(task: str) -> Any:
    """The task, also where a test took splits away that every trained task has."""
    from dataclasses import replace

    if task not in LOCAL:
        return load_task(task)
    path = Path(f"stages/tasks/{task}.yaml")
    kept = path.read_text(encoding="utf-8")
    path.write_text((ROOT / path).read_text(encoding="utf-8"), encoding="utf-8")
    spec = load_task(task)
    path.write_text(kept, encoding="utf-8")
    files = {split: names for split, names in spec.encode.files.items() if split not in LOCAL[task]}
    return replace(spec, encode=replace(spec.encode, files=files))


def pictures(raw: Path) -> set[str]:
    if not (raw / "images.zip").exists():
        return set()
    with zipfile.ZipFile(raw / "images.zip") as archive:
        return {Path(name).stem for name in archive.namelist()}
