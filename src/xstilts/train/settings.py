"""How one training stage trains: the keys of a task file's `intermediate` and `target` sections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from xstilts.base.errors import ParameterError

NOT_DECIDING = ("resume_minutes", "trim_vocabulary", "loader_workers")  # settings that change no number
# Settings that an earlier version did not have, where they change nothing.
NEUTRAL = {"tune": "full", "attention": "auto", "compile": False}


@dataclass(frozen=True)
class TrainSettings:
    """Attributes:
    epochs: passes over the training rows (of a mixture: over its epoch).
    learning_rate: peak rate of the encoder.
    head_learning_rate: peak rate of heads and feature maps, which start fresh.
    warmup: part of the updates with a rising rate; afterwards it falls linearly to 0.
    weight_decay: AdamW's, on matrices only; on word embeddings there is none.
    clip: largest gradient norm, applied once an update.
    token_budget: padded tokens (text and picture) in a batch, at most.
    batch_size: examples in a batch, at most.
    accumulation: how many times an update may hold what a batch may. Half of both limits and twice the accumulation
        make the same updates in half of the memory.
    evaluations: times English dev is scored, evenly over the second half, the last at the end; the best is kept.
    tune: what of the encoder is trained: `full`, its layers; `lora`, low-rank adapters beside the linear maps of those
        layers, and nothing else of them; `head`, nothing, so that heads and feature maps alone are.
    lora_rank: rank of the adapters; their product is multiplied by 2.
    dropout: probability of every dropout in the encoder.
    train_inputs: whether embeddings and visual prefix are trained.
    frozen_layers: how many of the encoder's layers, from the input on, are not trained.
    trim_vocabulary: whether only those word embeddings are in memory that the cache's texts use (a task of masked
        language modelling uses all). It decides nothing: with embeddings that are trained, the gradient's norm is
        summed over fewer zeros, and may be rounded otherwise.
    precision: bf16 autocast or fp32.
    resume_minutes: between two states on disk, from which a run that was cut off is taken up; 0: none is written. It
        decides nothing else.
    loader_workers: threads that make batches ahead; null: two for an accelerator, none for processors. It decides
        nothing else.
    attention: packed: the tokens of a batch in one row, without padding, and attention within each sequence; padded;
        auto: packed where that is faster, on a GPU in bf16 without dropout. Both compute the same.
    compile: whether torch compiles the encoder's layers (torch.compile), which takes a minute or so at the start. On
        processors one thread works then.
    """

    epochs: float = 1.0
    learning_rate: float = 7.0e-5
    head_learning_rate: float = 5.0e-4
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    token_budget: int = 1024
    batch_size: int = 16
    accumulation: int = 1
    evaluations: int = 2
    tune: Literal["full", "lora", "head"] = "full"
    lora_rank: int = 8
    dropout: float = 0.0
    train_inputs: bool = False
    frozen_layers: int = 4
    trim_vocabulary: bool = True
    precision: Literal["bf16", "fp32"] = "bf16"
    resume_minutes: float = 5.0
    loader_workers: int | None = None
    attention: Literal["auto", "packed", "padded"] = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse what would train nothing, or something else than was asked."""
        for name in ("epochs", "token_budget", "batch_size", "accumulation", "evaluations", "clip", "lora_rank"):
            if getattr(self, name) <= 0:
                raise ParameterError(f"{name} is {getattr(self, name)}, expected more than 0")
        for name in ("frozen_layers", "resume_minutes"):
            if getattr(self, name) < 0:
                raise ParameterError(f"{name} is {getattr(self, name)}, expected 0 or more")
        if self.tune == "head" and self.train_inputs:
            raise ParameterError("tune: head trains nothing of the encoder, but train_inputs is true; set it to false")
        if self.loader_workers is not None and self.loader_workers < 0:
            raise ParameterError(f"loader_workers is {self.loader_workers}, expected 0 or more, or null")

    def deciding(self) -> dict[str, Any]:
        """The settings on which a run's numbers depend; of those in `NEUTRAL` only what differs from that."""
        unused = () if self.tune == "lora" else ("lora_rank",)
        own = {name: value for name, value in asdict(self).items() if name not in (*NOT_DECIDING, *unused)}
        return {name: value for name, value in own.items() if name not in NEUTRAL or value != NEUTRAL[name]}
