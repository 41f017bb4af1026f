"""Image-text retrieval with a cross-encoder: an image is searched for with a caption, and a caption with an image.

Recall at 1 in both directions, as in IGLUE (Bugliarello et al. 2022). Every caption is scored with every image that it
is compared with, so the work grows with the product of the two; the setting `candidates` bounds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pyarrow as pa

from xstilts.model.multitask import MultitaskModel
from xstilts.score.by_language import count_by, rounded, texts
from xstilts.score.cell import Cell, Scored
from xstilts.score.controls import SHOWN, controls_of
from xstilts.score.gallery import Gallery, candidates, open_gallery
from xstilts.score.pairs import match_scores
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS
from xstilts.score.ranking import recall_at
from xstilts.train.examples import Examples
from xstilts.train.pictures import exchange

NO_PICTURE = -1
RECALL = "recall_at_1"  # the mean of both directions


@dataclass(frozen=True)
class Direction:
    """One language's searches for images, or for texts.

    Attributes:
        name: what is searched for, `image` or `text`.
        queries, targets: ids of what is searched with, and of what can be found.
        golds: of each query, the right targets as positions.
        similarity: {`shown` or a control: float32 `[queries, targets]`}, -inf where a pair is not compared.
    """

    language: str
    name: str
    queries: list[str]
    targets: list[str]
    golds: list[list[int]]
    similarity: Mapping[str, np.ndarray]

    def recall(self, pictures: str = SHOWN) -> float:
        """The share of queries whose best target is right; of equally good ones the first counts."""
        return recall_at(1, self.similarity[pictures], self.golds)


def score_image_text(cell: Cell) -> Scored:
    """Search in every language, in both directions."""
    model = cell.model()
    examples = cell.examples()
    directions = [
        direction
        for language in sorted(set(examples.languages))
        for direction in directions_of(cell, model, examples, open_gallery(cell.path, examples.table, language))
    ]
    return direction_scores(directions, controls_of(cell.card), cell.settings.top)


def directions_of(cell: Cell, model: MultitaskModel, examples: Examples, gallery: Gallery) -> Iterator[Direction]:
    """Both directions in one language; an image is compared with its own captions and those of images that are
    compared with it."""
    compared = candidates(examples.table, gallery, cell.card, cell.settings.candidates)
    images, captions = compared[gallery.gold], compared.T[gallery.gold]  # each [captions, images]
    found = similarities(cell, model, examples, gallery, images | captions)
    ids = examples.table["id"].take(pa.array(gallery.captions)).to_pylist()
    own = {pictures: np.where(images, scores, -np.inf) for pictures, scores in found.items()}
    golds = [[image] for image in gallery.gold.tolist()]
    yield Direction(gallery.language, "image", ids, gallery.image_ids, golds, own)
    own = {pictures: np.where(captions, scores, -np.inf).T for pictures, scores in found.items()}
    golds = [np.flatnonzero(gallery.gold == image).tolist() for image in range(len(gallery.images))]
    yield Direction(gallery.language, "text", gallery.image_ids, ids, golds, own)


def similarities(
    cell: Cell, model: MultitaskModel, examples: Examples, gallery: Gallery, wanted: np.ndarray
) -> dict[str, np.ndarray]:
    """How well captions and images match, with the pictures and in the controls: float32 `[captions, images]` each.

    Args:
        wanted: bool `[captions, images]`, the pairs that are compared.
    """
    title, other = f"{cell.task} {gallery.language}", exchanged(gallery)
    scored = wanted.copy()
    scored[:, other] |= wanted
    fixed = (model, examples.table, examples.card, gallery.captions)
    shown = match_scores(*fixed, gallery.images, scored, cell.settings, title)
    found: dict[str, np.ndarray] = {SHOWN: shown, "shuffled": shown[:, other]}
    if "blind" in controls_of(cell.card):
        once = np.ones((len(wanted), 1), dtype=bool)  # a caption without a picture is the same for every image
        blind = match_scores(*fixed, np.array([NO_PICTURE]), once, cell.settings, f"{title} blind")
        found["blind"] = np.broadcast_to(blind, wanted.shape)
    return found


def exchanged(gallery: Gallery) -> np.ndarray:
    """Which of the images is shown in the place of each, as positions, int64 `[images]`: never itself."""
    alone = np.stack([gallery.images, np.full_like(gallery.images, NO_PICTURE)], axis=1)
    return np.searchsorted(gallery.images, exchange(alone, 0, gallery.language)[:, 0])


def direction_scores(directions: list[Direction], controls: tuple[str, ...], top: int) -> Scored:
    """Recall at 1 by language: of both directions, and their mean, by which the controls are scored too."""
    languages = sorted({direction.language for direction in directions})
    mine = {language: [one for one in directions if one.language == language] for language in languages}

    def mean(pictures: str) -> dict[str, float]:
        return {
            language: rounded(fmean(direction.recall(pictures) for direction in both))
            for language, both in mine.items()
        }

    parts: dict[str, dict[str, float]] = {f"{name}_{RECALL}": {} for name in ("image", "text")}
    for direction in directions:
        parts[f"{direction.name}_{RECALL}"][direction.language] = rounded(direction.recall())
    table = pa.concat_tables([direction_table(direction, controls, top) for direction in directions])
    rows = count_by(texts(table, "language"))
    return Scored(table, rows, {RECALL: mean(SHOWN), **parts}, {control: mean(control) for control in controls})


def direction_table(direction: Direction, controls: tuple[str, ...], top: int) -> pa.Table:
    """One row a query: what is right, what was found, the best `top` with their scores, and the controls' best."""
    shown = direction.similarity[SHOWN]
    ranked = [row[np.isfinite(shown[i, row])] for i, row in enumerate(np.argsort(-shown, axis=1, kind="stable"))]
    ranked = [row[:top] for row in ranked]
    columns = {
        "id": pa.array(direction.queries, TEXT),
        "language": pa.array([direction.language] * len(shown), TEXT),
        "direction": pa.array([direction.name] * len(shown), TEXT),
        "golds": pa.array([[direction.targets[place] for place in golds] for golds in direction.golds], TEXTS),
        "prediction": pa.array([direction.targets[row[0]] for row in ranked], TEXT),
        "top": pa.array([[direction.targets[place] for place in row] for row in ranked], TEXTS),
        "score": pa.array([shown[i, row] for i, row in enumerate(ranked)], NUMBERS),
    }
    for control in controls:
        best = direction.similarity[control].argmax(axis=1)
        columns[control] = pa.array([direction.targets[place] for place in best], TEXT)
    return pa.table(columns)
