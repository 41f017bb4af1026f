"""A tiny tokenizer that works like XLM-R's, and a tiny world of raw data, features and task files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from xstilts.encode.columns import Columns, Setting
from xstilts.encode.kinds import encode_examples
from xstilts.encode.task import Places
from xstilts.encode.tokens import open_tokenizer
from xstilts.encode.write import as_table
from xstilts.tasks.examples import Example
from xstilts.tasks.schema import EncodeSection, TaskSpec

ROOT = Path(__file__).parents[2]
WORDS = "is the cat on a red card where what which animal sleeps rests dreams beside dog says yes no".split()
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüß0123456789?.,鴨小屋▁"


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer.json: pieces of words after a Metaspace, `<s> a </s>` and `<s> a </s></s> b </s>`."""
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0)]
    words = [(f"▁{word}", -1.0) for word in WORDS]
    letters = [(letter, -6.0) for letter in LETTERS]
    tokenizer = Tokenizer(models.Unigram([*special, *words, *letters], unk_id=3, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_padding(length=50)  # what a file asks for must not reach a cache
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def question(text: str, image: str, answer: str, structural: str = "verify") -> dict[str, Any]:
    types = {"structural": structural, "semantic": "obj", "detailed": "exist"}
    return {"question": text, "imageId": image, "answer": answer, "types": types}


@pytest.fixture
def places(tmp_path: Path, tokenizer_file: Path) -> Places:
    """Raw data of xgqa, mnli, snli_ve and squad, and the features of two sets of images."""
    raw, features = tmp_path / "data" / "raw", tmp_path / "data" / "features"
    for images, names in (("gqa", ["g1", "g2"]), ("xgqa", ["x2", "x1", "x3"])):
        write_features(features / images, names)
    write_xgqa(raw / "xgqa")
    write_inference(raw)
    write_squad(raw / "squad")
    for task in ("xgqa", "mnli", "snli_ve", "squad"):
        write_json(raw / task / "manifest.json", {"files": {}, "data": "official", "licence": "CC0", "source": "tests"})
    data = tmp_path / "data"
    return Places(raw, tokenizer_file, features, data / "tokenized", data / "perception")


def write_features(folder: Path, names: list[str], dim: int = 4) -> None:
    """Two regions an image, all of them different, and the card of a set whose name begins with the hash's letter."""
    folder.mkdir(parents=True, exist_ok=True)
    regions = np.arange(2 * len(names), dtype=np.float16)[:, None]
    np.save(folder / "features.npy", np.broadcast_to(regions, (len(regions), dim)))
    np.save(folder / "boxes.npy", np.zeros((len(regions), 7), np.float32))
    np.save(folder / "offsets.npy", np.arange(0, len(regions) + 1, 2))
    write_json(folder / "images.json", names)
    write_json(folder / "card.json", {"name": folder.name, "dim": dim, "sha256": folder.name[0] * 64})


def write_xgqa(folder: Path) -> None:
    train = {
        "1": question("is the cat red?", "x1", "yes"),
        "2": question("which animal sleeps?", "x2", "cat", "query"),
        "3": question("is the dog red?", "x2", "no"),
        "4": question("is the card red?", "x2", "yes"),
    }
    write_json(folder / "train" / "en.json", train)
    write_json(folder / "dev" / "en.json", {"5": question("what is on the card?", "x1", "dog", "query")})
    write_json(folder / "test" / "en.json", {"6": question("is the cat on the card?", "x3", "no")})
    write_json(folder / "test" / "de.json", {"6": question("ist die Katze auf der Karte?", "x3", "no")})


def write_inference(raw: Path) -> None:
    texts = {"sentence1": "the cat sleeps", "sentence2": "the cat rests"}
    rows = [
        {"pairID": "a", "gold_label": "entailment", "Flickr30K_ID": "g2", **texts},
        {"pairID": "b", "gold_label": "-", "Flickr30K_ID": "g1", **texts},
        {"pairID": "c", "gold_label": "contradiction", "Flickr30K_ID": "g1", **texts},
    ]
    for task in ("mnli", "snli_ve"):
        write_lines(raw / task / "train.jsonl", rows)
        write_lines(raw / task / "dev.jsonl", rows[:1])


def write_squad(folder: Path) -> None:
    context = "the red cat sleeps beside the dog."
    answers = {"s1": "red cat", "s2": "dog", "s3": "sleeps beside the dog"}
    questions = [
        {
            "id": key,
            "question": "where is the cat?",
            "answers": [{"answer_start": context.index(text), "text": text}],
        }
        for key, text in answers.items()
    ]
    content = {"data": [{"title": "cats", "paragraphs": [{"context": context, "qas": questions}]}]}
    write_json(folder / "train.json", content)
    write_json(folder / "dev.json", content)


@pytest.fixture(scope="session")
def real_tokenizer() -> Path:
    """The tokenizer.json of the public encoder, once the pipeline has made it."""
    path = ROOT / "data" / "public" / "encoder" / "tokenizer.json"
    if not path.is_file():
        pytest.skip(f"no tokenizer at {path} (run `dvc repro`)")
    return path


Encoded = Callable[..., tuple[list[dict[str, Any]], Columns]]


@pytest.fixture
def encoded(tokenizer_file: Path) -> Encoded:
    """Encode examples of a kind as a split; the rows, and what the encoder says of them."""

    def rows(
        kind: str,
        examples: Sequence[Example],
        split: str = "train",
        labels: Sequence[str] = (),
        tokenizer: Path = tokenizer_file,
        **section: Any,
    ) -> tuple[list[dict[str, Any]], Columns]:
        keys = {"languages": ["en", "de", "zh"], "metric": "", "files": {}, **section}
        task = TaskSpec("some", kind, EncodeSection(**keys))
        images = {f"i{number}": number for number in range(10)}
        opened = open_tokenizer(tokenizer, task.encode.max_length)
        columns = encode_examples(Setting(task, split, opened, labels, images, Path("data/raw/some")), examples)
        return as_table(task.name, columns.values).to_pylist(), columns

    return rows
