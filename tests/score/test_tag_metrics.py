"""Tagged sentences against seqeval and scikit-learn, and XTREME's POS F1 by hand."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from sklearn.metrics import accuracy_score

from xstilts.base.errors import XstiltsError
from xstilts.score.tagging import entity_f1, pos_f1, tag_accuracy

ENTITIES = "O B-PER I-PER E-PER S-PER B-LOC I-LOC E-LOC S-LOC I-ORG B-A-B".split()
UNAMBIGUOUS = "ADJ ADP ADV AUX CCONJ DET NOUN NUM PART PRON PROPN PUNCT SYM VERB".split()  # all but SCONJ, INTJ, X
Pairs = list[list[tuple[str, str]]]


def sentences(tags: list[str]) -> st.SearchStrategy[Pairs]:
    """Sentences of gold and predicted tags; about half of the predictions are right."""
    tag = st.sampled_from(tags)
    pair = st.one_of(tag.map(lambda one: (one, one)), st.tuples(tag, tag))
    return st.lists(st.lists(pair, min_size=1, max_size=8), min_size=1, max_size=5)


def split(pairs: Pairs) -> tuple[list[list[str]], list[list[str]]]:
    return [[gold for gold, _ in sentence] for sentence in pairs], [[own for _, own in sentence] for sentence in pairs]


def seqeval_f1(gold: list[list[str]], predicted: list[list[str]]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of sentences without entities, and of tags that are not of entities
        return float(f1_score(gold, predicted))


@settings(max_examples=400)
@given(sentences(ENTITIES))
def test_entity_f1_against_seqeval(pairs: Pairs) -> None:
    gold, predicted = split(pairs)
    assert entity_f1(gold, predicted).score() == pytest.approx(seqeval_f1(gold, predicted))


@settings(max_examples=400)
@given(sentences(UNAMBIGUOUS))
def test_pos_f1_against_seqeval(pairs: Pairs) -> None:
    """Where seqeval 1.2 and the version before 1.0 behind XTREME's expected scores agree."""
    gold, predicted = split(pairs)
    assert pos_f1(gold, predicted).score() == pytest.approx(seqeval_f1(gold, predicted))


@settings(max_examples=100)
@given(sentences(ENTITIES))
def test_accuracy_against_scikit_learn(pairs: Pairs) -> None:
    gold, predicted = split(pairs)
    flat = [[tag for sentence in tags for tag in sentence] for tags in (gold, predicted)]
    assert tag_accuracy(gold, predicted).score() == pytest.approx(accuracy_score(*flat))


@pytest.mark.parametrize(
    ("gold", "predicted", "f1"),
    [
        ("DET NOUN NOUN VERB", "DET NOUN NOUN VERB", 1),
        ("DET NOUN NOUN VERB", "DET NOUN VERB VERB", 1 / 3),  # 3 chunks each; only DET is found whole
        ("SYM SYM NOUN", "SYM NOUN NOUN", 2 / 5),  # two SYM are two chunks: 3 against 2, one right
        ("SCONJ PRON", "CCONJ PRON", 1 / 2),  # two tags, although seqeval from 1.0 on counts them as one
        ("NOUN X", "NOUN X", 1),  # seqeval from 1.0 on loses an X at the end
    ],
)
def test_pos_f1_by_hand(gold: str, predicted: str, f1: float) -> None:
    assert pos_f1([gold.split()], [predicted.split()]).score() == pytest.approx(f1)


def test_entities_by_hand() -> None:
    gold = ["B-PER I-PER O B-LOC".split(), "O B-ORG".split(), ["O"]]
    predicted = ["B-PER I-PER O I-LOC".split(), "B-ORG I-ORG".split(), ["O"]]
    assert entity_f1(gold, predicted).score() == pytest.approx(
        2 / 3
    )  # 3 gold, 3 found, PER and the ill-formed LOC are right
    assert entity_f1([["O"]], [["O"]]).score() == 0  # as seqeval says of a text without entities


def test_points_of_each_sentence() -> None:
    """Of the first sentence one of two entities is found, of the second one too many; the third says nothing."""
    gold, predicted = [["B-PER", "B-LOC"], ["O"], ["O"]], [["B-PER", "O"], ["B-PER"], ["O"]]
    points = entity_f1(gold, predicted)
    assert points.earned.tolist() == [2, 0, 0]
    assert points.of.tolist() == [3, 1, 0]
    assert tag_accuracy(gold, predicted).earned.tolist() == [1, 0, 1]


def test_sentences_do_not_run_into_one_another() -> None:
    assert pos_f1([["NOUN"], ["NOUN"]], [["NOUN"], ["VERB"]]).score() == pytest.approx(1 / 2)


def test_refusals() -> None:
    with pytest.raises(XstiltsError, match="found 1 tagged sentences, expected 2"):
        entity_f1([["O"], ["O"]], [["O"]])
    with pytest.raises(XstiltsError, match="sentence 2: found 2, expected 1, one per word"):
        pos_f1([["X"], ["X"]], [["X"], ["X", "X"]])
    with pytest.raises(XstiltsError, match="found no word"):
        tag_accuracy([[]], [[]])
