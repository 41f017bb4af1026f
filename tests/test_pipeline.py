"""The pipeline as DVC runs it: the real stages, on a world of a few scenes, with an encoder of two layers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from xstilts.cache import sha256_of

pytestmark = [pytest.mark.stage, pytest.mark.slow]
ROOT = Path(__file__).parents[1]
CHECK = "check.py"
XGQA = ("raw.py xgqa", "features.py xgqa", "tokenized.py xgqa")
GQA = ("raw.py gqa", "features.py gqa", "tokenized.py gqa")


def cells(route: str) -> set[str]:
    """The training and scoring stages of a route."""
    return {f"intermediate.py {route} 0", f"target.py {route} 0 xgqa", f"score.py {route} 0 xgqa"}


class Pipeline:
    """A clone of the repository with its own cache, in which every stage that really runs is written down."""

    def __init__(self, root: Path, log: Path, environment: dict[str, str]) -> None:
        self.root, self.log, self.environment = root, log, environment
        self.first: list[str] = []  # what the first `dvc repro` ran

    def run(self, *command: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone; with `ok`, it must succeed."""
        result = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        assert not ok or result.returncode == 0, f"{command}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
        return result

    def dvc(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run DVC in the clone."""
        return self.run(sys.executable, "-m", "dvc", *arguments, ok=ok)

    def executed(self, *arguments: str) -> list[str]:
        """Run DVC; return the stage scripts that ran, in order, such as `raw.py gqa`."""
        self.log.write_text("")
        self.dvc(*arguments)
        return [line.removeprefix("stages/") for line in self.log.read_text().splitlines()]

    def choose(self, route: str) -> list[str]:
        """Run an experiment with another route; return the stage scripts that ran."""
        return self.executed("exp", "run", "-S", f"intermediate={route}")

    def metrics(self) -> dict[str, dict[str, float]]:
        """The content of metrics/xgqa.json."""
        content: dict[str, dict[str, float]] = json.loads((self.root / "metrics/xgqa.json").read_text())
        return content

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "state")


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face directory: a random BERT of two layers, a tokenizer trained on the world's wording."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    out = tmp_path_factory.mktemp("encoder")
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    tokenizer = ByteLevelBPETokenizer()
    corpus = sorted(str(path) for path in (ROOT / "src/xstilts/data").rglob("*.yaml"))
    assert corpus
    tokenizer.train(corpus, vocab_size=2000, min_frequency=1, special_tokens=special, show_progress=False)
    single, pair = "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"
    tokenizer.post_processor = TemplateProcessing(single=single, pair=pair, special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    tokenizer.save(str(out / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=2000,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=1024,
        pad_token_id=0,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(out)
    special_names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **special_names}
    (out / "tokenizer_config.json").write_text(json.dumps(settings))
    return out


def copy_tree(root: Path) -> None:
    """Copy what git knows of the repository, or would, but for results: a clone that has the latest edits."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("the repository is no git clone")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.endswith("dvc.lock") and not name.startswith("metrics/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)


def shrink(root: Path, encoder: Path) -> None:
    """Make the world small, the encoder tiny, the study one route; one seed saves DVC some time."""
    choices = yaml.safe_load((root / "params.yaml").read_text())
    choices |= {"encoder": str(encoder), "intermediate": "none", "seed": 0}
    choices["study"] = {"intermediates": ["none"], "seeds": [0], "targets": ["xgqa"]}
    (root / "params.yaml").write_text(yaml.safe_dump(choices, sort_keys=False))
    grid = yaml.safe_load((root / "stages/grid.yaml").read_text())
    (root / "stages/grid.yaml").write_text(yaml.safe_dump(grid | {"seeds": [0]}, sort_keys=False))
    defaults = yaml.safe_load((root / "stages/defaults.yaml").read_text())
    defaults["data"]["share"] = 0.02
    for phase in ("intermediate", "target"):
        defaults[phase]["frozen_layers"] = 1  # of two
    (root / "stages/defaults.yaml").write_text(yaml.safe_dump(defaults, sort_keys=False))


def environment_of(root: Path, tools: Path, log: Path) -> dict[str, str]:
    """The environment of the clone: its own sources, and a `python` that writes down what it is asked."""
    tools.mkdir()
    shim = tools / "python"
    shim.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\nexec "{sys.executable}" "$@"\n')
    shim.chmod(0o755)
    git = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    identity = dict.fromkeys(git, "test@localhost")
    own = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(root / "src")}
    assets = ROOT / "data/raw/assets"
    local = {"PIP_FIND_LINKS": str(assets), "PIP_NO_INDEX": "1"} if any(assets.glob("*.whl")) else {}
    return {**os.environ, **identity, **own, **local}


@pytest.fixture(scope="module")
def pipeline(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A shrunken clone in which `dvc repro` ran once."""
    base = tmp_path_factory.mktemp("pipeline")
    root, log = base / "clone", base / "executed.log"
    root.mkdir()
    copy_tree(root)
    shrink(root, tiny_encoder)
    clone = Pipeline(root, log, environment_of(root, base / "bin", log))
    clone.run("git", "init", "--quiet")
    clone.dvc("config", "--local", "core.site_cache_dir", str(base / "site"))
    clone.commit()
    clone.first = clone.executed("repro")
    clone.commit()
    yield clone
    shutil.rmtree(base, ignore_errors=True)


def test_the_front_door_runs_the_cells_it_needs(pipeline: Pipeline) -> None:
    preparing = {CHECK, "assets.py", "raw.py names", "public.py", *XGQA, "mixture.py none"}
    collecting = {"scores.py none 0 xgqa", "study.py none 0 xgqa", "report.py"}
    assert sorted(pipeline.first) == sorted(preparing | cells("none") | collecting)


def test_metrics_are_written(pipeline: Pipeline) -> None:
    metrics = pipeline.metrics()
    assert list(metrics) == ["data", "accuracy", "gap", "blind"]
    assert set(metrics["accuracy"]) == {"en", "de", "pt", "ru", "id", "bn", "ko", "zh", "zero_shot"}
    assert all(0 <= value <= 1 for value in metrics["accuracy"].values())
    study = json.loads((pipeline.root / "metrics/study.json").read_text())
    assert study["xgqa"]["accuracy"]["none"]["en"] == metrics["accuracy"]["en"]


def test_predict_answers_about_a_picture(pipeline: Pipeline) -> None:
    with zipfile.ZipFile(pipeline.root / "data/raw/xgqa/images.zip") as archive:
        picture = archive.extract(archive.namelist()[0], pipeline.root.parent)
    ask = ("predict", "--image", picture, "--question", "Wie viele Katzen sind auf dem Bild?")
    lines = pipeline.run(sys.executable, "-c", "from xstilts.cli import app; app()", *ask).stdout.splitlines()
    assert len(lines) == 1 + 5
    assert lines[1].split("%")[1].strip() == lines[0]


def test_a_second_repro_runs_nothing(pipeline: Pipeline) -> None:
    assert pipeline.executed("repro") == []


def test_a_route_runs_only_what_is_missing_and_going_back_runs_nothing(pipeline: Pipeline) -> None:
    before = pipeline.metrics()
    gqa = pipeline.choose("gqa")
    assert sorted(gqa) == sorted({CHECK, *GQA, *cells("gqa"), "scores.py gqa 0 xgqa"})
    changes = json.loads(pipeline.dvc("metrics", "diff", "--json").stdout)
    assert set(changes) <= {"metrics/xgqa.json"}
    mnli = {"raw.py mnli", "tokenized.py mnli", *cells("mnli")}
    assert sorted(pipeline.choose("mnli")) == sorted({CHECK, *mnli, "scores.py mnli 0 xgqa"})
    mixture = {"raw.py squad", "tokenized.py squad", "mixture.py text --member squad --member mnli"}
    assert sorted(pipeline.choose("text")) == sorted({CHECK, *mixture, *cells("text"), "scores.py text 0 xgqa"})
    assert pipeline.choose("gqa") == []
    assert pipeline.choose("none") == []
    assert pipeline.metrics() == before


def test_a_typo_stops_before_anything_is_computed(pipeline: Pipeline) -> None:
    pipeline.log.write_text("")
    before = pipeline.metrics()
    result = pipeline.dvc("exp", "run", "-S", "intermediate=gpa", ok=False)
    assert result.returncode != 0
    assert "'gpa'. Did you mean 'gqa'? Valid: all, gqa, mnli" in result.stdout + result.stderr
    assert pipeline.log.read_text().splitlines() == ["stages/check.py"]
    assert pipeline.metrics() == before
    pipeline.run("git", "checkout", "--quiet", "params.yaml")
    assert pipeline.executed("repro") == []


def test_the_same_seed_gives_the_same_bytes(pipeline: Pipeline) -> None:
    """Every stage again, by force: all outputs and metrics stay as they were."""
    pipeline.run("git", "checkout", "--quiet", "params.yaml")
    pipeline.executed("repro")
    before = digests(pipeline.root)
    assert sorted(pipeline.executed("repro", "--force")) == sorted(pipeline.first)
    after = digests(pipeline.root)
    assert [path for path in before | after if before.get(path) != after.get(path)] == []


def digests(root: Path) -> dict[str, str]:
    """The hash of every file in data/ and metrics/; where a score comes from may name another revision."""
    files = [path for folder in ("data", "metrics") for path in sorted((root / folder).rglob("*"))]
    return {
        str(path.relative_to(root)): sha256_of(path)
        for path in files
        if path.is_file() and path.name != "provenance.json"
    }
