"""The task files of the project: every one is short, complete and loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xstilts.base import parameters
from xstilts.base.kinds import KINDS
from xstilts.base.languages import LANGUAGE3
from xstilts.encode.members import load_mixture
from xstilts.tasks.schema import SPLITS, load_task, named_files

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "stages" / "tasks").glob("*.yaml"))
SECTIONS = ["kind", "data", "encode", "intermediate", "target", "score"]
TEXT = (
    "anli_plus mnli qqp squad squad_v2 hellaswag ccg cosmosqa commonsenseqa socialiqa mlm gqa_told gqa_blind gqa_layout"
).split()
MULTIMODAL = "gqa vqav2 nlvr2 snli_ve nlvr flickr30k flickr8k coco visual7w".split()
TARGETS = (
    "xgqa xgqa_layout xgqa_few_shot xgqa_clues marvl xvnli xflickrco havqa xnli pawsx udpos panx xquad mlqa tydiqa "
    "bucc2018 tatoeba xcopa lareqa mewslix xm3600 wit"
).split()
TASKS = [*TEXT, *MULTIMODAL, *TARGETS]


@pytest.fixture(autouse=True)
def repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_task_of_the_study_has_a_file() -> None:
    tasks = {name for name in parameters.task_names() if parameters.task_kind(name) != "mixture"}
    assert len(TASKS) == len(set(TASKS)) == 45
    assert tasks == set(TASKS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_task_file_is_short_and_loads(path: Path) -> None:
    content = parameters.read_yaml(path)
    assert list(content) == SECTIONS
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("    ")]) <= 15  # without data.official
    if content["kind"] == "mixture":
        assert load_mixture(path.stem).name == path.stem
    else:
        assert load_task(path.stem).kind in KINDS
        assert re.search(r"(19|20)\d\d", content["data"]["citation"])
        assert content["data"]["licence"]
        root = content["data"]["official"]["root"]  # below the user's data_root; null: no published set, to be named
        assert root is None or not Path(root).is_absolute()


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_what_its_kind_needs(name: str) -> None:
    task = load_task(name)
    section = task.encode
    assert section.metric in KINDS[task.kind].metrics
    assert len(set(section.languages)) == len(section.languages)
    assert ("test" in section.files) == (name in TARGETS)
    assert set(section.files) <= set(SPLITS)
    assert bool(section.labels) == (task.kind in ("classification", "tagging") and name != "ccg")
    assert all(named_files(section, task.kind, split) for split in section.files)
    if name in TARGETS and task.kind != "retrieval":
        assert section.languages[0] == "en"
        assert len(section.languages) > 1


@pytest.mark.parametrize("name", MULTIMODAL)
def test_multimodal_tasks_have_images_and_text_tasks_none(name: str) -> None:
    assert load_task(name).encode.features
    assert not any(load_task(other).encode.features for other in TEXT)


def test_xgqa_few_shot_is_trained_on_the_seven_other_languages() -> None:
    section = load_task("xgqa_few_shot").encode
    assert [section.languages[0], *section.train_languages] == section.languages
    assert len(section.train_languages) == 7


def test_the_languages_are_those_of_the_published_sets() -> None:
    sizes = {"xnli": 15, "pawsx": 7, "udpos": 33, "panx": 40, "xquad": 12, "mlqa": 7, "tydiqa": 9, "bucc2018": 4}
    sizes |= {
        "tatoeba": 36,
        "xcopa": 12,
        "lareqa": 11,
        "mewslix": 11,
        "xgqa": 8,
        "marvl": 6,
        "xvnli": 5,
        "xflickrco": 8,
        "xm3600": 36,
        "wit": 11,
    }
    assert {name: len(load_task(name).encode.languages) for name in sizes} == sizes


def test_every_cell_of_the_grid_has_a_task_file() -> None:
    grid = parameters.grid()
    cells = {*grid["datasets"], *grid["intermediates"], *grid["targets"]}
    assert len(cells) >= 9
    assert cells <= set(parameters.task_names())


def test_three_letter_codes_are_distinct() -> None:
    assert len(set(LANGUAGE3.values())) == len(LANGUAGE3)
