"""The likeliest layouts, against a search of all of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import log_softmax

from xstilts.programs.layout import LayoutError
from xstilts.score.beams import Beams, BeamSettings

LABELS = (
    "select[]>select[]>same[0,1] | {object} | {object} | {category}",
    "select[]>filter[0]>exist[1] | {object} | color | {attribute}",
    "select[]>query name[0] | animal",
    *("{object} cat", "{object} dog", "{object} owl", "{attribute} red", "{attribute} blue"),
    *("{category} color", "{category} shape"),
)


def scores_of(beams: Beams, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.concatenate([log_softmax(2 * random.normal(size=size)) for size in beams.vocabulary.parts])


@pytest.mark.parametrize("seed", range(5))
def test_beams_are_exact_and_in_order(seed: int) -> None:
    """Of every template and filling, as many as are asked for."""
    beams = Beams(LABELS, BeamSettings(3, 3, 12))
    vocabulary, scores = beams.vocabulary, scores_of(beams, seed)
    templates, *columns = np.split(scores, np.cumsum(vocabulary.parts)[:-1])
    every = []
    for number, template in enumerate(vocabulary.templates):
        places = [vocabulary.columns.index(column) for column in template.columns]
        names = [list(vocabulary.concepts[kind]) for kind, _ in template.columns]
        for chosen in product(*(range(len(some)) for some in names)):
            chance = templates[number] + sum(columns[place][one] for place, one in zip(places, chosen, strict=True))
            every.append((chance, template.fill([some[one] for some, one in zip(names, chosen, strict=True)])))
    expected = sorted(every, key=lambda one: -one[0])[:12]
    found = list(beams.layouts(scores))
    assert [layout for layout, _ in found] == [layout for _, layout in expected]
    assert [score for _, score in found] == pytest.approx([chance for chance, _ in expected])


def test_all_layouts_together_are_certain() -> None:
    beams = Beams(LABELS, BeamSettings(3, 3, 1000))
    assert sum(np.exp(score) for _, score in beams.layouts(scores_of(beams, 0))) == pytest.approx(1)


def test_what_a_slot_does_not_allow_is_left_out() -> None:
    beams = Beams(("select[]>query[0] | {object} | {category}", "{object} dog", "{category} color", "{category} dogs"))
    with pytest.raises(LayoutError):
        beams.vocabulary.templates[0].fill(["dog", "dogs"])
    layouts = [str(layout) for layout, _ in beams.layouts(np.log([1.0, 1.0, 0.1, 0.9]))]
    assert layouts == ["select[]>query[0] | dog | color"]
