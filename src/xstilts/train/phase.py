"""One phase of a route: start from the public encoder or a checkpoint, train on a cache, leave a checkpoint."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from xstilts.cache import CARD, read_json, whole_directory
from xstilts.model.checkpoint import load_encoder, read_weights, save_checkpoint
from xstilts.model.multitask import MultitaskModel
from xstilts.train.examples import open_examples
from xstilts.train.loop import Trained, train
from xstilts.train.settings import TrainSettings


def train_phase(
    cache: Path, public: Path, out: Path, settings: TrainSettings, seed: int, start: Path | None = None
) -> None:
    """Train on `cache` and write a checkpoint to `out`.

    Args:
        cache: learning part of a cache (card, train, dev); without tasks nothing is trained and the start is passed on.
        public: phase 0.
        start: checkpoint whose encoder is the start; its heads are left behind. None: the public encoder.
    """
    card = read_json(cache / CARD)
    if not card["tasks"]:
        with whole_directory(out) as draft:
            save_checkpoint(draft, read_weights(start) if start else {}, {"tasks": {}, "training": None})
        return
    torch.manual_seed(seed)
    model = fresh_model(public, start, card["tasks"])
    rows, dev = open_examples(cache, "train"), open_examples(cache, "dev")
    result = train(model, rows, dev, settings, seed, card["name"])
    with whole_directory(out) as draft:
        save_checkpoint(draft, result.weights, checkpoint_card(card, settings, seed, result))


def fresh_model(public: Path, start: Path | None, cards: dict[str, dict[str, Any]]) -> MultitaskModel:
    """The start's encoder under new heads, whose answer rows start at the encoder's embeddings of the answers."""
    model = MultitaskModel(load_encoder(public, start), cards)
    tokenizer = Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    for task, card in cards.items():
        if card["kind"] == "vqa":
            model.start_answer_rows(task, [encoding.ids for encoding in tokenizer.encode_batch(card["labels"])])
    return model


def checkpoint_card(card: dict[str, Any], settings: TrainSettings, seed: int, result: Trained) -> dict[str, Any]:
    """What a checkpoint says of itself. No times or hosts: the same run must leave the same bytes."""
    return {
        "tasks": card["tasks"],
        "training": {
            "cache": card["name"],
            "seed": seed,
            "settings": asdict(settings),
            "updates": result.updates,
            "examples": result.examples,
            "tokens": result.tokens,
            "english_dev": result.best,
            "curve": result.curve,
        },
    }
