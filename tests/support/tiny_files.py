"""What the learning half reads, made tiny: public encoders, feature directories and caches of every task kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from xstilts.base import kinds
from xstilts.base.cache import ROW, write_rows
from xstilts.base.files import sha256_of, write_json

_TASKS = """looks=vqa votes=vqa follows=classification compares=classification finds=span doubts=span tags=tagging
parses=layout picks=choice points=choice matches=matching searches=retrieval fills=mlm"""
EMPTY: dict[str, Any] = {name: [] for name in "lengths labels scores offsets answers texts".split()}
EMPTY |= dict.fromkeys(("image", "second_image", "label", "question", "start", "end"), -1)
EMPTY |= {"window": 0, "context": "", "image_id": "", "answer": "elsewhere"}


class TinyFiles:
    """Writes what the learning half reads: public encoders and caches, as small as they can be.

    A task's name says its kind (`KINDS`). `votes` has soft scores, `compares` two images,
    `doubts` unanswerable questions and two windows per context; `points` chooses between texts on an image.
    """

    KINDS: ClassVar = dict(pair.split("=") for pair in _TASKS.split())
    TRAINED = tuple(task for task, kind in KINDS.items() if kinds.KINDS[kind].is_trained)
    SCORED = tuple(task for task, kind in KINDS.items() if kinds.KINDS[kind].is_scored)
    NAMED: ClassVar = {"xgqa": "vqa"}  # for stage scripts, which read the task's file; in no list of tasks
    DIM, HIDDEN = 8, 32
    SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
    MASK = "<mask>"  # the last token, as in XLM-R
    WORDS = (*SPECIAL, *"cat dog red blue left right top is the what where sky big deep yes no".split(), MASK)
    ANSWERS = ("cat", "red dog", "the big blue sky", "no")
    CLASSES = ("entailment", "neutral", "contradiction")
    TAGS, MATCH = ("NOUN", "VERB", "DET", "ADJ", "X"), ("no match", "match")
    REGIONS = (2, 0, 5, 1, 3, 4, 1, 2)  # of image 0, 1, ...
    LAYOUTS = (
        "select[]>query name[0] | {object}",
        "select[]>exist[0] | {object}",
        "select[]>query[0] | {object} | color",
        "select[]>filter[0]>exist[1] | {object} | color | {attribute}",
        *("{object} cat", "{object} dog", "{object} sky", "{attribute} red", "{attribute} blue"),
    )
    TEXT = ("parses", "follows", "finds", "doubts", "tags", "picks", "searches", "fills")  # all others have images

    def __init__(self, root: Path) -> None:
        self.root = root

    def kind(self, task: str) -> str:
        """The kind of a task; a name that stands nowhere here is an error."""
        return str({**self.KINDS, **self.NAMED}[task])

    @classmethod
    def one_per_kind(cls, tasks: tuple[str, ...]) -> list[str]:
        """The last of these tasks of each kind."""
        return list({cls.KINDS[task]: task for task in tasks}.values())

    def public(self, kind: str = "bert", **config: Any) -> Path:
        """A directory like data/public with a random encoder of a Hugging Face model type."""
        name = "-".join([kind, *(f"{key}{value}" for key, value in config.items())])
        if not (self.root / name / "encoder").exists():
            self._write_encoder(self.root / name / "encoder", kind, config)
            width = config.get("input_embedding_size", self.HIDDEN)
            self._write_alignment(self.root / name / "alignment.safetensors", width)
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
        self.tokenizer(typed=config.get("type_vocab_size", 0) > 1).save(str(directory / "tokenizer.json"))

    def tokenizer(self, typed: bool = False) -> Any:
        """A tokenizer of whole words: `<s> a </s>`, `<s> a </s></s> b </s>`.

        `typed`: as BERT's, `<s> a </s> b </s>`, where what is behind the first `</s>` has type 1.
        """
        from tokenizers import Tokenizer, models, pre_tokenizers, processors

        ids = {word: row for row, word in enumerate(self.WORDS)}
        tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
        tokenizer.add_special_tokens([*self.SPECIAL, self.MASK])
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        ends = [(word, ids[word]) for word in ("<s>", "</s>")]
        single, pair = "<s> $A </s>", "<s> $A </s> $B:1 </s>:1" if typed else "<s> $A </s> </s> $B </s>"
        tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=ends)
        return tokenizer

    def _write_alignment(self, path: Path, width: int) -> None:
        import torch
        from safetensors.torch import save_file

        random = torch.Generator().manual_seed(1)
        tensors = {"feature.mean": torch.randn(self.DIM, generator=random)}
        tensors["feature.std"] = torch.rand(self.DIM, generator=random) + 0.5
        for name in ("object", "attribute"):
            tensors[f"{name}.weight"] = torch.randn(width, self.DIM, generator=random)
            tensors[f"{name}.bias"] = torch.randn(width, generator=random)
        for word in ("left", "right", "top", "bottom", "small", "large"):
            tensors[f"word.{word}"] = torch.randn(width, generator=random)
        save_file(tensors, path)

    def photo_public(self) -> Path:
        """The same aligned on captions: photographs and sentences share a space of four dimensions."""
        import shutil

        import torch
        from safetensors.torch import save_file

        if (path := self.root / "photographs").exists():
            return path
        path.mkdir()
        shutil.copytree(self.public() / "encoder", path / "encoder")
        inner, joint, random = 5, 4, torch.Generator().manual_seed(0)
        maps = {"image.0": (inner, self.DIM), "image.2": (joint, inner), "text": (joint, self.HIDDEN)}
        shapes = {f"{name}.weight": shape for name, shape in {**maps, "word": (self.HIDDEN, joint)}.items()}
        shapes |= {name.replace("weight", "bias"): shape[:1] for name, shape in shapes.items()}
        shapes |= {"mean": (self.DIM,), "centre": (self.HIDDEN,), "scale": (), "offset": ()}
        tensors = {name: torch.randn(shape, generator=random) for name, shape in shapes.items()}
        save_file(tensors | {"std": torch.rand(self.DIM, generator=random) + 0.5}, path / "alignment.safetensors")
        write_json(path / "public.json", {"encoder": "some", "vision": "other", "dim": self.DIM, "alignment": {}})
        return path

    def features(self, name: str, vectors: np.ndarray, regions: tuple[int, ...] = REGIONS) -> dict[str, Any]:
        """Write a feature directory; return a card's entry for it. `vectors`: `[sum(regions), dim]`."""
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
        write_json(directory / "card.json", {"name": name, "sha256": sha256, "dim": vectors.shape[1]})
        return {"path": str(directory), "sha256": sha256, "dim": vectors.shape[1]}

    def cache(
        self, name: str, splits: dict[str, list[dict[str, Any]]], features: dict[str, Any], tasks: str | None = None
    ) -> Path:
        """Write a cache of rows; its card names the tasks in the rows, or `tasks`, separated by spaces."""
        found = sorted({row["task"] for rows in splits.values() for row in rows}) if tasks is None else tasks.split()
        cards = {task: self._task_card(task, features) for task in found}
        directory = self.root / name
        directory.mkdir(parents=True, exist_ok=True)
        for split, rows in splits.items():
            write_rows(directory / f"{split}.arrow", {key: [row[key] for row in rows] for key in ROW.names})
        kind = cards[found[0]]["kind"] if len(found) == 1 else "mixture"
        card = {"name": name, "kind": kind, "tasks": cards, "tokenizer": None, "mixture": None}
        write_json(directory / "card.json", {**card, "rows": {split: len(rows) for split, rows in splits.items()}})
        return directory

    def _task_card(self, task: str, features: dict[str, Any]) -> dict[str, Any]:
        kind = self.kind(task)
        metric = "soft_accuracy" if task == "votes" else kinds.KINDS[kind].metrics[0]
        labels: dict[str, tuple[str, ...]] = dict.fromkeys(("span", "choice", "retrieval", "mlm"), ())
        labels |= {"layout": self.LAYOUTS}
        labels |= {"vqa": self.ANSWERS, "classification": self.CLASSES, "tagging": self.TAGS, "matching": self.MATCH}
        card = {"kind": kind, "labels": list(labels[kind]), "metric": metric, "languages": ["en"]}
        card |= {"data": "pictograms", "max_length": 64}
        return {**card, "features": None if task in self.TEXT else features}

    def rows(self, task: str, count: int, seed: int = 0, language: str = "en") -> list[dict[str, Any]]:
        """Random rows of a task, of many lengths; some answers are outside the vocabulary (label -1)."""
        random = np.random.default_rng([seed, *task.encode()])
        rows = [self._row(task, f"{task}{i}", language, random) for i in range(count)]
        for query, candidate in zip(rows[::2], rows[1::2], strict=False) if task == "searches" else ():
            query.update(structural="query", answers=[candidate["id"]])
            candidate.update(structural="candidate")
        return [self._window(row, i, seed) for i, row in enumerate(rows)] if task == "doubts" else rows

    def _row(self, task: str, name: str, language: str, random: np.random.Generator) -> dict[str, Any]:
        words = self._words(random, 1, 13)
        image = -1 if task in self.TEXT else int(random.integers(len(self.REGIONS)))
        own = getattr(self, f"_{self.kind(task)}")(task, words, random)
        asked = {"structural": ("verify", "query")[random.integers(2)], "semantic": ("obj", "rel")[random.integers(2)]}
        named = {"id": name, "task": task, "language": language, "input_ids": [0, *words, 2], "image": image}
        return {**EMPTY, **named, **asked, "image_id": f"image{image}" if image >= 0 else "", **own}

    def _words(self, random: np.random.Generator, fewest: int, most: int) -> list[int]:
        """Between `fewest` and `most - 1` ids of ordinary words."""
        return random.integers(len(self.SPECIAL), len(self.WORDS) - 1, random.integers(fewest, most)).tolist()

    def _vqa(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        label, texts = int(random.integers(-1, len(self.ANSWERS))), ["elsewhere", "nowhere", *self.ANSWERS]
        found = {"label": label, "answer": texts[label + 2 if label >= 0 else 0]}
        if task != "votes":
            return found
        labels = [label, (label + 1) % len(self.ANSWERS), -1]  # the best answer, a poorer one, one outside
        found["answers"] = [found["answer"], texts[labels[1] + 2], "nowhere"]
        return {**found, "labels": labels, "scores": [1.0, 0.6, 0.3]}

    def _layout(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        """Columns are the attribute and the object; -2 where a template has none, -1 where a word is unknown."""
        from xstilts.programs.vocabulary import UNUSED, Vocabulary

        vocabulary = Vocabulary(self.LAYOUTS)
        template, value = int(random.integers(4)), int(random.integers(4, 8))
        has = dict.fromkeys(vocabulary.templates[template].columns)
        chosen = {("object", 0): value if value < 7 else -1, ("attribute", 0): int(random.integers(7, 9))}
        labels = [chosen[column] if column in has else UNUSED for column in vocabulary.columns]
        texts = (*self.LAYOUTS, "{object} tree")  # the last one is what -1 means
        names = {kind: texts[index].split("} ")[1] for (kind, _), index in chosen.items()}
        layout = vocabulary.templates[template].fill([names[kind] for kind, _ in has])
        return {"label": template, "labels": labels, "answer": str(layout), "answers": [names["object"]]}

    def _classification(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        label = int(random.integers(0, len(self.CLASSES)))
        second = int(random.integers(len(self.REGIONS))) if task == "compares" else -1
        return {"label": label, "answer": self.CLASSES[label], "second_image": second}

    def _span(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        return dict(zip(("start", "end"), np.sort(random.integers(1, len(words) + 1, 2)).tolist(), strict=True))

    def _window(self, row: dict[str, Any], number: int, seed: int) -> dict[str, Any]:
        """Make a row one of the two windows on a context; the answer is in one of them, or (every third) in none."""
        example, window = divmod(number, 2)
        random = np.random.default_rng([seed, example])
        question, parts = self._words(random, 1, 4), [self._words(random, 2, 8) for _ in range(2)]
        texts = [self.WORDS[word] for part in parts for word in part]
        ends = np.cumsum([len(text) + 1 for text in texts]) - 1  # characters, with a blank between words
        places = [(int(end) - len(text), int(end)) for text, end in zip(texts, ends, strict=True)]
        before, size = len(parts[0]) * window, len(parts[window])
        answers = [] if example % 3 == 0 else [self.WORDS[parts[example % 2][1]]]
        place = len(question) + 4 if answers and window == example % 2 else 0
        inside = [character for pair in places[before : before + size] for character in pair]
        offsets = [*[-1, -1] * (len(question) + 3), *inside, -1, -1]
        named = {"id": f"doubts{example}", "window": window, "answers": answers, "answer": "".join(answers[:1])}
        found = {"start": place, "end": place, "context": " ".join(texts), "offsets": offsets, **named}
        return {**row, **found, "input_ids": [0, *question, 2, 2, *parts[window], 2]}

    def _tagging(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        tags = random.integers(0, len(self.TAGS), len(words))
        tags[1:][random.random(len(words) - 1) < 0.3] = -1  # a word's later tokens
        return {"labels": [-1, *tags.tolist(), -1], "answers": [self.TAGS[tag] for tag in tags if tag >= 0]}

    def _choice(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        """Two to four choices, each `<s> text </s></s> choice </s>`."""
        choices = [self._words(random, 1, 6) for _ in range(random.integers(2, 5))]
        sequences = [[0, *words, 2, 2, *choice, 2] for choice in choices]
        label, texts = int(random.integers(len(choices))), [" ".join(self.WORDS[w] for w in one) for one in choices]
        found = {"lengths": [len(one) for one in sequences], "label": label, "answer": texts[label], "answers": texts}
        return {**found, "input_ids": [token for one in sequences for token in one]}

    def _matching(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        label = int(random.integers(len(self.MATCH)))
        return {"label": label, "answer": self.MATCH[label]}

    def _mlm(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        """Masks are no part of a row."""
        return {}

    def _retrieval(self, task: str, words: list[int], random: np.random.Generator) -> dict[str, Any]:
        """Who is searched for is a matter of all rows."""
        return {}
