"""One phase of a route: start from the public encoder or a checkpoint, train on a cache, leave a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.files import CARD, read_json, whole_directory
from xstilts.model.checkpoint import checkpoint_weights, encoder_weights, load_encoder, read_weights, save_checkpoint
from xstilts.model.feature_map import start_map
from xstilts.model.heads import LabelHead
from xstilts.model.multitask import MultitaskModel
from xstilts.model.tuning import add_adapters
from xstilts.train.examples import Examples, open_examples
from xstilts.train.inputs import run_inputs
from xstilts.train.loop import train
from xstilts.train.masking import read_masking
from xstilts.train.processes import Processes
from xstilts.train.resume import Keeper
from xstilts.train.run import Trained
from xstilts.train.settings import TrainSettings
from xstilts.train.vocabulary import used_ids

SCRATCH = Path("scratch")  # states of runs, below the repository root; no output, and not in git


def train_phase(
    cache: Path,
    public: Path,
    out: Path,
    settings: TrainSettings,
    seed: int,
    start: Path | None = None,
    scratch: Path | None = None,
) -> None:
    """Train on `cache` and write a checkpoint to `out`.

    Args:
        cache: learning part of a cache (card, train, dev); without tasks (route `none`, a retrieval target) nothing is
            trained, and the start's encoder is passed on.
        public: phase 0.
        start: checkpoint whose encoder is the start; its heads and feature maps are left behind. None: the public
            encoder.
        scratch: where the state of the run is kept while it is under way. A run that was cut off goes on from there,
            and leaves the same bytes. None: none is kept.
    """
    card, processes = read_json(cache / CARD), Processes.here()
    if not card["tasks"]:
        passed = encoder_weights(read_weights(start)) if start else {}
        leave(out, passed, {"tasks": {}, "training": None}, processes)
        return
    torch.manual_seed(seed)
    model = fresh_model(public, start, card["tasks"])
    masked = any(entry["kind"] == "mlm" for entry in card["tasks"].values())
    masking = read_masking(public / "encoder", seed) if masked else None
    rows, dev = (open_examples(cache, split, masking=masking) for split in ("train", "dev"))
    make_ready(model, rows, dev, settings)
    keeper = None
    if scratch and settings.resume_minutes:
        inputs = run_inputs(cache, public, start, settings, seed, processes)
        keeper = Keeper(scratch, out, inputs, settings.resume_minutes)
    result = train(model, rows, dev, settings, seed, card["name"], keeper)
    weights = checkpoint_weights(result.weights, model, public) if processes.is_main else {}
    leave(out, weights, checkpoint_card(card, settings, seed, result), processes)
    if keeper and processes.is_main:
        keeper.discard()


def leave(out: Path, weights: dict[str, Tensor], card: dict[str, Any], processes: Processes) -> None:
    """Write a checkpoint, whole or not at all; of several processes the main one does."""
    if processes.is_main:
        with whole_directory(out) as draft:
            save_checkpoint(draft, weights, card)
    processes.wait()


def fresh_model(public: Path, start: Path | None, cards: dict[str, dict[str, Any]]) -> MultitaskModel:
    """The start's encoder under new heads, whose answer rows start at the encoder's embeddings of the answers."""
    model = MultitaskModel(load_encoder(public, start), cards)
    tokenizer = Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    for task, card in cards.items():
        if card["kind"] == "vqa":
            model.start_answer_rows(task, [encoding.ids for encoding in tokenizer.encode_batch(card["labels"])])
            head = model.head(task)
            if card.get("metric") == "soft_accuracy" and isinstance(head, LabelHead):
                head.start_rare()
    return model


def make_ready(model: MultitaskModel, rows: Examples, dev: Examples, settings: TrainSettings) -> None:
    """Bring a fresh model to the state in which training begins.

    Feature maps begin at the scale of the features, those word embeddings alone stay in memory that the rows use, and
    adapters are added if they are what is trained.
    """
    start_maps(model, rows)
    if settings.trim_vocabulary and (token_ids := used_ids(rows, dev)) is not None:
        model.encoder.keep_rows(token_ids)
    if settings.tune == "lora":
        add_adapters(model.encoder, settings.frozen_layers, settings.lora_rank)


def start_maps(model: MultitaskModel, rows: Examples) -> None:
    """Let the feature maps of tasks that have one begin at the scale of the features that they will read."""
    for task, features in rows.pictures.features.items():
        if task in model.inputs:
            start_map(model.inputs[task], features.vectors)


def checkpoint_card(card: dict[str, Any], settings: TrainSettings, seed: int, result: Trained) -> dict[str, Any]:
    """What a checkpoint says of itself. No times or hosts: the same run must leave the same bytes."""
    return {
        "tasks": card["tasks"],
        "training": {
            "cache": card["name"],
            "seed": seed,
            "settings": settings.deciding(),
            "updates": result.updates,
            "examples": result.examples,
            "tokens": result.tokens,
            "english_dev": result.best,
            "curve": result.curve,
        },
    }
