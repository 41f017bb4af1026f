"""Scoring of matching by pairs: does a caption fit its own image better than its hard negatives?

Chance is one half with one negative, whatever the model says of a pair alone; two equal scores count one half. Where
phase 0 aligned images and sentences (`xstilts.model.photo_prefix`), every caption is searched for among all images of
the split as well, by how near each other the two lie when each is seen alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from xstilts.base.threads import workers
from xstilts.model.encoder import Encoded
from xstilts.model.multitask import MultitaskModel
from xstilts.model.photo_prefix import PhotoPrefix
from xstilts.score.gallery import open_gallery
from xstilts.score.points import DIGITS, Points, texts
from xstilts.score.predictions import NUMBERS, TEXT, TEXTS, each_batch
from xstilts.score.ranking import hits_at
from xstilts.score.scoring import SHOWN, Scored, Scoring, scored
from xstilts.train.examples import Examples
from xstilts.train.pictures import Shown

PAIRWISE = "pairwise_accuracy"
CUTOFFS = (1, 10)
BATCH = 64  # texts that are read alone at a time
MATCH = 1  # the index of the label


def score_pairs(scoring: Scoring) -> Scored:
    """Judge every pair of the test split, and once more for each control."""
    model, table = scoring.model(), scoring.examples().table
    languages = texts(table, "language")
    fits: dict[str, np.ndarray] = {}
    recall: dict[str, dict[str, float]] = defaultdict(dict)
    for language in sorted(set(languages)):
        rows = np.flatnonzero(languages == language)
        own = table.take(pa.array(rows))
        for name, value in centred_recall(scoring, model, own, language).items():
            recall[name][language] = value
        for pictures in (SHOWN, *scoring.controls):
            fit = fits.setdefault(pictures, np.zeros(len(table), np.float32))
            fit[rows] = fit_of_pairs(scoring, model, own, pictures, f"{scoring.task} {language} {pictures}")
    return pair_scores(table, fits, recall)


def pair_scores(table: pa.Table, fits: Mapping[str, np.ndarray], recall: Mapping[str, dict[str, float]]) -> Scored:
    """Scores of the test rows, given how well text and image of each fit, as shown and in each control."""
    languages, groups = texts(table, "language"), captions_of(table)
    points = {pictures: np.array([points_of(fit[rows]) for rows in groups]) for pictures, fit in fits.items()}
    right = (fits[SHOWN] > 0) == (table["label"].to_numpy() == MATCH)
    others = {"accuracy": Points.each(right.astype(float)).by(languages), **recall}
    controls = {control: earned for control, earned in points.items() if control != SHOWN}
    return scored(pair_table(table, groups, fits), PAIRWISE, Points.each(points[SHOWN]), others, controls)


def fit_of_pairs(scoring: Scoring, model: MultitaskModel, table: pa.Table, pictures: Shown, title: str) -> np.ndarray:
    """The logit of "match" minus that of "no match" of every row of one language, float32 `[rows]`."""
    examples = Examples(table, {"tasks": {scoring.task: dict(scoring.card)}}, pictures)
    found = np.zeros(len(examples), np.float32)
    for rows, _, logits in each_batch(model, examples, scoring.settings, title):
        found[rows] = (logits[:, MATCH] - logits[:, 1 - MATCH]).float().cpu().numpy()
    return found


def captions_of(table: pa.Table) -> list[np.ndarray]:
    """The rows of each caption: the one with its own image, then those with its negatives."""
    starts = np.flatnonzero(table["label"].to_numpy() == MATCH)
    return np.split(np.arange(len(table)), starts[1:])


def points_of(fits: np.ndarray) -> float:
    """1 if the first fits best, 0 if another does; of several that fit equally well each earns its share."""
    best = np.flatnonzero(fits == fits.max())
    return 1 / len(best) if 0 in best else 0.0


def pair_table(table: pa.Table, groups: list[np.ndarray], fits: Mapping[str, np.ndarray]) -> pa.Table:
    """One row per caption: its own image, the images by how well they fit, the logits, and the controls' best."""
    images = table["image_id"].to_pylist()
    firsts = table.take(pa.array([rows[0] for rows in groups]))
    ranked = {
        pictures: [rows[np.argsort(-fit[rows], kind="stable")] for rows in groups] for pictures, fit in fits.items()
    }
    columns = {name: firsts[name] for name in ("id", "image_id", "language")}
    columns["golds"] = pa.array([[image] for image in firsts["image_id"].to_pylist()], TEXTS)
    columns["top"] = pa.array([[images[row] for row in rows] for rows in ranked[SHOWN]], TEXTS)
    columns["similarity"] = pa.array([fits[SHOWN][rows] for rows in ranked[SHOWN]], NUMBERS)
    for pictures, found in ranked.items():
        name = "prediction" if pictures == SHOWN else pictures
        columns[name] = pa.array([images[rows[0]] for rows in found], TEXT)
    return pa.table(columns)


def centred_recall(scoring: Scoring, model: MultitaskModel, table: pa.Table, language: str) -> dict[str, float]:
    """Recall of each caption's image among all images of a language; {} without a shared space.

    The mean of the language's own captions becomes the centre of its sentences from here on, in place of that of the
    English ones of phase 0: what all sentences of a language have in common tells no image from another, and to take
    it out needs no labels.
    """
    prefix = model.encoder.prefix
    if not isinstance(prefix, PhotoPrefix) or scoring.task in model.inputs:
        return {}
    examples = Examples(table, {"tasks": {scoring.task: dict(scoring.card)}})
    gallery = open_gallery(scoring.path, table, language)
    said = sentences(model, examples, gallery.captions)
    prefix.centre.copy_(said.mean(0))
    features = examples.pictures.features[scoring.task]
    wholes = np.stack([features.vectors[features.offsets[image]] for image in gallery.images]).astype(np.float32)
    with torch.inference_mode():
        seen = prefix.seen(torch.from_numpy(wholes).to(said.device))
        similar = (prefix.said(said) @ seen.T).cpu().numpy()
    golds = [[image] for image in gallery.gold.tolist()]
    return {f"image_recall_at_{k}": round(float(hits_at(k, similar, golds).mean()), DIGITS) for k in CUTOFFS}


def sentences(model: MultitaskModel, examples: Examples, rows: np.ndarray) -> Tensor:
    """Means of the encoder's states over the texts of some rows, read alone: float32 `[rows, hidden]`."""
    device = model.encoder.text.device
    order = rows[np.argsort(examples.text_lengths[rows], kind="stable")]
    parts = np.array_split(order, -(-len(order) // BATCH))

    @torch.inference_mode()
    def read(part: np.ndarray) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            encoded: Encoded = model.encoder(examples.batch(part).without_pictures().to(device))
            return encoded.text_mean()

    with workers(None if device.type == "cpu" else 1) as pool:
        vectors = torch.cat(list(pool.map(read, parts)))
    place = {row: number for number, row in enumerate(order.tolist())}
    return vectors[torch.tensor([place[row] for row in rows.tolist()])]
