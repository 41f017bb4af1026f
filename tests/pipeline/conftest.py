"""A clone of the repository, shrunk until a run takes seconds, in which every stage that really runs is noted."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from hub_server import HubServer
from hub_sets import publish
from xstilts.base.files import sha256_of

ROOT = Path(__file__).parents[2]
# Targets on published data, each after one of the nine text intermediate tasks, or after none.
PUBLISHED = {
    "xgqa": "anli_plus",
    "xnli": "mnli",
    "panx": "qqp",
    "xquad": "squad",
    "tydiqa": "squad_v2",
    "udpos": "hellaswag",
    "xcopa": "ccg",
    "marvl": "cosmosqa",
    "tatoeba": "commonsenseqa",
    "bucc2018": "none",
    "xflickrco": "none",
}
# What the hub does not have, where the task files look for it.
LOCAL = (
    "ccgbank/wsj02-21.stagged",
    "ccgbank/wsj00.stagged",
    "nlvr/nlvr2/data/train.json",
    "nlvr/nlvr2/data/dev.json",
)
# Nothing but the download of the assets may reach a network: whatever else opens a connection fails.
BLOCK = """
import os, socket

def refuse(self, address):
    raise OSError(f"the network is blocked for {os.environ['STAGE']}: {address}")

if os.environ.get("STAGE") != "stages/assets.py":
    socket.socket.connect = socket.socket.connect_ex = refuse
"""


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

    def choose(self, route: str, recipe: str = "plain") -> list[str]:
        """Run an experiment with another route or recipe; return the stage scripts that ran."""
        return self.executed("exp", "run", "-S", f"intermediate={route}", "-S", f"recipe={recipe}")

    def metrics(self) -> dict[str, dict[str, float]]:
        """The content of metrics/xgqa.json."""
        content: dict[str, dict[str, float]] = json.loads((self.root / "metrics/xgqa.json").read_text())
        return content

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "state")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `make_encoder`."""
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def make_encoder(out: Path) -> Path:
    """A Hugging Face directory: a random BERT of two layers, a tokenizer trained on the world's wording."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
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
    special_names = {
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "unk_token": "[UNK]",
        "mask_token": "[MASK]",
    }
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
    """Make the world small, the encoder tiny, every study one route; one seed saves DVC some time."""
    choices = yaml.safe_load((root / "params.yaml").read_text())
    choices |= {"encoder": str(encoder), "intermediate": "none", "recipe": "plain", "seed": 0}
    study = {"recipes": ["plain"], "intermediates": ["none"], "controls": [], "seeds": [0], "targets": ["xgqa"]}
    choices["study"] = study
    (root / "params.yaml").write_text(yaml.safe_dump(choices, sort_keys=False))
    for path in root.glob("stages/*/study.yaml"):
        path.write_text(yaml.safe_dump({"name": path.parent.name, "study": study}, sort_keys=False))
    grid = yaml.safe_load((root / "stages/grid.yaml").read_text())
    (root / "stages/grid.yaml").write_text(yaml.safe_dump(grid | {"seeds": [0]}, sort_keys=False))
    defaults = yaml.safe_load((root / "stages/defaults.yaml").read_text())
    defaults["data"]["share"] = 0.02
    for phase in ("intermediate", "target"):
        defaults[phase]["frozen_layers"] = 1  # of two
    (root / "stages/defaults.yaml").write_text(yaml.safe_dump(defaults, sort_keys=False))


def environment_of(root: Path, tools: Path, log: Path) -> dict[str, str]:
    """The environment of the clone: its own sources, and a `python` without network that notes what it is asked."""
    tools.mkdir()
    (tools / "sitecustomize.py").write_text(BLOCK)
    shim = tools / "python"
    blocked = f'export STAGE="$1" PYTHONPATH="{tools}:$PYTHONPATH" HF_HUB_OFFLINE=1'
    shim.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\n{blocked}\nexec "{sys.executable}" "$@"\n')
    shim.chmod(0o755)
    git = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    identity = dict.fromkeys(git, "test@localhost")
    own = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(root / "src")}
    assets = ROOT / "data/raw/assets"
    local = {"PIP_FIND_LINKS": str(assets), "PIP_NO_INDEX": "1"} if any(assets.glob("*.whl")) else {}
    return {**os.environ, **identity, **own, **local}


def digests(root: Path) -> dict[str, str]:
    """The hash of every file in data/ and metrics/; where a score comes from, and a card, may name another revision.

    So may the page in one place, which is left out of its hash.
    """
    files = [path for folder in ("data", "metrics") for path in sorted((root / folder).rglob("*"))]
    return {
        str(path.relative_to(root)): _digest(path)
        for path in files
        if path.is_file() and path.name not in ("provenance.json", "README.md", "SHA256SUMS")
    }


def _digest(path: Path) -> str:
    if path.suffix != ".html":
        return sha256_of(path)
    text, places = re.subn(r"(?<=<span>scored at )[^<]+", "", path.read_text(encoding="utf-8"))
    assert places == 1
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def shrunken(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shrunken copy of the repository without DVC; encoder.json says where its encoder is."""
    root = tmp_path_factory.mktemp("shrunken")
    copy_tree(root)
    shrink(root, tiny_encoder)
    (root / "encoder.json").write_text(json.dumps(str(tiny_encoder)))
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Pipeline:
    """A clone in which nothing ran yet; the package that its Python has installed is a copy of its sources."""
    root, log, installed = tmp_path / "clone", tmp_path / "executed.log", tmp_path / "installed"
    root.mkdir()
    copy_tree(root)
    shutil.copytree(root / "src", installed)
    clone = Pipeline(root, log, environment_of(root, tmp_path / "bin", log) | {"PYTHONPATH": str(installed)})
    clone.run("git", "init", "--quiet")
    clone.dvc("config", "--local", "core.site_cache_dir", str(tmp_path / "site"))
    clone.commit()
    return clone


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


def local_files(root: Path) -> None:
    """CCGbank, and NLVR2's training set with its pictures."""
    for name in LOCAL:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
    for name in LOCAL[:2]:
        (root / name).write_text("cats|NNS|NP sleep|VBP|S\\NP\n")
    for name, split in zip(LOCAL[2:], ("train", "dev"), strict=True):
        rows = [{"identifier": f"{split}-{n}-0-0", "sentence": f"s{n}", "label": ("True", "False")[n]} for n in (0, 1)]
        (root / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        for n in (0, 1):
            for side in (0, 1):
                path = root / f"nlvr/nlvr2/images/{split}-{n}-0-img{side}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (24, 24), (200 * n, 200 * side, 90)).save(path)


def choose_published(root: Path) -> None:
    """The official grid without what no cell here needs; one update is training enough."""
    grid = yaml.safe_load((root / "stages/grid.official.yaml").read_text())
    grid |= {"targets": list(PUBLISHED), "intermediates": sorted(set(PUBLISHED.values())), "seeds": [0]}
    grid |= {"recipes": {**{key: [] for key in grid["recipes"]}, "everywhere": ["plain"]}, "parser": "plain"}
    grid |= {"recipe_routes": ["none"], "recipe_targets": ["xgqa"], "entailment_routes": [], "decoder_routes": []}
    grid |= {f"{system}_targets": [] for system in ("system", "canonical", "entailment", "decoder")}
    (root / "stages/grid.yaml").write_text(yaml.safe_dump(grid, sort_keys=False))
    choices = yaml.safe_load((root / "params.yaml").read_text()) | {"world": "official", "data_root": None}
    choices["study"] |= {"targets": list(PUBLISHED), "intermediates": grid["intermediates"]}
    (root / "params.yaml").write_text(yaml.safe_dump(choices, sort_keys=False))
    defaults = yaml.safe_load((root / "stages/defaults.yaml").read_text())
    for phase in ("intermediate", "target"):
        defaults[phase] |= {"max_updates": 1, "evaluations": 1, "patience": None, "cooldown": None}
    (root / "stages/defaults.yaml").write_text(yaml.safe_dump(defaults, sort_keys=False))


@pytest.fixture(scope="session")
def cells() -> dict[str, str]:
    """{target: intermediate task}, what `published` has cells of."""
    return PUBLISHED


@pytest.fixture(scope="module")
def published(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A clone that asks a hub on this machine, with the official grid and an encoder of two layers."""
    base, hub = tmp_path_factory.mktemp("published"), HubServer()
    root, log = base / "clone", base / "executed.log"
    root.mkdir()
    copy_tree(root)
    shrink(root, tiny_encoder)
    choose_published(root)
    local_files(root)
    publish(hub, root / "stages/tasks")
    with hub.running():
        own = environment_of(root, base / "bin", log)
        own |= {"PATH": own["PATH"].partition(":")[2], "HF_ENDPOINT": hub.url, "HF_HOME": str(base / "hf")}
        clone = Pipeline(root, log, own | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "HF_HUB_OFFLINE": "0"})
        clone.run("git", "init", "--quiet")
        clone.dvc("config", "--local", "core.site_cache_dir", str(base / "site"))
        yield clone
    shutil.rmtree(base, ignore_errors=True)
