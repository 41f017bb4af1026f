"""Image-text retrieval with a cross-encoder: an image is searched for with a caption, and a caption with an image.

Recall at 1 in both directions, as in IGLUE (Bugliarello et al. 2022). Every caption is scored with every image that it
is compared with, so the work grows with the product of the two; the setting `candidates` bounds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from xstilts.model.multitask import MultitaskModel
from xstilts.score.gallery import Gallery, candidates, open_gallery
from xstilts.score.points import Points, texts
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS, each_batch
from xstilts.score.ranking import hits_at
from xstilts.score.scoring import SHOWN, Scored, Scoring, scored
from xstilts.train.examples import Examples
from xstilts.train.pictures import exchange

NO_PICTURE = -1
RECALL = "recall_at_1"  # the mean of both directions
PAIRS = 1 << 16  # of caption and image in memory at once


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

    def hits(self, pictures: str = SHOWN) -> np.ndarray:
        """1 for each query whose best target is right, else 0, float64; of equally good ones the first counts."""
        return hits_at(1, self.similarity[pictures], self.golds)


def score_image_text(scoring: Scoring) -> Scored:
    """Search in every language, in both directions."""
    model = scoring.model()
    examples = scoring.examples()
    directions = [
        direction
        for language in sorted(set(examples.languages))
        for direction in directions_of(scoring, model, examples, open_gallery(scoring.path, examples.table, language))
    ]
    return direction_scores(directions, scoring.controls, scoring.settings.top)


def directions_of(scoring: Scoring, model: MultitaskModel, examples: Examples, gallery: Gallery) -> Iterator[Direction]:
    """Both directions in one language; an image is compared with its own captions and those of images that are
    compared with it."""
    compared = candidates(examples.table, gallery, scoring.card, scoring.settings.candidates)
    images, captions = compared[gallery.gold], compared.T[gallery.gold]  # each [captions, images]
    found = similarities(scoring, model, examples, gallery, images | captions)
    ids = examples.table["id"].take(pa.array(gallery.captions)).to_pylist()
    own = {pictures: np.where(images, scores, -np.inf) for pictures, scores in found.items()}
    golds = [[image] for image in gallery.gold.tolist()]
    yield Direction(gallery.language, "image", ids, gallery.image_ids, golds, own)
    own = {pictures: np.where(captions, scores, -np.inf).T for pictures, scores in found.items()}
    golds = [np.flatnonzero(gallery.gold == image).tolist() for image in range(len(gallery.images))]
    yield Direction(gallery.language, "text", gallery.image_ids, ids, golds, own)


def similarities(
    scoring: Scoring, model: MultitaskModel, examples: Examples, gallery: Gallery, wanted: np.ndarray
) -> dict[str, np.ndarray]:
    """How well captions and images match, with the pictures and in the controls: float32 `[captions, images]` each.

    Args:
        wanted: bool `[captions, images]`, the pairs that are compared.
    """
    title, other = f"{scoring.task} {gallery.language}", exchanged(gallery)
    asked = wanted.copy()
    asked[:, other] |= wanted
    shown = match_scores(scoring, model, examples, gallery.captions, gallery.images, asked, title)
    found: dict[str, np.ndarray] = {SHOWN: shown, "shuffled": shown[:, other]}
    if "blind" in scoring.controls:
        once = np.ones((len(wanted), 1), dtype=bool)  # a caption without a picture is the same for every image
        nothing = np.array([NO_PICTURE])
        blind = match_scores(scoring, model, examples, gallery.captions, nothing, once, f"{title} blind")
        found["blind"] = np.broadcast_to(blind, wanted.shape)
    return found


def exchanged(gallery: Gallery) -> np.ndarray:
    """Which of the images is shown in the place of each, as positions, int64 `[images]`: never itself."""
    alone = np.stack([gallery.images, np.full_like(gallery.images, NO_PICTURE)], axis=1)
    return np.searchsorted(gallery.images, exchange(alone, 0, gallery.language)[:, 0])


def match_scores(
    scoring: Scoring,
    model: MultitaskModel,
    examples: Examples,
    captions: np.ndarray,
    images: np.ndarray,
    wanted: np.ndarray,
    title: str,
) -> np.ndarray:
    """The logit of "match" minus that of "no match": float32 `[captions, images]`, -inf where a pair is not wanted.

    Args:
        captions: rows of the test table; `images`: rows of the feature file, -1: no picture.
        wanted: bool `[captions, images]`.
    """
    found = np.full(wanted.shape, -np.inf, dtype=np.float32)
    for caption, image in _pieces(wanted):
        pairs = Examples(_pair_table(examples.table, captions[caption], images[image]), examples.card)
        for rows, _, logits in each_batch(model, pairs, scoring.settings, title):
            found[caption[rows], image[rows]] = (logits[:, 1] - logits[:, 0]).cpu().numpy()
    return found


def _pieces(wanted: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The wanted pairs, as positions of caption and image, so many at a time that memory stays bounded."""
    caption, image = np.nonzero(wanted)
    for start in range(0, len(caption), PAIRS):
        yield caption[start : start + PAIRS], image[start : start + PAIRS]


def _pair_table(table: pa.Table, rows: np.ndarray, images: np.ndarray) -> pa.Table:
    """The rows with other images."""
    taken, place = table.take(pa.array(rows)), table.schema.get_field_index("image")
    return taken.set_column(place, table.schema.field(place), pa.array(images, pa.int32()))


def direction_scores(directions: list[Direction], controls: tuple[str, ...], top: int) -> Scored:
    """Recall at 1 by language: the mean of both directions, by which the controls are scored too, and each alone."""

    def hits(pictures: str = SHOWN) -> np.ndarray:
        return np.concatenate([direction.hits(pictures) for direction in directions])

    table = pa.concat_tables([direction_table(direction, controls, top) for direction in directions])
    points, names, languages = Points.each(hits()), texts(table, "direction"), texts(table, "language")
    alone = {f"{n}_{RECALL}": points.take(names == n).by(languages[names == n]) for n in ("image", "text")}
    return scored(table, RECALL, points, alone, {control: hits(control) for control in controls})


def direction_table(direction: Direction, controls: tuple[str, ...], top: int) -> pa.Table:
    """One row per query: what is right, what was found, the best `top` by similarity, and the controls' best.

    `image_id` is the image that is searched for, or searched with.
    """
    shown = direction.similarity[SHOWN]
    ranked = [row[np.isfinite(shown[i, row])] for i, row in enumerate(np.argsort(-shown, axis=1, kind="stable"))]
    ranked = [row[:top] for row in ranked]
    golds = [[direction.targets[place] for place in places] for places in direction.golds]
    images = [own[0] for own in golds] if direction.name == "image" else direction.queries
    columns = {
        "id": pa.array(direction.queries, TEXT),
        "image_id": pa.array(images, TEXT),
        "language": pa.array([direction.language] * len(shown), TEXT),
        "direction": pa.array([direction.name] * len(shown), TEXT),
        "golds": pa.array(golds, TEXTS),
        "prediction": pa.array([direction.targets[row[0]] for row in ranked], TEXT),
        "top": pa.array([[direction.targets[place] for place in row] for row in ranked], TEXTS),
        "similarity": pa.array([shown[i, row] for i, row in enumerate(ranked)], NUMBERS),
    }
    for control in controls:
        best = direction.similarity[control].argmax(axis=1)
        columns[control] = pa.array([direction.targets[place] for place in best], TEXT)
    return pa.table(columns)
