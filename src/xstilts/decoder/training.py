"""One phase of a route of a decoder: adapters trained on English questions and their answers; a checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xstilts.base.cache import read_cache_card
from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.files import whole_directory, write_json
from xstilts.decoder.answering import answer_rows, trie_of
from xstilts.decoder.model import ADAPTER, Decoder, open_decoder
from xstilts.decoder.rows import RAW, Rows, only_task
from xstilts.decoder.settings import DecoderSettings
from xstilts.decoder.trie import Trie
from xstilts.model.checkpoint import CARD, DECODER, read_card
from xstilts.score.labels import EARNED
from xstilts.score.points import Points
from xstilts.score.predictions import prediction_table
from xstilts.score.scoring import SHOWN
from xstilts.train.examples import open_examples
from xstilts.train.loop import refuse_empty
from xstilts.train.phase import checkpoint_card, history_of
from xstilts.train.progress import Progress
from xstilts.train.run import Trained
from xstilts.train.schedule import Schedule


def train_decoder_phase(
    cache: Path, out: Path, settings: DecoderSettings, seed: int, start: Path | None = None, raw: Path = RAW
) -> None:
    """Train on `cache` and write a checkpoint to `out`: a card, and the adapters as peft writes them if there are any.

    A route without an intermediate task has none after phase 1, and with `epochs: 0` there are none at all. A run that
    is stopped begins again.

    Args:
        cache: learning part of a cache with one task of kind vqa, or none.
        start: checkpoint of phase 1, whose adapters are trained on; None: this is phase 1.
        raw: the folder of the raw sets.

    Raises:
        ParameterError: a task that a decoder cannot be trained on.
    """
    card, history = read_cache_card(cache), {"intermediate": history_of(start)} if start else {}
    if card["tasks"]:
        only_task(card)
    decoder = open_decoder(settings.model, settings.precision)
    about = {DECODER: {"model": settings.model, "fingerprint": decoder.fingerprint}}
    if start:
        check_same(start, decoder)
    if not card["tasks"] or not settings.epochs:
        with whole_directory(out) as draft:
            write_json(draft / CARD, {"tasks": card["tasks"], "training": None, **history, **about})
        return
    torch.manual_seed(seed)
    if start and (start / ADAPTER).is_file():
        decoder.load_adapters(start, trained=True)
    else:
        decoder.add_adapters(settings.lora_rank)
    limit = (settings.examples, seed) if settings.examples else None
    shown = {"pictures": settings.pictures, "labels": settings.labels}
    parts = [open_examples(cache, "train", limit=limit, **shown), open_examples(cache, "dev", **shown)]  # type: ignore[arg-type]
    refuse_empty(card["name"], *parts)
    rows, dev = (Rows.of(part, settings, raw) for part in parts)
    result = DecoderRun(decoder, rows, dev, trie_of(decoder, rows), settings, seed).train(card["name"])
    trained = checkpoint_card(card, settings.course, seed, result, len(rows))
    trained["training"]["settings"] = settings.deciding()
    del trained["training"]["rows"]  # by which reports put a route into the curve of an encoder over target examples
    with whole_directory(out) as draft:
        decoder.model.load_state_dict(result.weights, strict=False)
        decoder.model.save_pretrained(draft)
        write_json(draft / CARD, {**trained, **history, **about})


def check_same(checkpoint: Path, decoder: Decoder) -> None:
    """Raise `DataError` where a checkpoint is that of another public model."""
    found = read_card(checkpoint).get(DECODER)
    if not found or found["fingerprint"] != decoder.fingerprint:
        named = f"one of {found['model']} ({found['fingerprint'][:12]})" if found else "no decoder's checkpoint"
        raise DataError(checkpoint / CARD, None, named, f"one of {decoder.fingerprint[:12]}", "run `dvc repro`")


@dataclass
class DecoderRun:
    """The training of a decoder's adapters on the rows of one task.

    The loss of an example is minus the log-probability of its best answer, the quantity that answering searches by. An
    answer that is not in the vocabulary is learned like any other, but never given.
    """

    decoder: Decoder
    rows: Rows
    dev: Rows
    trie: Trie
    settings: DecoderSettings
    seed: int

    def train(self, title: str) -> Trained:
        """Train, and return the adapters with the best score on English dev.

        Raises:
            XstiltsError: at a loss that is not finite.
        """
        result, plan, recent = Trained(weights={}), self._plan(), list[float]()
        optimizer = torch.optim.AdamW(self._weights().values(), weight_decay=self.settings.weight_decay)
        schedule = Schedule(len(plan), math.ceil(len(self.rows) / self._update_size), self.settings.course)
        if self.settings.gradient_checkpointing:
            self.decoder.model.gradient_checkpointing_enable({"use_reentrant": False})
        with Progress(title, len(plan)) as progress:
            for step, update in enumerate(plan, start=1):
                recent.append(self._step(update, optimizer, schedule.rate(step - 1, result.curve), result))
                if schedule.scores_dev(step, result.curve):
                    self._evaluate(step, sum(recent) / len(recent), result)
                    progress.note(f"dev {result.curve[-1]['dev']:.3f}")
                    recent.clear()
                progress.updates = schedule.end(result.curve)
                progress.advance(step, recent[-1] if recent else None, result.examples, result.tokens)
                if step == progress.updates:
                    break
        return result

    @property
    def _update_size(self) -> int:
        return self.settings.batch_size * self.settings.accumulation

    def _weights(self) -> dict[str, Tensor]:
        return {name: one for name, one in self.decoder.model.named_parameters() if one.requires_grad}

    def _plan(self) -> list[list[int]]:
        """The rows of every update: shuffled anew in each epoch, the last of which may be a part of one."""
        updates: list[list[int]] = []
        for epoch in range(math.ceil(self.settings.epochs)):
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.rows)).tolist()
            cut = [order[at : at + self._update_size] for at in range(0, len(order), self._update_size)]
            updates += cut[: max(1, round(min(1.0, self.settings.epochs - epoch) * len(cut)))]
        return updates

    def _step(self, update: list[int], optimizer: torch.optim.Optimizer, rate: float, result: Trained) -> float:
        """One update at a part of the peak rate; returns its loss."""
        for group in optimizer.param_groups:
            group["lr"] = rate * self.settings.learning_rate
        self.decoder.model.train()
        total = 0.0
        for batch in self.rows.batches(update, self.settings.batch_size):
            loss = self._losses(batch, result).sum() / len(update)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        if not math.isfinite(total):
            ids = ", ".join(self.rows.examples.ids[row] for row in update[:5])
            raise XstiltsError(f"update {result.updates + 1}: the loss is {total}; lower decoder.learning_rate ({ids})")
        nn.utils.clip_grad_norm_(self._weights().values(), self.settings.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        result.updates += 1
        result.examples += len(update)
        return total

    def _losses(self, batch: list[int], result: Trained) -> Tensor:
        """Minus the log-probability of each row's best answer, float32 `[batch]`."""
        answers = [self.rows.examples.table["answer"][row].as_py() for row in batch]
        wholes = [[*self.decoder.tokens(one), self.decoder.end] for one in answers]
        prompts = self.decoder.prompts(self.rows.asked(batch))
        result.tokens += int(prompts["attention_mask"].sum()) + sum(map(len, wholes))
        log_probs = self.decoder.log_probs(prompts, [whole[:-1] for whole in wholes])
        return torch.stack([-own[range(len(whole)), whole].sum() for own, whole in zip(log_probs, wholes, strict=True)])

    def _evaluate(self, step: int, loss: float, result: Trained) -> None:
        """Score English dev, add a point to the curve, and keep the adapters if they are the best so far."""
        score = self._dev_score()
        result.curve.append({"update": step, "loss": round(loss, 4), "dev": round(score, 4)})
        if not result.best or score > result.best["mean"]:
            task, _ = only_task(self.rows.examples.card)
            result.best = {task: score, "mean": score}
            result.weights = {name: one.detach().cpu().clone() for name, one in self._weights().items()}

    def _dev_score(self) -> float:
        """The task's metric on English dev, 0..1."""
        self.decoder.model.eval()
        _, entry = only_task(self.dev.examples.card)
        answers = answer_rows(self.decoder, self.dev, self.trie, self.settings.batch_size, 1, "dev")
        table = prediction_table(self.dev.examples, {SHOWN: answers})
        return Points.each(EARNED[entry["metric"]](table, "prediction")).score()
