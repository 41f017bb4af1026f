"""Hugging Face: the Trainer as the library's `run_glue.py` and `run_xnli.py` set it up, and at its best.

The default is what the scripts do unless told otherwise: every text padded to 128 tokens, float32, the configured
dropout, every weight trained. At its best it has what the library offers beside that: padding to the longest text of a
batch, batches of similar length, bf16, the fused optimizer, the fastest attention, and no dropout (like the pipeline).
Frozen, it trains the same layers as the pipeline beside that. With the pipeline's head and with `--learning-rate`,
nothing differs but the engine: what either learns from as many examples can be compared. What the library offers for
texts in one row (`DataCollatorWithFlattening`) and Liger's kernels are for decoders, not for these classifiers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from tokenizers import Tokenizer
from transformers import (
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)

from xstilts.bench.clock import Positions, Stopwatch, TrainingClock
from xstilts.bench.flops import Cost
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import MeanClassifier, classifier, encoder_config, encoder_cost, freeze, mean_classifier
from xstilts.bench.rows import labels_of, read_card, table_of, token_ids, tokenizer_file
from xstilts.train.settings import TrainSettings

Model = PreTrainedModel | MeanClassifier
LEARNING_RATE = 5.0e-5  # the scripts' and the library's own
MAX_LENGTH = 128  # tokens of a text in the scripts, and in stages/defaults.yaml
BEST: dict[str, Any] = {
    "bf16": True,
    "optim": "adamw_torch_fused",
    "per_device_eval_batch_size": 64,
}
GROUPED: dict[str, Any] = {"train_sampling_strategy": "group_by_length"}


@dataclass(frozen=True)
class HuggingFace:
    """The library's tools in one of their settings.

    Attributes:
        at_best: whether they have what the library offers (see above), or what the scripts set.
        mean_head: whether the model has the pipeline's head in place of the library's.
        frozen: whether embeddings and layers are frozen as the task's settings say, as the pipeline does.
    """

    at_best: bool = False
    mean_head: bool = False
    frozen: bool = False

    def train(self, job: Job) -> Measured:
        """Train on the job's rows once; what the Trainer prepares before the first batch is not counted."""
        dataset = self.dataset(job, job.rows, "train")
        with tempfile.TemporaryDirectory() as out, TrainingClock() as clock:
            model = self.model(job)
            trainer = self.trainer(job, Path(out), model, dataset, [_Restart(clock)])
            with Positions(model.base_model, training=True) as seen:
                trainer.train()
            accuracy = accuracy_on(trainer, self.dataset(job, job.dev, "dev")) if job.dev else None
        lengths = np.array(dataset["length"])
        flops, steps = self.cost(job, model).training(lengths), {"updates": clock.updates}
        numbers = clock.seconds, seen.total, flops, accuracy, clock.processor_seconds, steps
        return Measured(len(dataset), int(lengths.sum()), *numbers)

    def score(self, job: Job) -> Measured:
        """Answer the job's rows once; at its best sorted by length."""
        dataset = self.dataset(job, job.rows)
        with tempfile.TemporaryDirectory() as out:
            model = self.model(job)
            trainer = self.trainer(job, Path(out), model, None, [])
            with Positions(model.base_model, training=False) as seen, Stopwatch() as watch:
                trainer.predict(dataset.sort("length", reverse=True) if self.at_best else dataset)
        lengths = np.array(dataset["length"])
        numbers = watch.seconds, seen.total, self.cost(job, model).scoring(lengths), None, watch.processor_seconds
        return Measured(len(dataset), int(lengths.sum()), *numbers)

    def dataset(self, job: Job, rows: Sequence[int], split: str | None = None) -> Dataset:
        """Rows as the scripts' `map` leaves them: ids and mask, padded already or not at all, label, real length."""
        table, config = table_of(job, rows, split), encoder_config(job)
        ids = token_ids(table)
        lengths = [len(one) for one in ids]
        width = 0 if self.at_best else max(min(MAX_LENGTH, config.max_position_embeddings - 2), *lengths)
        columns = {
            "input_ids": [one + [config.pad_token_id] * (width - len(one)) for one in ids],
            "attention_mask": [[1] * len(one) + [0] * (width - len(one)) for one in ids],
            "labels": labels_of(table).tolist(),
            "length": lengths,
        }
        return Dataset.from_dict(columns)

    def model(self, job: Job) -> Model:
        """A fresh sequence classifier."""
        task, card = read_card(job)
        labels = len(card["tasks"][task]["labels"])
        torch.manual_seed(job.seed)
        model = mean_classifier(job, labels) if self.mean_head else classifier(job, labels, self.at_best)
        if self.frozen:
            freeze(model.base_model, TrainSettings(**job.settings))
        return model

    def cost(self, job: Job, model: Model) -> Cost:
        """What the encoder costs, with pooler and classifier: a multiply-add per example for each matrix weight."""
        names, weights = ("pooler.", "classifier."), model.named_parameters()
        head = sum(w.numel() for name, w in weights if any(n in name for n in names) and w.ndim > 1)
        settings = TrainSettings(**job.settings)
        kept = (settings.frozen_layers, settings.train_inputs) if self.frozen else (0, True)
        return encoder_cost(model.config, *kept, head=head)

    def trainer(
        self, job: Job, out: Path, model: Model, dataset: Dataset | None, callbacks: list[TrainerCallback]
    ) -> Trainer:
        """The Trainer. Checkpoints, logs and progress bars are off: they would only cost time."""
        collator = DataCollatorWithPadding(tokenizer_of(job)) if self.at_best else default_data_collator
        arguments = self.arguments(job, out)
        return Trainer(model, arguments, data_collator=collator, train_dataset=dataset, callbacks=callbacks)

    def arguments(self, job: Job, out: Path) -> TrainingArguments:
        """What is set: the number of examples in an update is the pipeline's, the rest the library's default."""
        return TrainingArguments(
            output_dir=str(out),
            num_train_epochs=1,
            per_device_train_batch_size=job.settings["batch_size"],
            learning_rate=job.learning_rate or LEARNING_RATE,
            seed=job.seed,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **(BEST if self.at_best else {}),
            # Where it scores, rows are sorted already, and grouping would shuffle them.
            **(GROUPED if self.at_best and job.what == "train" else {}),
        )


AS_IN_SCRIPTS, AT_BEST = HuggingFace(), HuggingFace(at_best=True)
AT_BEST_WITH_OUR_HEAD = HuggingFace(at_best=True, mean_head=True)
FROZEN = HuggingFace(at_best=True, frozen=True)


class _Restart(TrainerCallback):
    """Restarts the clock when training begins."""

    def __init__(self, clock: TrainingClock) -> None:
        self.clock = clock

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.clock.restart()


def tokenizer_of(job: Job) -> PreTrainedTokenizerFast:
    """The encoder's own tokenizer file as the library's tokenizer."""
    path, pad = tokenizer_file(job), encoder_config(job).pad_token_id
    token = Tokenizer.from_file(str(path)).id_to_token(pad)
    names = ["input_ids", "attention_mask"]
    kind: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = kind(tokenizer_file=str(path), pad_token=token, model_input_names=names)
    return tokenizer


def accuracy_on(trainer: Trainer, dataset: Dataset) -> float:
    """Accuracy, 0..1. A Trainer that groups by length predicts in an order of its own: labels are taken from it too."""
    found = trainer.predict(dataset)
    return float((np.asarray(found.predictions).argmax(-1) == found.label_ids).mean())
