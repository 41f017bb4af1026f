"""Ask a trained model about any picture: the one place where both halves of xstilts meet outside of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.errors import DataError
from xstilts.base.files import open_rows
from xstilts.base.parameters import STAGES, build, read_yaml
from xstilts.features.extract import FeatureSettings, cut, embed
from xstilts.features.images import decode
from xstilts.features.perceive import Projector
from xstilts.features.regions import propose
from xstilts.features.vision import load_vision
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import load_model
from xstilts.score.beams import Beams, BeamSettings
from xstilts.systems.modules import Modules, Solved
from xstilts.systems.settings import SystemSettings


def predict(image: Path, question: str, checkpoint: Path, public: Path) -> list[tuple[str, float]]:
    """Answer a question, in any language, about a picture.

    Args:
        checkpoint: of a visual question answering target, `data/target/<recipe>/<route>-s<seed>/<target>`.
        public: phase 0, `data/public`.

    Returns:
        Every answer of the vocabulary with its probability, best first.

    Raises:
        DataError: the picture cannot be read, or the checkpoint answers no questions about pictures.
    """
    model = load_model(public, checkpoint)
    task, card = next(iter(model.cards.items()), ("", {"kind": "passed-on"}))
    todo = "choose another target"
    if card["kind"] != "vqa":
        raise DataError(checkpoint, None, f"a {card['kind']} model", "one that answers questions", todo)
    if task in model.inputs:
        raise DataError(checkpoint, None, "a model of published features", "one that reads pictures", todo)
    defaults = STAGES / "defaults.yaml"
    settings = build(FeatureSettings, read_yaml(defaults).get("features") or {}, f"{defaults}: features")
    features, boxes = look(image, public, settings)
    tokenizer = Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))
    batch = one_question(task, tokenizer.encode(question).ids, features, boxes)
    with torch.inference_mode():
        chances = model.logits(batch).softmax(-1)[0].tolist()
    return sorted(zip(card["labels"], chances, strict=True), key=lambda pair: -pair[1])


def predict_by_modules(
    image: Path, question: str, parser: Path, public: Path, cache: Path, names: Path, settings: SystemSettings
) -> Solved:
    """Answer a question, in any language, about a picture by modules.

    Args:
        parser: a checkpoint of the target's layout task.
        public: phase 0, `data/public`.
        cache: the layout task's, whose English training questions tell what words mean.
        names: pictures with English names, see `xstilts.features.perceive.Projector`.
        settings: of the system.

    Raises:
        DataError: the picture cannot be read, or the checkpoint parses no questions.
    """
    model = load_model(public, parser)
    task, card = next(iter(model.cards.items()), ("", {"kind": "passed-on"}))
    if card["kind"] != "layout":
        todo = "give a checkpoint of a layout task"
        raise DataError(parser, None, f"a {card['kind']} model", "one that parses questions", todo)
    defaults = STAGES / "defaults.yaml"
    features = build(FeatureSettings, read_yaml(defaults).get("features") or {}, f"{defaults}: features")
    vectors, boxes = look(image, public, features)
    scene = Projector(names, public).scene(image.stem, vectors, boxes.numpy())
    tokenizer = Tokenizer.from_file(str(public / "encoder" / "tokenizer.json"))
    batch = one_question(task, tokenizer.encode(question).ids, vectors[:0], boxes[:0])
    with torch.inference_mode():
        scores = model.logits(batch)[0].numpy()
    beams = Beams(card["labels"], BeamSettings(settings.templates, settings.concepts, settings.layouts))
    modules = Modules.of_training(open_rows(cache / "learn/train.arrow"), settings)
    return modules.solve(beams.layouts(scores), scene)


def look(image: Path, public: Path, settings: FeatureSettings) -> tuple[Tensor, Tensor]:
    """Features `[regions, dim]` and boxes `[regions, 7]` of a picture, made as the `features` stage makes them.

    Args:
        public: phase 0, or an export; its folder `vision` is read.
    """
    pixels = decode(image.read_bytes(), image)
    boxes = propose(pixels, settings.limit, settings.proposals)
    vectors = embed(load_vision(public / "vision"), cut(pixels, boxes, settings.crop), settings.batch)
    return torch.from_numpy(vectors.astype(np.float16).astype(np.float32)), torch.from_numpy(boxes)


def one_question(task: str, token_ids: list[int], features: Tensor, boxes: Tensor) -> Batch:
    """A batch of one example, without a label."""
    input_ids, missing = torch.tensor([token_ids]), torch.tensor([-1])
    return Batch(
        task=task,
        ids=["question"],
        input_ids=input_ids,
        text_mask=torch.ones_like(input_ids, dtype=torch.bool),
        features=features[None],
        boxes=boxes[None],
        region_mask=torch.ones(1, len(boxes), dtype=torch.bool),
        label=missing,
        start=missing,
        end=missing,
    )
