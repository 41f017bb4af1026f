"""Every path that only a GPU takes, or that only its memory limits, once each: is it right, how fast, how large."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from transformers import (
    AutoModel,
    ElectraConfig,
    RemBertConfig,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
    SiglipVisionModel,
    XLMRobertaConfig,
)

from xstilts.base.cache import BOX
from xstilts.bench.clock import device, now
from xstilts.bench.models import encoder_cost
from xstilts.features.patches import look
from xstilts.features.vision import load_vision
from xstilts.model.batch import Batch
from xstilts.model.encoder import MultimodalEncoder
from xstilts.model.heads import MaskedTokenHead
from xstilts.model.multitask import MultitaskModel
from xstilts.model.photo_prefix import PhotoPrefix

Result = dict[str, Any]
Way = Literal["packed", "padded"]
WAYS: tuple[Way, Way] = ("packed", "padded")
TASK, ANSWERS = "random", 1842  # as many as GQA's
PATCHES, SEEN = 49, 768  # of a photograph; numbers of a vector
JOINT = 256  # numbers of the space that photographs and sentences share
CHUNK = 256  # masked tokens whose logits are in memory together


@dataclass(frozen=True)
class Sizes:
    """The shapes of the models: those of XLM-R large, RemBERT and SigLIP2 base unless they are tiny.

    Attributes:
        layers, hidden, inner, heads: of the text encoder.
        narrow: numbers of a word embedding, where they are fewer than those of a state.
        seen: layers, hidden, inner, heads, side of the image model.
        sequences: in a batch.
        masked: tokens.
        images: that features are made of.
        repeats: of a step, after two that are not counted.
    """

    vocabulary: int = 250_002
    layers: int = 24
    hidden: int = 1024
    inner: int = 4096
    heads: int = 16
    narrow: int = 256
    seen: tuple[int, int, int, int, int] = (12, SEEN, 3072, 12, 224)
    sequences: int = 64
    masked: int = 2048
    images: int = 512
    repeats: int = 10

    @classmethod
    def tiny(cls) -> Sizes:
        """Sizes with which a processor shows that everything works."""
        return cls(300, 2, 32, 64, 2, 16, (1, 16, 32, 2, 32), sequences=4, masked=40, images=3, repeats=1)

    def config(self) -> dict[str, Any]:
        """The text encoder's sizes as transformers names them."""
        sizes = {"num_hidden_layers": self.layers, "hidden_size": self.hidden, "intermediate_size": self.inner}
        return {**sizes, "num_attention_heads": self.heads, "max_position_embeddings": 514}


def alignment(sizes: Sizes, width: int | None = None) -> dict[str, Tensor]:
    """A random visual prefix of photographs; `width`: of the word embeddings, where it is not that of the states."""
    dim, joint, hidden = sizes.seen[1], JOINT, sizes.hidden
    maps = {
        "image.0": (joint, dim),
        "image.2": (joint, joint),
        "text": (joint, hidden),
        "word": (width or hidden, joint),
    }
    made = {f"{name}.weight": torch.randn(shape) / shape[1] ** 0.5 for name, shape in maps.items()}
    made |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in maps.items()}
    numbers = {"mean": torch.zeros(dim), "std": torch.ones(dim), "centre": torch.zeros(hidden)}
    return made | numbers | {"scale": torch.zeros(()), "offset": torch.zeros(())}


def random_batch(sizes: Sizes, longest: int, pictures: bool = False) -> Batch:
    """Texts of half to all of `longest` tokens, perhaps each with a picture, as a task of questions has them."""
    random = torch.Generator().manual_seed(0)
    count, regions = sizes.sequences, PATCHES + 1 if pictures else 0
    lengths = torch.randint(longest // 2, longest + 1, (count,), generator=random)
    missing = torch.full((count,), -1)
    return Batch(
        task=TASK,
        ids=[str(row) for row in range(count)],
        input_ids=torch.randint(5, sizes.vocabulary, (count, longest), generator=random),
        text_mask=torch.arange(longest) < lengths[:, None],
        features=torch.randn(count, regions, sizes.seen[1], generator=random),
        boxes=torch.rand(count, regions, BOX, generator=random),
        region_mask=torch.ones(count, regions, dtype=torch.bool),
        label=torch.randint(ANSWERS, (count,), generator=random),
        start=missing,
        end=missing,
        tokens_per_region=1,
    )


def random_model(config: Any, sizes: Sizes) -> MultitaskModel:
    """A model with random weights that answers questions; on the GPU if there is one."""
    torch.manual_seed(0)
    with device():
        text = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    prefix = PhotoPrefix(alignment(sizes, text.get_input_embeddings().embedding_dim))
    card = {"kind": "vqa", "labels": [str(answer) for answer in range(ANSWERS)], "features": None}
    return MultitaskModel(MultimodalEncoder(text, prefix), {TASK: card}).to(device())


def step_of_large(sizes: Sizes) -> Result:
    """One training step in bf16 of the shape of XLM-R large with 50 tokens of a picture beside every question."""
    config = XLMRobertaConfig(vocab_size=sizes.vocabulary, type_vocab_size=1, **sizes.config())
    model, batch = without_dropout(random_model(config, sizes)), random_batch(sizes, 20, pictures=True)
    lengths = batch.mask().sum(1).numpy()
    found: Result = {}
    for way in WAYS:
        found[way] = timed_step(model, batch, way, sizes.repeats)
        found[way]["flops_per_second"] = encoder_cost(config).training(lengths) / found[way]["seconds_of_step"]
    return found | {"examples": len(lengths), "tokens": int(lengths.sum())} | _best(found)


def packing_of_narrow_embeddings(sizes: Sizes) -> Result:
    """Packed against padded for encoders whose word embeddings are narrower than their states: RemBERT, whose attention
    transformers does not let anyone replace, so that it must be padded, and ELECTRA."""
    shape: dict[str, Any] = {
        **sizes.config(),
        "num_hidden_layers": min(8, sizes.layers),
        "vocab_size": sizes.vocabulary,
    }
    ends: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 2, "input_embedding_size": sizes.narrow}
    found: Result = {}
    for name, config in (
        ("rembert", RemBertConfig(**shape, **ends, output_embedding_size=sizes.narrow)),
        ("electra", ElectraConfig(**shape, embedding_size=sizes.narrow)),
    ):
        model = without_dropout(random_model(config, sizes))
        batch = random_batch(sizes, 40, pictures=True)
        logits = [logits_of(model, batch, way, torch.bfloat16) for way in WAYS]
        found[name] = {way: timed_step(model, batch, way, sizes.repeats) for way in WAYS}
        found[name] |= _difference(*logits)
    return found


def half_precision(sizes: Sizes) -> Result:
    """Logits in bf16 and in fp16, which cards before Ampere have in its place, against fp32.

    Training and scoring offer bf16 and fp32 alone: this shows what fp16 would do to the forward pass.
    """
    config = XLMRobertaConfig(vocab_size=sizes.vocabulary, type_vocab_size=1, **sizes.config())
    model, batch = without_dropout(random_model(config, sizes)), random_batch(sizes, 40)
    exact = logits_of(model, batch, "padded", torch.float32)
    found: Result = {}
    for kind in (torch.bfloat16, torch.float16):
        for way in WAYS:
            found[f"{str(kind).removeprefix('torch.')} {way}"] = _difference(logits_of(model, batch, way, kind), exact)
    return found


def masked_logits(sizes: Sizes) -> Result:
    """The loss of masked tokens over the whole vocabulary and its gradient: in one piece, as the head has it, and in
    chunks that are computed twice (`torch.utils.checkpoint`): seconds, peak memory, and whether both agree."""
    torch.manual_seed(0)
    with device():
        head = MaskedTokenHead(sizes.hidden, sizes.vocabulary)
        words = torch.randn(sizes.vocabulary, sizes.hidden, requires_grad=True)
        states = torch.randn(sizes.masked, sizes.hidden)
        labels = torch.randint(sizes.vocabulary, (sizes.masked,))

    def loss(states: Tensor, labels: Tensor) -> Tensor:
        found = F.linear(head.norm(F.gelu(head.dense(states))), words, head.bias)
        return F.cross_entropy(found, labels, reduction="sum")

    def in_chunks(states: Tensor, labels: Tensor) -> Tensor:
        pieces = zip(torch.split(states, CHUNK), torch.split(labels, CHUNK), strict=True)
        return sum(
            (checkpoint(loss, *one, use_reentrant=False) for one in pieces), start=torch.zeros((), device=device())
        )

    def gradient(work: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        return torch.autograd.grad(work(states, labels), words)[0]

    found: Result = {"masked": sizes.masked, "vocabulary": sizes.vocabulary}
    for name, work in (("whole", loss), ("in_chunks", in_chunks)):
        found[name] = timed(partial(gradient, work), sizes.repeats)
    return found | _difference(gradient(in_chunks), gradient(loss))


def features(sizes: Sizes) -> Result:
    """Images per second of an image model of the shape of SigLIP2 base: with what the processor does to 500 x 375
    pixels, and the model alone."""
    layers, hidden, inner, heads, side = sizes.seen
    names: dict[str, Any] = {"num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": inner}
    config = SiglipVisionConfig(**names, num_attention_heads=heads, image_size=side, patch_size=16)
    with tempfile.TemporaryDirectory() as folder:
        SiglipVisionModel(config).save_pretrained(folder)
        SiglipImageProcessorPil(size={"height": side, "width": side}).save_pretrained(folder)
        encoder = load_vision(Path(folder))
    found: Result = {}
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (375, 500, 3)).astype(np.uint8) for _ in range(min(64, sizes.images))]
    rounds = max(1, sizes.images // len(images))
    pixels = torch.randn(len(images), 3, side, side)
    ways: dict[str, Callable[[], object]] = {
        "with_processor": lambda: look(images, encoder, 7, "letterbox"),
        "model_alone": lambda: encoder.look(pixels),
    }
    for name, work in ways.items():
        found[name] = timed(work, rounds)
        found[name]["images_per_second"] = len(images) / found[name]["seconds_of_step"]
    return found | {"images_per_batch": len(images)}


PATHS: Mapping[str, Callable[[Sizes], Result]] = {
    "training step of XLM-R large with 49 patches": step_of_large,
    "packing of narrow embeddings": packing_of_narrow_embeddings,
    "half precision": half_precision,
    "logits of masked tokens": masked_logits,
    "features of SigLIP2 base": features,
}


def without_dropout(model: MultitaskModel) -> MultitaskModel:
    """The model as it is trained: packing needs attention without dropout."""
    model.train().encoder.set_dropout(0.0)
    return model


def timed_step(model: MultitaskModel, batch: Batch, way: Way, repeats: int) -> Result:
    """Seconds and peak memory of forward, backward and AdamW's step, in bf16, and whether the batch was packed."""
    model.encoder.choose_attention(way, "bf16")
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-5, fused=device().type == "cuda")
    ready = model.encoder.ready(batch).to(device())

    def step() -> None:
        with torch.autocast(device().type, torch.bfloat16):
            loss = model(ready)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return timed(step, repeats) | {"packed": model.encoder.packs}


@torch.no_grad()
def logits_of(model: MultitaskModel, batch: Batch, way: Way, kind: torch.dtype) -> Tensor:
    """The logits of a batch, float32."""
    model.encoder.choose_attention(way, "bf16")
    ready = model.encoder.ready(batch).to(device())
    with torch.autocast(device().type, kind, enabled=kind != torch.float32):
        return model.logits(ready).float()


def timed(work: Callable[[], object], repeats: int) -> Result:
    """Median seconds of some work after two turns that are not counted, and the GPU's peak memory in bytes."""
    for _ in range(2):
        work()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(repeats):
        begun = now()
        work()
        seconds.append(now() - begun)
    peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return {"seconds_of_step": float(np.median(seconds)), "peak_gpu_memory_bytes": peak}


def _best(found: Result) -> Result:
    """The higher of the rates, for the share of the card's."""
    return {"flops_per_second": max(one["flops_per_second"] for one in found.values())}


def _difference(one: Tensor, other: Tensor) -> Result:
    """The largest difference, what it is measured by, and whether all numbers are finite."""
    largest, scale = (one - other).abs().max().item(), other.abs().max().item()
    return {"largest_difference": largest, "largest_number": scale, "finite": bool(one.isfinite().all())}
