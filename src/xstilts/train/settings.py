"""How a training stage trains: the keys of the sections `intermediate` and `target` in task files and recipes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import inf
from typing import Annotated, Any, Literal

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.parameters import Range

TERM_NAMES = (
    "public_distance",
    "answer_distance",
)  # of `xstilts.train.terms.TERMS`, here for the check of parameters, which has no torch
NOT_DECIDING = ("resume_minutes", "trim_vocabulary", "loader_workers")  # settings on which no number depends
# Settings that an earlier version did not have, with the value at which they change nothing.
NEUTRAL: dict[str, Any] = {"tune": "full", "attention": "auto", "compile": False, "labels": "own", "pictures": "shown"}
NEUTRAL |= {"max_updates": None, "max_tokens": None, "terms": {}, "projector_learning_rate": 0.0, "patience": None}
NEUTRAL |= {"cooldown": None, "examples": None, "batch_threads": 1}


@dataclass(frozen=True)
class TrainSettings:
    """Attributes:
    epochs: passes over the training rows (of a mixture: over its epoch), at most.
    patience: evaluations of English dev without a new best after which the run ends (with a cool-down: after which
        that begins); null: it has all its epochs.
    cooldown: epochs at the end of the run over which the rate falls linearly to 0, and is constant before; null: it
        falls from the warm-up on, to 0 at the end of all epochs.
    examples: train on so many training rows alone, drawn by the seed of the run, with all images of them; null: on all.
    max_updates: the run ends after so many updates, if not before; null: no limit.
    max_tokens: the run ends with the update in which it has seen so many real tokens, if not before; null: no limit.
        Learning rate and evaluations follow the length that these two leave.
    labels: own; shuffled, a control: exchanged among the rows of each task, in train and dev (`xstilts.train.labels`).
    pictures: shown; two controls, in train and dev: blind, none; shuffled, those of other rows
        (`xstilts.train.pictures`).
    terms: loss terms beside the task's own, each with its weight: `{public_distance: 0.1}`; see `xstilts.train.terms`.
    learning_rate: peak rate of the encoder.
    projector_learning_rate: peak rate of the visual prefix; 0: it is trained only where `train_inputs` says so, at the
        encoder's rate.
    head_learning_rate: peak rate of heads and feature maps, which start fresh.
    warmup: part of all updates that the run may have, with a rising rate.
    weight_decay: AdamW's, on matrices only; on word embeddings there is none.
    clip: largest gradient norm, applied once per update.
    token_budget: padded tokens (text and picture) in a batch, at most.
    batch_size: examples in a batch, at most.
    accumulation: batches per update, at most. Half of both limits and twice the accumulation make the same updates in
        half of the memory.
    batch_threads: into how many parts a batch is split on processors, each for a thread of its own. Rounding follows
        this number, not that of the processors, so that any machine gives the same weights. 1 where cells are trained
        side by side; for one large cell, as many as there are processors. With dropout or `compile` a batch stays
        whole.
    evaluations: times English dev is scored in each epoch, and once more at the end of the run; the best is kept.
    tune: which part of the encoder is trained: `full`, its layers; `lora`, low-rank adapters beside the linear maps of
        those layers, and nothing else in them; `head`, nothing, so that only heads and feature maps are.
    lora_rank: rank of the adapters; their product is multiplied by 2.
    dropout: probability of every dropout in the encoder.
    train_inputs: whether embeddings and visual prefix are trained.
    frozen_layers: how many of the encoder's layers, from the input on, are not trained.
    trim_vocabulary: whether only the word embeddings that the cache's texts use are in memory (a task of masked
        language modelling uses all). No number depends on it but for rounding: with trained embeddings, the gradient's
        norm is summed over fewer zeros.
    precision: bf16 autocast or fp32.
    resume_minutes: between two states on disk, from which a run that was stopped resumes; 0: none is written. No number
        depends on it.
    loader_workers: threads that prepare batches in advance; null: two for an accelerator, none for processors. No
        number depends on it.
    attention: packed: the tokens of a batch in one row, without padding, and attention within each sequence; padded;
        auto: packed where that is faster, on a GPU in bf16 without dropout. Both compute the same.
    compile: whether torch compiles the encoder's layers (torch.compile), which takes a minute or so at the start. On
        processors, training then uses one thread.
    """

    epochs: Annotated[float, Range(0, 1000, above=True)] = 1.0
    patience: Annotated[int | None, Range(1, 1000)] = None
    cooldown: Annotated[float | None, Range(0, 1000, above=True)] = None
    examples: Annotated[int | None, Range(1, 1e9)] = None
    max_updates: Annotated[int | None, Range(1, 1e9)] = None
    max_tokens: Annotated[int | None, Range(1, 1e13)] = None
    labels: Literal["own", "shuffled"] = "own"
    pictures: Literal["shown", "blind", "shuffled"] = "shown"
    terms: dict[str, float] = field(default_factory=dict)
    learning_rate: Annotated[float, Range(0, 1)] = 7.0e-5
    projector_learning_rate: Annotated[float, Range(0, 1)] = 0.0
    head_learning_rate: Annotated[float, Range(0, 1)] = 5.0e-4
    warmup: Annotated[float, Range(0, 1)] = 0.1
    weight_decay: Annotated[float, Range(0, 1)] = 0.01
    clip: Annotated[float, Range(0, 1e6, above=True)] = 1.0
    token_budget: Annotated[int, Range(1, 1e6)] = 1024
    batch_size: Annotated[int, Range(1, 1e5)] = 16
    accumulation: Annotated[int, Range(1, 1e5)] = 1
    batch_threads: Annotated[int, Range(1, 256)] = 1
    evaluations: Annotated[int, Range(1, 1000)] = 2
    tune: Literal["full", "lora", "head"] = "full"
    lora_rank: Annotated[int, Range(1, 4096)] = 8
    dropout: Annotated[float, Range(0, 1)] = 0.0
    train_inputs: bool = False
    frozen_layers: Annotated[int, Range(0, 1000)] = 4
    trim_vocabulary: bool = True
    precision: Literal["bf16", "fp32"] = "bf16"
    resume_minutes: Annotated[float, Range(0, 1e4)] = 5.0
    loader_workers: Annotated[int | None, Range(0, 256)] = None
    attention: Literal["auto", "packed", "padded"] = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse what would train nothing, or something other than what was asked for."""
        self._check_terms()
        if self.tune == "head" and self.train_inputs:
            raise ParameterError("tune: head trains nothing of the encoder, but train_inputs is true; set it to false")

    def _check_terms(self) -> None:
        for name, weight in self.terms.items():
            if name not in TERM_NAMES:
                raise ParameterError(f"terms: unknown term '{name}'.{did_you_mean(name, TERM_NAMES)}")
            if not 0 <= weight < inf:
                raise ParameterError(f"terms: the weight of {name} is {weight}, expected 0 or more and finite")

    def deciding(self) -> dict[str, Any]:
        """The settings on which a run's numbers depend; of those in `NEUTRAL`, only the ones with another value."""
        unused = () if self.tune == "lora" else ("lora_rank",)
        own = {name: value for name, value in asdict(self).items() if name not in (*NOT_DECIDING, *unused)}
        return {name: value for name, value in own.items() if name not in NEUTRAL or value != NEUTRAL[name]}
