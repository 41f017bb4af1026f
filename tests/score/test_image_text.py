"""Image-text retrieval: what is compared, and recall in both directions, by hand and pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.base.errors import DataError
from xstilts.model.checkpoint import load_model
from xstilts.model.multitask import MultitaskModel
from xstilts.score import image_text
from xstilts.score.gallery import candidates, open_gallery, similarity
from xstilts.score.image_text import Direction, direction_scores, directions_of, exchanged, score_image_text
from xstilts.score.scoring import Scoring, open_scoring
from xstilts.score.settings import ScoreSettings

PATH = Path("test.arrow")
ENGLISH = {"languages": ["en", "de"]}


def caption(name: str, language: str, image: int, tokens: list[int], label: int = 1) -> dict[str, Any]:
    row = {"id": name, "language": language, "image": image, "image_id": f"image{image}", "input_ids": tokens}
    return {**row, "label": label}


# Image 5 is most like 3 in English, 3 most like 5, and 8 (which shares one word with 5) like 5. In German, 5 and 8 are.
CAPTIONS = pa.Table.from_pylist(
    [
        caption("a", "en", 5, [0, 10, 11, 12, 2]),
        caption("a#1", "en", 3, [0, 10, 11, 12, 2], label=0),
        caption("b", "en", 3, [0, 10, 11, 13, 2]),
        caption("c", "en", 8, [0, 12, 14, 15, 2]),
        caption("d", "en", 9, [0, 16, 17, 18, 2]),
        caption("a", "de", 5, [0, 20, 21, 22, 2]),
        caption("b", "de", 3, [0, 30, 31, 32, 2]),
        caption("c", "de", 8, [0, 20, 21, 23, 2]),
        caption("c2", "de", 8, [0, 24, 2]),
    ]
)


def test_a_gallery_holds_matching_captions_and_their_images() -> None:
    gallery = open_gallery(PATH, CAPTIONS, "de")
    assert gallery.captions.tolist() == [5, 6, 7, 8]
    assert gallery.images.tolist() == [3, 5, 8]
    assert gallery.image_ids == ["image3", "image5", "image8"]
    assert gallery.gold.tolist() == [1, 0, 2, 2]
    with pytest.raises(DataError, match="found 0 images with captions in ko, expected two or more"):
        open_gallery(PATH, CAPTIONS, "ko")


def test_candidates_are_the_images_with_similar_english_captions() -> None:
    """In every language alike, among the images that the language has."""
    german = open_gallery(PATH, CAPTIONS, "de")
    assert candidates(CAPTIONS, german, ENGLISH, 2).tolist() == [
        [True, True, False],  # 3 with 5
        [True, True, False],  # 5 with 3
        [False, True, True],  # 8 with 5
    ]
    assert candidates(CAPTIONS, german, {"languages": ["de"]}, 2)[1].tolist() == [False, True, True]
    for count in (0, 3, 100):
        assert candidates(CAPTIONS, german, ENGLISH, count).all()
    english = candidates(CAPTIONS, open_gallery(PATH, CAPTIONS, "en"), ENGLISH, 2)
    assert english[:3, :3].tolist() == candidates(CAPTIONS, german, ENGLISH, 2).tolist()
    assert english.sum(1).tolist() == [2] * 4


def test_similarity_of_bags() -> None:
    """A token that every bag has says nothing; one that a single bag has adds to its length alone."""
    alike = similarity([{1, 2}, {1, 2, 3}, {1, 4}, set()])
    weight = np.log(4 / 2) ** 2, np.log(4 / 1) ** 2, np.log(4 / 3) ** 2  # of tokens 2, 3 or 4, and 1
    shared = weight[0] + weight[2]
    assert alike[0, 1] == pytest.approx(shared / np.sqrt(shared * (shared + weight[1])))
    assert alike[0, 2] == pytest.approx(weight[2] / np.sqrt(shared * (weight[1] + weight[2])))
    assert (alike[3] == 0).all()
    np.testing.assert_allclose(np.diag(alike)[:3], 1)


def test_recall_and_predictions() -> None:
    """Two of three captions find their image; one of two images finds one of its captions."""
    shown = np.array([[2.0, 1.0], [1.2, 1.0], [3.0, 1.5]])  # captions 0 and 1 are of image 0, caption 2 is of image 1
    blind = np.array([[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]])
    both = [
        Direction("en", "image", ["a", "b", "c"], ["x", "y"], [[0], [0], [1]], {"shown": shown, "blind": blind}),
        Direction("en", "text", ["x", "y"], ["a", "b", "c"], [[0, 1], [2]], {"shown": shown.T, "blind": blind.T}),
    ]
    found = direction_scores(both, ("blind",), top=2)
    assert found.scores == {
        "recall_at_1": {"en": pytest.approx((2 / 3 + 1 / 2) / 2, abs=1e-6)},
        "image_recall_at_1": {"en": pytest.approx(2 / 3, abs=1e-6)},
        "text_recall_at_1": {"en": 0.5},
    }
    assert found.controls == {"blind": {"en": pytest.approx((2 / 3 + 1 / 2) / 2, abs=1e-6)}}
    table = found.predictions.to_pylist()
    assert [row["image_id"] for row in table] == ["x", "x", "y", "x", "y"]
    assert [row["prediction"] for row in table] == ["x", "x", "x", "c", "c"]
    assert table[0]["top"] == ["x", "y"]
    assert table[3] == {
        "id": "x", "image_id": "x", "language": "en", "direction": "text", "golds": ["a", "b"], "prediction": "c",
        "top": ["c", "a"], "similarity": [3.0, 2.0], "blind": "c",
        "score": 0.0, "of": 1.0, "blind_score": 0.0, "cluster": "",
    }  # fmt: skip


@pytest.fixture
def scoring(make_cache: Callable[..., Path], untrained: Any, public: Path, settings: ScoreSettings) -> Scoring:
    cache = make_cache("matches", metric="recall_at_1")
    return open_scoring(untrained(cache), public, cache, settings)


@torch.inference_mode()
def pair_by_pair(model: MultitaskModel, scoring: Scoring, language: str) -> np.ndarray:
    """The match score of every caption with every image of the gallery, one pair at a time."""
    examples = scoring.examples()
    gallery = open_gallery(scoring.path, examples.table, language)
    scores = np.zeros((len(gallery.captions), len(gallery.images)))
    for i, row in enumerate(gallery.captions):
        for j, image in enumerate(gallery.images):
            examples.pictures.images[row] = image, -1
            examples.pictures.counts[row] = np.diff(examples.pictures.features["matches"].offsets)[image]
            logits = model.logits(examples.batch(np.array([row])))[0]
            scores[i, j] = logits[1] - logits[0]
    return scores


@pytest.mark.parametrize(("count", "pairs"), [(0, 1 << 16), (0, 7), (3, 1 << 16)])
def test_every_pair_is_scored_as_if_alone(
    count: int, pairs: int, scoring: Scoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a pair is batched with, and however many are in memory at once."""
    monkeypatch.setattr(image_text, "PAIRS", pairs)
    model, examples = load_model(scoring.public, scoring.checkpoint), scoring.examples()
    few = replace(scoring, settings=replace(scoring.settings, candidates=count))
    gallery = open_gallery(scoring.path, examples.table, "de")
    images, texts = directions_of(few, model, examples, gallery)
    expected, other = pair_by_pair(model, scoring, "de"), exchanged(gallery)
    assert (other != np.arange(len(other))).all()
    compared = candidates(examples.table, gallery, scoring.card, count)
    for direction, wanted in ((images, compared[gallery.gold]), (texts, compared.T[gallery.gold])):
        found = {name: scores.T if direction is texts else scores for name, scores in direction.similarity.items()}
        assert (np.isfinite(found["shown"]) == wanted).all()
        np.testing.assert_allclose(found["shown"][wanted], expected[wanted], atol=1e-3)
        np.testing.assert_allclose(found["shuffled"][wanted], expected[:, other][wanted], atol=1e-3)
        assert all(len(set(row[np.isfinite(row)].tolist())) == 1 for row in found["blind"])
    assert compared.sum(1).tolist() == [count or len(gallery.images)] * len(gallery.images)
    assert len(gallery.images) > 3


def test_fewer_candidates_are_never_harder(scoring: Scoring) -> None:
    """A caption that finds its image among all finds it among some of them."""
    every, some = (
        score_image_text(replace(scoring, settings=replace(scoring.settings, candidates=count))) for count in (0, 3)
    )
    for language in ("en", "de", "ko"):
        for metric in ("image_recall_at_1", "text_recall_at_1"):
            assert every.scores[metric][language] <= some.scores[metric][language]
    assert every.scores != some.scores
    assert every.rows == some.rows
