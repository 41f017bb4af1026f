"""Opening a cache for learning: rows, their lengths, and batches of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch

from xstilts.base.cache import TOKENS_OF_CUT_OUT, read_cache_card
from xstilts.base.errors import ParameterError
from xstilts.base.files import open_rows
from xstilts.base.kinds import covers
from xstilts.model.batch import Batch
from xstilts.programs.vocabulary import Vocabulary
from xstilts.train.labels import shuffle_labels
from xstilts.train.lists import Lists, gathered
from xstilts.train.masking import Masking
from xstilts.train.pictures import Pictures, Shown


class Examples:
    """The rows of one split of a cache, with random access to batches.

    Args:
        table: rows as `xstilts.base.cache.ROW`.
        card: the cache's card, naming each task's kind and features.
        pictures: `shown`; `blind`: left out; `shuffled`: every row has those of another row of its language. The last
            two are controls: what a model still gets right, it knows without the picture.
        seed: of the exchange of pictures.
        masking: hides tokens of the texts of an mlm task; such a task needs it.

    Attributes:
        text_lengths: int64 `[rows]`, tokens of text that a row fills in a batch: the length of its longest sequence,
            times its number of sequences (the choices of a choice task).
        visual_lengths: int64 `[rows]`, picture tokens, counted once per sequence.
        tokens: int64 `[rows]`, real tokens of text and picture.
        shift: float32 `[rows, hidden]`, what scoring adds to the states of the texts; None: nothing.
    """

    def __init__(
        self,
        table: pa.Table,
        card: dict[str, Any],
        pictures: Shown = "shown",
        seed: int = 0,
        masking: Masking | None = None,
    ) -> None:
        self.tasks = np.array(table["task"].to_pylist(), dtype=object)
        self.languages = np.array(table["language"].to_pylist(), dtype=object)
        self.ids = table["id"].to_pylist()
        self.table, self.card, self.masking = table, card, masking
        self.columns = {name: table[name].to_numpy().astype(np.int64) for name in ("label", "question", "start", "end")}
        self.shift: np.ndarray | None = None
        names = ("input_ids", "lengths", "labels", "scores", "offsets")
        self.lists = {name: Lists.of(table[name]) for name in names}
        self.pictures = Pictures(table, card, pictures, seed)
        self._measure()
        scored = self.tasks[self.lists["scores"].lengths > 0]
        layouts = {task: entry for task, entry in card["tasks"].items() if entry["kind"] == "layout"}
        self.vocabularies = {task: Vocabulary(tuple(entry["labels"])) for task, entry in layouts.items()}
        self.soft_tasks = {task for task in set(scored) if self.kind(task) == "vqa"}

    def _measure(self) -> None:
        """Set the lengths by which batches are cut, and the tokens by which cost is counted."""
        text, choices = self.lists["input_ids"].lengths, self.lists["lengths"].lengths
        per_region = np.array([self.pictures.tokens.get(task, 0) for task in self.tasks], np.int64)
        visual = per_region * self.pictures.counts * np.maximum(choices, 1)
        self.text_lengths = np.where(choices > 0, choices * self.lists["lengths"].largest(), text)
        self.visual_lengths, self.tokens = visual, text + visual

    def __len__(self) -> int:
        return len(self.ids)

    def kind(self, task: str) -> str:
        """The kind of a task, as the card says."""
        return str(self.card["tasks"][task]["kind"])

    def batch(self, rows: np.ndarray, update: int = 0) -> Batch:
        """Collate rows of one task, padded to the longest text and to the most regions among them.

        Args:
            rows: indices of rows.
            update: number of the training update, which decides what an mlm task hides; 0 outside of training.
        """
        task = str(self.tasks[rows[0]])
        input_ids, text_mask, counts = self._texts(rows)
        choices = int(counts.max())
        pictures = self.pictures.regions(np.repeat(rows, choices), task)
        features, boxes, region_mask = (torch.from_numpy(one) for one in pictures)
        label, start, end = (torch.from_numpy(self.columns[name][rows]) for name in ("label", "start", "end"))
        ids, tokens, mask = [self.ids[row] for row in rows], torch.from_numpy(input_ids), torch.from_numpy(text_mask)
        batch = Batch(task, ids, tokens, mask, features, boxes, region_mask, label, start, end, choices)
        per_region = self.pictures.tokens.get(task, TOKENS_OF_CUT_OUT)
        shift = None if self.shift is None else torch.from_numpy(self.shift[rows])
        batch = replace(batch, rows=np.asarray(rows), tokens_per_region=per_region, shift=shift)
        return self._of_kind(batch, counts, update)

    def _texts(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Token ids and mask `[sequences, tokens]`, and the number of sequences that each row has `[rows]`."""
        lengths, counts = self._sequences(rows)
        begin = self.lists["input_ids"].offsets[rows][:, None]
        starts = begin + np.cumsum(lengths, axis=1) - lengths
        # A choice that an example lacks is one token, its first: an encoder cannot attend to nothing.
        lacking = np.arange(lengths.shape[1]) >= counts[:, None]
        starts, lengths = np.where(lacking, begin, starts), np.where(lacking, 1, lengths)
        input_ids = gathered(self.lists["input_ids"].values, starts.ravel(), lengths.ravel(), 0)
        return input_ids, np.arange(input_ids.shape[1]) < lengths.reshape(-1, 1), counts

    def _sequences(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the encoder reads of each row: one text, or one for each choice.

        Returns:
            Tokens of each sequence, int64 `[rows, sequences]`, 0 where a row has fewer; how many it has, `[rows]`.
        """
        choices = self.lists["lengths"].lengths[rows]
        texts = self.lists["input_ids"].lengths[rows, None]
        if not choices.any():
            return texts, np.ones_like(choices)
        lengths = self.lists["lengths"].padded(rows, 0)
        return np.where((choices == 0)[:, None] & (np.arange(lengths.shape[1]) == 0), texts, lengths), np.maximum(
            choices, 1
        )

    def _of_kind(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        """The batch with what its task's kind has besides one label per example.

        Args:
            counts: int64 `[batch]`, sequences of each example.
        """
        return OF_KIND[self.kind(batch.task)](self, batch, counts, update)

    def _one_label(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        questions = torch.from_numpy(self.columns["question"][batch.rows])
        if (questions >= 0).any():
            places = torch.arange(batch.text_mask.shape[1])
            asked = torch.where(questions < 0, batch.text_mask.shape[1], questions)
            batch = replace(batch, question_mask=batch.text_mask & (places < asked[:, None]))
        return replace(batch, soft=self._soft(batch)) if batch.task in self.soft_tasks else batch

    def _layouts(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        """The batch with what fills the open slots, see `xstilts.programs.vocabulary`."""
        vocabulary = self.vocabularies[batch.task]
        slots = [vocabulary.places(self.lists["labels"][row].tolist()) for row in batch.rows]
        return replace(batch, slots=torch.tensor(slots), parts=vocabulary.parts)

    def _choices(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        return replace(batch, choice_mask=torch.from_numpy(np.arange(batch.choices) < counts[:, None]))

    def _spans(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        return replace(batch, context_mask=self._context(batch))

    def _tags(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        return _labelled(batch, self.lists["labels"].padded(batch.rows, -1))

    def _masked(self, batch: Batch, counts: np.ndarray, update: int) -> Batch:
        """An mlm task's batch with some of its tokens hidden."""
        if self.masking is None:
            raise ValueError(f"{batch.task}: its texts cannot be read without a masking")
        pairs = [self.masking.hide(self.lists["input_ids"][row], int(row), update) for row in batch.rows]
        inputs, labels = zip(*pairs, strict=True)
        return _labelled(replace(batch, input_ids=torch.from_numpy(_padded(inputs, 0))), _padded(labels, -1))

    def _context(self, batch: Batch) -> torch.Tensor:
        """Where an answer may be: at tokens with a place in the context; at all tokens of a row without places."""
        begins = self.lists["offsets"].padded(batch.rows, -1)[:, ::2]
        named = np.arange(begins.shape[1]) < self.lists["offsets"].lengths[batch.rows][:, None] // 2
        mask = batch.text_mask.clone()
        part = mask[:, : begins.shape[1]]
        part[torch.from_numpy(named)] = torch.from_numpy(begins[named] >= 0)
        return mask

    def _soft(self, batch: Batch) -> torch.Tensor:
        """Scores of all answers, float32 `[batch, answers]`; in a row without scores, 1 for the right answer."""
        soft = np.zeros((len(batch.rows), len(self.card["tasks"][batch.task]["labels"])), np.float32)
        scored = self.lists["scores"].lengths[batch.rows] > 0
        label = self.columns["label"][batch.rows]
        single = ~scored & (label >= 0)
        soft[single, label[single]] = 1
        scores, owners = self.lists["scores"].joined(batch.rows[scored])
        labels, _ = self.lists["labels"].joined(batch.rows[scored])
        known = labels >= 0
        soft[np.flatnonzero(scored)[owners[known]], labels[known]] = scores[known]
        return torch.from_numpy(soft)


def _labelled(batch: Batch, labels: np.ndarray) -> Batch:
    """The batch with labels for its tokens, int64 `[batch, tokens]`."""
    return replace(batch, labels=torch.from_numpy(labels), targets=torch.from_numpy(np.flatnonzero(labels >= 0)))


def _padded(lists: list[np.ndarray] | tuple[np.ndarray, ...], filler: int) -> np.ndarray:
    """Lists of numbers as one int64 array `[lists, longest]`, filled up at the end."""
    lengths = np.array([len(one) for one in lists])
    array = np.full((len(lists), lengths.max()), filler, np.int64)
    array[np.arange(array.shape[1])[None, :] < lengths[:, None]] = np.concatenate(lists)
    return array


OF_KIND = covers(
    {
        "vqa": Examples._one_label,
        "layout": Examples._layouts,
        "classification": Examples._one_label,
        "matching": Examples._one_label,
        "retrieval": Examples._one_label,
        "choice": Examples._choices,
        "span": Examples._spans,
        "tagging": Examples._tags,
        "mlm": Examples._masked,
    },
    "xstilts.train.examples.OF_KIND",
)


def used_ids(*parts: Examples) -> np.ndarray | None:
    """The ids of all tokens in some splits, int64, ascending; None: any id may be needed.

    A run needs the word embeddings of these alone, so that no task's vocabulary is an input of another's. A task of
    masked language modelling draws tokens from the whole vocabulary, and predicts over it.
    """
    if any(entry["kind"] == "mlm" for part in parts for entry in part.card["tasks"].values()):
        return None
    return np.unique(np.concatenate([part.lists["input_ids"].values for part in parts])).astype(np.int64)


def open_examples(
    cache: Path,
    split: str,
    pictures: Shown = "shown",
    seed: int = 0,
    masking: Masking | None = None,
    labels: Literal["own", "shuffled"] = "own",
    limit: tuple[int, int] | None = None,
) -> Examples:
    """Open one split (`train`, `dev`, `test`) of a cache directory.

    Args:
        pictures, seed, masking: those of `Examples`.
        labels: `own`; `shuffled`: exchanged among the rows of each task, see `shuffle_labels`.
        limit: so many rows, drawn by a seed, in their order; with the same seed fewer rows are among more of them.

    Raises:
        ParameterError: fewer rows than the limit.
    """
    table, card = open_rows(cache / f"{split}.arrow"), read_cache_card(cache)
    if labels == "shuffled":
        table = shuffle_labels(table, {task: entry["kind"] for task, entry in card["tasks"].items()})
    return Examples(some_of(table, *limit, cache) if limit else table, card, pictures, seed, masking)


def some_of(table: pa.Table, number: int, seed: int, cache: Path) -> pa.Table:
    """So many rows of a table, drawn by a seed."""
    if number > len(table):
        raise ParameterError(
            f"examples is {number}, but {cache} has {len(table)} training rows; set it to null for all"
        )
    return table.take(np.sort(np.random.default_rng(seed).permutation(len(table))[:number]))
