"""The Hugging Face Trainer, as the library's `run_glue.py` and `run_xnli.py` set it up, and at its best.

`trainer_default` is what the scripts do unless told otherwise: every text padded to 128 tokens, float32, the
configured dropout, every weight trained. `trainer_best` has what the library offers beside that: padding to the
longest text of a batch, batches of similar length, bf16, the fused optimizer, and no dropout (as the pipeline, and so
that attention runs fused). `trainer_best_mean` has the pipeline's head beside that, so that with `--learning-rate`
nothing differs but the engine, and what either learns from as many examples can be compared.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
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

from xstilts.bench.clock import Positions, Stopwatch
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import MeanClassifier, classifier, encoder_config, encoder_cost, mean_classifier
from xstilts.bench.ours import settings_of
from xstilts.bench.sample import labels_of, read_card, table_of, token_ids

PADDED = 128  # `max_length` of the scripts
BEST, BEST_MEAN = "trainer_best", "trainer_best_mean"
Model = PreTrainedModel | MeanClassifier
LEARNING_RATE = 5.0e-5  # the scripts' and the library's own
BEST_SCORING_BATCH = 64


def at_best(job: Job) -> bool:
    """Whether this side has what the library offers."""
    return job.side in (BEST, BEST_MEAN)


class _Start(TrainerCallback):
    """Starts the clock when training begins: what the Trainer prepares is not counted."""

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.watch.start()


def train_rows(job: Job) -> Measured:
    """Train on the job's rows once, after a run on the warm-up rows that is thrown away."""
    if job.warmup:
        _train(job, job.warmup)
    return _train(job, job.rows)


def _train(job: Job, chosen: Sequence[int]) -> Measured:
    dataset = dataset_of(job, chosen, "train")
    with tempfile.TemporaryDirectory() as out, Stopwatch() as watch:
        model = make_model(job)
        trainer = make_trainer(job, Path(out), model, dataset, [_Start(watch)])
        with Positions(model.base_model, training=True) as seen:
            trainer.train()
        accuracy = accuracy_on(trainer, dataset_of(job, job.dev, "dev")) if job.dev else None
    lengths = np.array(dataset["length"])
    cost = encoder_cost(model.config, head=_head(model))
    return Measured(len(dataset), int(lengths.sum()), watch.seconds, seen.total, cost.training(lengths), accuracy)


def score_rows(job: Job) -> Measured:
    """Answer the job's rows once, after the warm-up rows; at its best sorted by length."""
    with tempfile.TemporaryDirectory() as out:
        model = make_model(job)
        trainer = make_trainer(job, Path(out), model, None, [])
        if job.warmup:
            trainer.predict(dataset_of(job, job.warmup))
        with Positions(model.base_model, training=False) as seen:
            began = time.perf_counter()
            dataset = dataset_of(job, job.rows)
            trainer.predict(dataset.sort("length", reverse=True) if at_best(job) else dataset)
            seconds = time.perf_counter() - began
    lengths = np.array(dataset["length"])
    cost = encoder_cost(model.config, head=_head(model))
    return Measured(len(dataset), int(lengths.sum()), seconds, seen.total, cost.scoring(lengths))


def dataset_of(job: Job, rows: Sequence[int], split: str | None = None) -> Dataset:
    """Rows as the scripts' `map` leaves them: ids and mask, padded beforehand or not at all, label, real length."""
    table, config = table_of(job, rows, split), encoder_config(job)
    ids = token_ids(table)
    lengths = [len(one) for one in ids]
    width = 0 if at_best(job) else max(min(PADDED, config.max_position_embeddings - 2), *lengths)
    columns = {
        "input_ids": [one + [config.pad_token_id] * (width - len(one)) for one in ids],
        "attention_mask": [[1] * len(one) + [0] * (width - len(one)) for one in ids],
        "labels": labels_of(table).tolist(),
        "length": lengths,
    }
    return Dataset.from_dict(columns)


def make_model(job: Job) -> Model:
    """The sequence classifier of this side."""
    task, card = read_card(job)
    labels = len(card["tasks"][task]["labels"])
    torch.manual_seed(job.seed)
    return mean_classifier(job, labels) if job.side == BEST_MEAN else classifier(job, labels, dropout=not at_best(job))


def make_trainer(
    job: Job, out: Path, model: Model, dataset: Dataset | None, callbacks: list[TrainerCallback]
) -> Trainer:
    """The Trainer of this side. Checkpoints, logs and progress bars are off: they would only cost time."""
    collator = DataCollatorWithPadding(tokenizer_of(job)) if at_best(job) else default_data_collator
    arguments = training_arguments(job, out)
    return Trainer(model, arguments, data_collator=collator, train_dataset=dataset, callbacks=callbacks)


def training_arguments(job: Job, out: Path) -> TrainingArguments:
    """What the side sets; the number of examples an update is the pipeline's, everything else the library's default."""
    best: dict[str, Any] = {"bf16": True, "train_sampling_strategy": "group_by_length", "optim": "adamw_torch_fused"}
    best["per_device_eval_batch_size"] = BEST_SCORING_BATCH
    return TrainingArguments(
        output_dir=str(out),
        num_train_epochs=1,
        per_device_train_batch_size=settings_of(job).batch_size,
        learning_rate=job.learning_rate or LEARNING_RATE,
        seed=job.seed,
        use_cpu=not torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **(best if at_best(job) else {}),
    )


def tokenizer_of(job: Job) -> PreTrainedTokenizerFast:
    """The encoder's own tokenizer file as the library's tokenizer."""
    path, pad = Path(job.public) / "encoder" / "tokenizer.json", encoder_config(job).pad_token_id
    token = Tokenizer.from_file(str(path)).id_to_token(pad)
    names = ["input_ids", "attention_mask"]
    kind: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = kind(tokenizer_file=str(path), pad_token=token, model_input_names=names)
    return tokenizer


def accuracy_on(trainer: Trainer, dataset: Dataset) -> float:
    """Accuracy, 0..1. A Trainer that groups by length predicts in an order of its own: labels are taken from it too."""
    found = trainer.predict(dataset)
    return float((np.asarray(found.predictions).argmax(-1) == found.label_ids).mean())


def _head(model: torch.nn.Module) -> int:
    """Multiply-adds an example of pooler and classifier: one for each of their matrices' weights."""
    names = ("pooler.", "classifier.")
    return sum(w.numel() for name, w in model.named_parameters() if any(n in name for n in names) and w.ndim > 1)
