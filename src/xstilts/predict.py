"""Ask a trained model about any picture: the one place where both halves of xstilts meet outside of files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.errors import DataError
from xstilts.base.parameters import STAGES, build, read_yaml
from xstilts.features.extract import FeatureSettings, describe
from xstilts.features.images import decode
from xstilts.features.vision import load_vision
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import load_model


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
    batch = replace(batch, tokens_per_region=settings.tokens)
    with torch.inference_mode():
        chances = model.logits(batch).softmax(-1)[0].tolist()
    return sorted(zip(card["labels"], chances, strict=True), key=lambda pair: -pair[1])


def look(image: Path, public: Path, settings: FeatureSettings) -> tuple[Tensor, Tensor]:
    """Features `[regions, dim]` and boxes `[regions, 7]` of a picture, made as the `features` stage makes them.

    Args:
        public: phase 0, or an export; its folder `vision` is read.
    """
    pixels = decode(image.read_bytes(), image)
    (boxes,), vectors = describe([pixels], load_vision(public / "vision"), settings)
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
