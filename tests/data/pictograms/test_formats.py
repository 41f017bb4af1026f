"""The raw sets are what the readers of the official formats expect, under the names of the task files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.languages import LANGUAGE3
from xstilts.data.pictograms.build import DATASETS, INTERMEDIATES, TARGETS, World, make
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.world import LAYOUT
from xstilts.tasks import drop_overlap, read_split, with_raw_languages
from xstilts.tasks.examples import ChoiceExample, ClassificationExample, MatchingExample, VqaExample
from xstilts.tasks.schema import load_task

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def smallest(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sets at the least size there is: four scenes a split."""
    out = tmp_path_factory.mktemp("smallest")
    for dataset in (*INTERMEDIATES, *TARGETS):
        make(dataset, World(assets, share=0.001), out / dataset)
    return out


def pictures(example: Any) -> tuple[str, ...]:
    if isinstance(example, ClassificationExample):
        return example.images
    if isinstance(example, VqaExample | MatchingExample | ChoiceExample) and example.image is not None:
        return (example.image,)
    return ()


def filled(names: str | list[str], language: str) -> set[str]:
    """The paths of a split in a language, without the formats before them."""
    paths = [names] if isinstance(names, str) else names
    codes = {"language": language, "language3": LANGUAGE3[language]}
    return {path.rpartition(":")[2].format(**codes) for path in paths}


def test_layout_names_every_set_of_the_world() -> None:
    assert {*LAYOUT, "names"} == set(DATASETS)


@pytest.mark.parametrize("dataset", sorted(LAYOUT))
def test_readers_look_where_the_world_writes(dataset: str) -> None:
    encode = load_task(dataset).encode
    for language in ("en", "de"):
        read = set[str]()
        for split, names in encode.files.items():
            read |= filled(names, "en" if split == "dev" else language)
        written = set[str]()
        for name in LAYOUT[dataset].values():
            written |= filled(name, language)
        assert read == written


@pytest.mark.parametrize("dataset", sorted({**INTERMEDIATES, **TARGETS}))
def test_the_readers_read_every_split(twins: Path, graphs: dict[str, Any], dataset: str) -> None:
    task = with_raw_languages(load_task(dataset), twins / dataset)
    images = set(graphs) if task.encode.features else None
    readings = {split: read_split(task, split, twins / dataset, images) for split in task.encode.files}
    kept = drop_overlap(task, readings)
    assert {split: len(one.examples) for split, one in kept.items()} == {
        split: len(one.examples) for split, one in readings.items()
    }
    for reading in readings.values():
        assert len(reading.examples) >= 16
        assert not reading.skipped
    if dataset in TARGETS:
        rows = Counter(example.language for example in readings["test"].examples)
        assert set(rows) == set(LANGUAGES) - ({"en"} if dataset == "tatoeba" else set())
        assert len(set(rows.values())) == 1


@pytest.mark.parametrize("dataset", sorted({**INTERMEDIATES, **TARGETS}))
def test_splits_and_phases_share_no_picture(twins: Path, dataset: str) -> None:
    task = with_raw_languages(load_task(dataset), twins / dataset)
    own = "xgqa" if dataset in TARGETS else "gqa"
    assert task.encode.features in (own, None)
    for split in task.encode.files:
        found = {image for one in read_split(task, split, twins / dataset).examples for image in pictures(one)}
        assert all(image.startswith(f"{own}-{split}-") for image in found)
        assert found or task.encode.features is None


@pytest.mark.parametrize("dataset", sorted({**INTERMEDIATES, **TARGETS}))
def test_the_smallest_world_has_every_split_and_label(smallest: Path, dataset: str) -> None:
    task = with_raw_languages(load_task(dataset), smallest / dataset)
    for split in task.encode.files:
        examples = read_split(task, split, smallest / dataset).examples
        assert len(examples) >= 2
        if task.kind == "classification":
            assert {one.label for one in examples if isinstance(one, ClassificationExample)} == set(task.encode.labels)
        if dataset == "xcopa":
            assert {one.label for one in examples if isinstance(one, ChoiceExample)} == {0, 1}
