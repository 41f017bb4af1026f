"""Opening a cache for learning: rows, their lengths, and the regions of their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from xstilts.cache import BOX, CARD, Features, open_features, open_rows, read_json
from xstilts.model.batch import Batch
from xstilts.model.visual_prefix import TOKENS_PER_REGION


class Examples:
    """The rows of one split of a cache, with random access to batches.

    Args:
        table: rows as `xstilts.cache.ROW`.
        card: the cache's card, naming each task's features.
        masked: leave the pictures out (the blind control).
    """

    def __init__(self, table: pa.Table, card: dict[str, Any], masked: bool = False) -> None:
        self.tasks = np.array(table["task"].to_pylist(), dtype=object)
        self.languages = np.array(table["language"].to_pylist(), dtype=object)
        self.ids = table["id"].to_pylist()
        self.table = table
        self.card = card
        tokens = table["input_ids"].combine_chunks()
        self._tokens = tokens.flatten().to_numpy()
        self._offsets = tokens.offsets.to_numpy() - tokens.offsets[0].as_py() if len(table) else np.zeros(1, int)
        images = table["image"].to_numpy()
        self.images = np.full_like(images, -1) if masked else images
        self.columns = {name: table[name].to_numpy().astype(np.int64) for name in ("label", "start", "end")}
        self.features = _open_all(card)
        self.text_lengths = np.diff(self._offsets)
        self.visual_lengths = TOKENS_PER_REGION * self._region_counts()

    def __len__(self) -> int:
        return len(self.ids)

    def _region_counts(self) -> np.ndarray:
        counts = np.zeros(len(self), dtype=np.int64)
        for task, features in self.features.items():
            rows = (self.tasks == task) & (self.images >= 0)
            counts[rows] = np.diff(features.offsets)[self.images[rows]]
        return counts

    def batch(self, rows: np.ndarray) -> Batch:
        """Collate rows of one task, padded to the longest text and to the most regions among them."""
        task = str(self.tasks[rows[0]])
        input_ids, mask = self._texts(rows)
        features, boxes, region_mask = self._regions(rows, task)
        label, start, end = (torch.from_numpy(self.columns[name][rows]) for name in ("label", "start", "end"))
        ids = [self.ids[row] for row in rows]
        return Batch(task, ids, input_ids, mask, features, boxes, region_mask, label, start, end)

    def _texts(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        lengths = self.text_lengths[rows]
        mask = np.arange(lengths.max())[None, :] < lengths[:, None]
        input_ids = np.zeros(mask.shape, dtype=np.int64)
        input_ids[mask] = np.concatenate([self._tokens[self._offsets[r] : self._offsets[r + 1]] for r in rows])
        return torch.from_numpy(input_ids), torch.from_numpy(mask)

    def _regions(self, rows: np.ndarray, task: str) -> tuple[Tensor, Tensor, Tensor]:
        counts = self.visual_lengths[rows] // TOKENS_PER_REGION
        most = int(counts.max())
        dim = self.features[task].vectors.shape[1] if most else 1
        vectors = np.zeros((len(rows), most, dim), dtype=np.float32)
        boxes = np.zeros((len(rows), most, BOX), dtype=np.float32)
        for i, row in enumerate(rows):
            if counts[i]:
                where = self.features[task].regions(int(self.images[row]))
                vectors[i, : counts[i]] = self.features[task].vectors[where]
                boxes[i, : counts[i]] = self.features[task].boxes[where]
        mask = np.arange(most)[None, :] < counts[:, None]
        return torch.from_numpy(vectors), torch.from_numpy(boxes), torch.from_numpy(mask)


def _open_all(card: dict[str, Any]) -> dict[str, Features]:
    """The feature files of every task that has pictures, refused unless they are those the cache was made with."""
    named = {task: info["features"] for task, info in card["tasks"].items() if info.get("features")}
    return {task: open_features(Path(entry["path"]), entry["sha256"]) for task, entry in named.items()}


def open_examples(cache: Path, split: str, masked: bool = False) -> Examples:
    """Open one split (`train`, `dev`, `test`) of a cache directory."""
    return Examples(open_rows(cache / f"{split}.arrow"), read_json(cache / CARD), masked)
