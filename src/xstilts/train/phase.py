"""One phase of a route: start from the public encoder or a checkpoint, train on a cache, write a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.cache import read_cache_card
from xstilts.base.files import whole_directory
from xstilts.base.kinds import KINDS
from xstilts.base.threads import one_thread_per_operation
from xstilts.model.checkpoint import (
    checkpoint_weights,
    encoder_weights,
    load_encoder,
    read_card,
    read_weights,
    save_checkpoint,
)
from xstilts.model.feature_map import start_map
from xstilts.model.heads import LabelHead
from xstilts.model.kept_states import KeptStates
from xstilts.model.layouts import LayoutHead
from xstilts.model.multitask import MultitaskModel
from xstilts.model.tuning import add_adapters
from xstilts.train.examples import Examples, open_examples, used_ids
from xstilts.train.loop import train
from xstilts.train.masking import Masking, read_masking
from xstilts.train.processes import Processes
from xstilts.train.resume import StateFile, run_inputs
from xstilts.train.run import Trained
from xstilts.train.settings import TrainSettings
from xstilts.train.terms import make_terms

SCRATCH = Path("scratch")  # states of runs, below the repository root; not an output, and not in git


@one_thread_per_operation()  # also where the model is made: rounding must not depend on the number of processors
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
        start: checkpoint whose encoder is the start; its heads and feature maps are dropped. None: the public encoder.
        scratch: where the state of the run is kept until it is done. A run that was stopped resumes from there, and
            writes the same bytes as one that was not. None: none is kept.
    """
    card, processes = read_cache_card(cache), Processes.here()
    history = {"intermediate": history_of(start)} if start else {}
    if not card["tasks"]:
        passed = encoder_weights(read_weights(start)) if start else {}
        write_checkpoint(out, passed, {"tasks": {}, "training": None, **history}, processes)
        return
    torch.manual_seed(seed)
    model = fresh_model(public, start, card["tasks"])
    masked = any(entry["kind"] == "mlm" for entry in card["tasks"].values())
    masking = read_masking(public / "encoder", seed) if masked else None
    rows, dev = (open_split(cache, split, settings, masking, seed) for split in ("train", "dev"))
    make_ready(model, rows, dev, settings)
    model.terms = make_terms(settings, public, model, processes)
    state = None
    if scratch and settings.resume_minutes:
        inputs = run_inputs(cache, public, start, settings, seed, processes)
        state = StateFile(scratch, out, inputs, settings.resume_minutes)
    result = train(model, rows, dev, settings, seed, card["name"], state)
    weights = checkpoint_weights(result.weights, model, public) if processes.is_main else {}
    write_checkpoint(out, weights, {**checkpoint_card(card, settings, seed, result, len(rows)), **history}, processes)
    if state and processes.is_main:
        state.delete()


def open_split(cache: Path, split: str, settings: TrainSettings, masking: Masking | None, seed: int) -> Examples:
    """The rows of a split, with labels and pictures as the settings say; of train as many as they say."""
    limit = (settings.examples, seed) if split == "train" and settings.examples else None
    return open_examples(cache, split, settings.pictures, masking=masking, labels=settings.labels, limit=limit)


def write_checkpoint(out: Path, weights: dict[str, Tensor], card: dict[str, Any], processes: Processes) -> None:
    """Write a checkpoint, whole or not at all; of several processes the main one does."""
    if processes.is_main:
        with whole_directory(out) as draft:
            save_checkpoint(draft, weights, card)
    processes.wait()


def fresh_model(public: Path, start: Path | None, cards: dict[str, dict[str, Any]]) -> MultitaskModel:
    """The start's encoder with new heads; answer rows and concepts start at the encoder's embeddings of their names."""
    model = MultitaskModel(load_encoder(public, start), cards)
    tokenizer = Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    for task, card in cards.items():
        head = model.head(task)
        if isinstance(head, LayoutHead):
            model.start_concepts(task, [encoding.ids for encoding in tokenizer.encode_batch(head.concepts)])
        if KINDS[card["kind"]].has_vocabulary:
            model.start_answer_rows(task, [encoding.ids for encoding in tokenizer.encode_batch(card["labels"])])
            if card.get("metric") == "soft_accuracy" and isinstance(head, LabelHead):
                head.start_rare()
    return model


def make_ready(model: MultitaskModel, rows: Examples, dev: Examples, settings: TrainSettings) -> None:
    """Bring a fresh model to the state in which training starts.

    Feature maps start at the scale of the features, only the word embeddings that the rows use stay in memory, a frozen
    encoder reads each text once, and adapters are added if they are what is trained.
    """
    start_maps(model, rows)
    if settings.trim_vocabulary and (token_ids := used_ids(rows, dev)) is not None:
        model.encoder.keep_rows(token_ids)
    if settings.tune == "head" and not settings.dropout:
        model.kept = KeptStates()
    if settings.tune == "lora":
        add_adapters(model.encoder, settings.frozen_layers, settings.lora_rank)


def start_maps(model: MultitaskModel, rows: Examples) -> None:
    """Let the feature maps of tasks that have one start at the scale of the features that they will read."""
    for task, features in rows.pictures.features.items():
        if task in model.inputs:
            start_map(model.inputs[task], features.vectors)


def history_of(start: Path) -> dict[str, Any]:
    """What the card of a checkpoint says about phase 1: its tasks, without labels and features, and its training."""
    card = read_card(start)
    left_out = ("labels", "features")  # long, and of no use without the heads and feature maps
    tasks = {
        task: {key: value for key, value in entry.items() if key not in left_out}
        for task, entry in card["tasks"].items()
    }
    return {"tasks": tasks, "training": card["training"]}


def checkpoint_card(
    card: dict[str, Any], settings: TrainSettings, seed: int, result: Trained, rows: int
) -> dict[str, Any]:
    """What a checkpoint says about itself. No times or hosts: the same run must write the same bytes."""
    return {
        "tasks": card["tasks"],
        "training": {
            "cache": card["name"],
            "seed": seed,
            "settings": settings.deciding(),
            "rows": rows,
            "updates": result.updates,
            "examples": result.examples,
            "tokens": result.tokens,
            "english_dev": result.best,
            "curve": result.curve,
        },
    }
