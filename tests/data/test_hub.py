"""Official data from the hub: Parquet files of one commit become JSON lines, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub_server import classes, parquet, readme
from xstilts.base.errors import DataError, ParameterError
from xstilts.data.hub_files import open_repository
from xstilts.data.manifest import summary
from xstilts.data.raw import official_source, write_raw

ROOT = Path(__file__).parents[2]
LABELS = ["entailment", "neutral", "contradiction"]
CLASSES = {"label": classes(*LABELS)}
COLUMNS = {"id": "pair", "text": "premise", "second": "hypothesis", "label": "label"}
CARD = {
    "license": "cc-by-nc-sa-3.0",
    "dataset_info": {"splits": [{"name": "train", "num_bytes": 1, "num_examples": 5}]},
}


def pairs(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"pair": start + n, "premise": f"p{start + n}", "hypothesis": f"h{start + n}", "label": (start + n) % 3}
        for n in range(count)
    ]


@pytest.fixture
def mnli(parameter_files: Any, hub: Any) -> Any:
    """MultiNLI's task file, pointed at a small set on the hub; call it with other values of the section `hub`."""
    hub.files = {
        "README.md": readme(CARD),
        "data/train-00000-of-00002.parquet": parquet(pairs(3), CLASSES),
        "data/train-00001-of-00002.parquet": parquet(pairs(2, 3), CLASSES),
        "data/validation-00000-of-00001.parquet": parquet(pairs(2), CLASSES),
    }
    splits = {"train": "train", "dev": "validation"}
    section = {"repo": hub.REPO, "revision": hub.commit, "splits": splits, "columns": dict(COLUMNS)}
    parameter_files.edit("params.yaml", lambda content: content.update(world="official"))

    def point(**values: Any) -> None:
        def change(content: dict[str, Any]) -> None:
            content["data"].update(official={"hub": {**section, **values}}, licence="as in the paper")
            content["encode"]["files"] = {"train": "train.jsonl", "dev": "dev.jsonl"}

        parameter_files.edit("stages/tasks/mnli.yaml", change)

    point()
    return point


def rows_of(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def test_rows_of_every_shard_become_json_lines_with_names_of_labels(mnli: Any, assets: Path) -> None:
    write_raw("mnli", assets, Path("out"))
    expected = [{"id": str(n), "text": f"p{n}", "second": f"h{n}", "label": LABELS[n % 3]} for n in range(5)]
    assert rows_of("out/train-en.jsonl") == expected
    assert rows_of("out/dev-en.jsonl") == expected[:2]


def test_the_manifest_names_format_rows_commit_and_both_licences(mnli: Any, hub: Any, assets: Path) -> None:
    write_raw("mnli", assets, Path("out"))
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    entries = {name: (entry["rows"], entry["format"]) for name, entry in manifest["files"].items()}
    assert entries == {"train-en.jsonl": (5, "rows"), "dev-en.jsonl": (2, "rows")}
    assert f"hf://datasets/owner/set@{hub.commit}" in manifest["source"]
    assert manifest["licence"] == "as in the paper (the hub's card: cc-by-nc-sa-3.0)"


def test_of_files_only_the_card_and_the_rows_are_fetched(mnli: Any, hub: Any, assets: Path) -> None:
    hub.files["other.py"] = b"raise SystemExit('a script was run')"
    write_raw("mnli", assets, Path("out"))
    assert f"GET /api/datasets/owner/set/revision/{hub.commit}?blobs=true" in hub.requests
    fetched = {one.rsplit("/", 1)[1] for one in hub.requests if one.startswith("GET /datasets/")}
    assert fetched - {".huggingface.yaml", "dataset_infos.json"} == {
        name.rsplit("/", 1)[-1] for name in hub.files if name != "other.py"
    }


def test_a_set_with_a_loading_script_is_read_by_paths_and_the_script_is_not_run(
    mnli: Any, hub: Any, assets: Path
) -> None:
    hub.files["set.py"] = b"raise SystemExit('a loading script was run')"
    with pytest.raises(DataError, match=r"no usable answer \(Dataset scripts are no longer supported"):
        write_raw("mnli", assets, Path("out"))
    mnli(splits={"train": "data/train-*.parquet", "dev": "data/validation-*.parquet"})
    hub.requests.clear()
    write_raw("mnli", assets, Path("out"))
    assert len(rows_of("out/train-en.jsonl")) == 5
    assert not [one for one in hub.requests if "set.py" in one]


def test_a_commit_that_is_not_named_is_asked_for_once_shown_and_locked(
    mnli: Any, hub: Any, assets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mnli(revision=None)
    official_source("mnli")
    assert (hub.requests, Path("stages/hub.lock.yaml").exists()) == ([], False)
    write_raw("mnli", assets, Path("out"))
    assert f"owner/set is at {hub.commit} today; written to stages/hub.lock.yaml: commit that file" in (
        capsys.readouterr().err
    )
    asked = len([one for one in hub.requests if "/revision/main" in one])
    hub.commits["owner/set"] = "0" * 40  # main has moved on: what is locked is read
    open_repository.cache_clear()
    with pytest.raises(DataError, match=r"@1d5a9ea\w+: found no usable answer"):
        write_raw("mnli", assets, Path("other"))
    assert len([one for one in hub.requests if "/revision/main" in one]) == asked == 1


def test_a_lock_that_holds_no_commit_is_refused(mnli: Any, assets: Path) -> None:
    mnli(revision=None)
    Path("stages/hub.lock.yaml").write_text("owner/set: main\n")
    with pytest.raises(ParameterError, match=r"hub\.lock\.yaml: owner/set is 'main', expected a commit"):
        write_raw("mnli", assets, Path("out"))


def test_a_set_that_the_hub_has_not_is_a_sentence(mnli: Any, hub: Any, assets: Path) -> None:
    for values in ({"repo": "owner/sett"}, {"revision": "0" * 40}):
        mnli(**values)
        with pytest.raises(DataError, match=r"hf://datasets/owner/sett?@\w{40}: found no usable answer"):
            write_raw("mnli", assets, Path("out"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {**COLUMNS, "label": "gold"}}, r"found columns pair, premise, .*expected a column 'gold'"),
        ({"columns": {**COLUMNS, "labels": "label"}}, r"unknown field 'labels'\. Did you mean 'label'"),
        (
            {"splits": {"train": "train", "dev": "valid"}},
            r"found the splits train, validation, expected a split 'valid'.*by a pattern",
        ),
        ({"splits": {"train": "train"}}, r"no hub for it, so the world 'official' has no dev of mnli"),
        ({"splits": {"train": "a/*.parquet", "dev": "b"}}, r"expected Parquet, JSON lines or CSV files of 'a/\*\.par"),
        ({"split": "train"}, r"data\.official\.hub: unknown key 'split'\. Did you mean 'splits'"),
        ({"labels": ["neutral", "entailment", "contradiction"]}, r"found the labels entailment, neutral, contradic"),
        ({"labels": ["yes", "no"]}, r"found the labels entailment, .*expected yes, no"),
        ({"config": "other"}, r"BuilderConfig 'other' not found\. Available: \['default'\]"),
    ],
)
def test_what_the_set_has_not_is_named(mnli: Any, assets: Path, change: dict[str, Any], message: str) -> None:
    mnli(**change)
    with pytest.raises((DataError, ParameterError), match=message):
        write_raw("mnli", assets, Path("out"))
    assert not Path("out").exists()


def test_other_rows_than_the_card_says_are_refused(mnli: Any, hub: Any, assets: Path) -> None:
    hub.files["README.md"] = readme(
        {"dataset_info": [{"splits": [{"name": "train", "num_bytes": 1, "num_examples": 6}]}]}
    )
    with pytest.raises(DataError, match=r"found 5 rows in train, expected 6, as its card says"):
        write_raw("mnli", assets, Path("out"))


def test_a_missing_shard_is_noticed(mnli: Any, hub: Any, assets: Path) -> None:
    del hub.files["data/train-00001-of-00002.parquet"]
    with pytest.raises(DataError, match=r"found 1 files data/train-\*, expected 2, as their names say"):
        write_raw("mnli", assets, Path("out"))


def test_content_that_is_not_the_listed_one_is_refused(mnli: Any, hub: Any, assets: Path) -> None:
    """Also where it has the right length: the hub's own hash is compared."""
    path = "data/train-00000-of-00002.parquet"
    hub.altered[path] = hub.files[path].replace(b"p0", b"p9")
    assert hub.altered[path] != hub.files[path]
    with pytest.raises(DataError, match=rf"{path}: found \d+ bytes that are not those of the hub's list"):
        write_raw("mnli", assets, Path("out"))
    assert not Path("out").exists()


def test_a_broken_parquet_file_is_named(mnli: Any, hub: Any, assets: Path) -> None:
    hub.files["data/validation-00000-of-00001.parquet"] = b"PAR1 and nothing more"
    with pytest.raises(DataError, match=r"validation-00000-of-00001\.parquet: found a broken file"):
        write_raw("mnli", assets, Path("out"))


def test_a_row_without_a_label_is_left_out_and_counted(mnli: Any, hub: Any, assets: Path) -> None:
    hub.files["data/validation-00000-of-00001.parquet"] = parquet([{**pairs(1)[0], "label": -1}, *pairs(1, 1)], CLASSES)
    write_raw("mnli", assets, Path("out"))
    assert [row["id"] for row in rows_of("out/dev-en.jsonl")] == ["1"]
    entry = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["files"]["dev-en.jsonl"]
    assert (entry["rows"], entry["skipped"]) == (1, {"no gold label": 1})
    assert "6 rows, 1 rows left out: no gold label" in summary(Path("out"))


def test_an_interrupted_download_leaves_the_earlier_set_and_goes_on_later(mnli: Any, hub: Any, assets: Path) -> None:
    Path("out").mkdir()
    Path("out/manifest.json").write_text("earlier", encoding="utf-8")
    path = "data/train-00001-of-00002.parquet"
    hub.cut.add(path)
    with pytest.raises(DataError, match=rf"{path}: found no usable answer"):
        write_raw("mnli", assets, Path("out"))
    assert [one.read_text() for one in Path("out").iterdir()] == ["earlier"]
    assert [one.name for one in Path().glob(".out-*")] == []
    hub.refused.clear()
    write_raw("mnli", assets, Path("out"))
    assert len(rows_of("out/train-en.jsonl")) == 5


def test_the_stage_reads_the_hub_that_the_environment_names(mnli: Any, hub: Any, assets: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "stages/raw.py"), "mnli", "--out", "out"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"out: 2 files, 7 rows, \d+ bytes; licence: as in .*cc-by-nc-sa-3\.0\); source: .*@{hub.commit}\)\n",
        done.stdout,
    )


def test_real_pairs_keep_every_text_and_label(mnli: Any, hub: Any, assets: Path, shared_data: Path) -> None:
    with (shared_data / "sick" / "SICK.txt").open(encoding="utf-8") as file:
        real = [
            row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["SemEval_set"] == "TRAIN"
        ]
    labels = ["NEUTRAL", "ENTAILMENT", "CONTRADICTION"]
    named = {"pair": "pair_ID", "premise": "sentence_A", "hypothesis": "sentence_B"}
    rows = [
        {**{key: row[name] for key, name in named.items()}, "label": labels.index(row["entailment_label"])}
        for row in real
    ]
    content = parquet(rows, {"label": classes(*labels)})
    hub.files = {"default/train/0000.parquet": content, "default/validation/0000.parquet": content}
    mnli(labels=["neutral", "entailment", "contradiction"])
    write_raw("mnli", assets, Path("out"))
    written = rows_of("out/train-en.jsonl")
    assert len(written) == len(real) == 4439
    for one, row in zip(written, real, strict=True):
        assert (one["text"], one["second"], one["label"].upper()) == (
            row["sentence_A"].strip(),
            row["sentence_B"].strip(),
            row["entailment_label"],
        )
