"""Answer texts against torchmetrics' SQuAD, and against cases worked by hand from the two official scripts."""

from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.text import squad

from xstilts.base.errors import ParameterError
from xstilts.score.answer_text import answer_f1, exact_match, normalise_answer, style_of

SPELLED = ["The", "a", "an", "cat", "cat,", "Cat's", "U.S.", "3,000", "–", "«der»", "北京", "naïve", "-", ""]
WORDS = st.sampled_from(SPELLED)
CONTENT = st.sampled_from([word for word in SPELLED if normalise_answer(word, "en")])  # neither article nor punctuation
SOME = st.lists(WORDS, max_size=2)
TEXTS = st.tuples(SOME, CONTENT, SOME).map(lambda parts: " ".join([*parts[0], parts[1], *parts[2]]))


@settings(max_examples=300)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_squad_rules_against_torchmetrics(prediction: str, golds: list[str]) -> None:
    """torchmetrics follows SQuAD v2 where a text has no token; the v1.1 script gives such a pair an F1 of 0."""
    assert all(normalise_answer(text, "en") for text in (prediction, *golds))
    answers = {"answer_start": [0] * len(golds), "text": golds}
    reference = squad({"prediction_text": prediction, "id": "1"}, {"answers": answers, "id": "1"})
    assert 100 * answer_f1(prediction, golds, "en") == pytest.approx(float(reference["f1"]), abs=1e-4)
    assert 100 * exact_match(prediction, golds, "en") == pytest.approx(float(reference["exact_match"]))


@pytest.mark.parametrize(
    ("prediction", "gold", "f1"),
    [
        ("the black cat", "black cat", 1),
        ("black cat", "cat", 2 / 3),  # precision 1/2, recall 1
        ("cat cat dog", "cat dog dog", 2 / 3),  # tokens count as often as they occur: 2 of 3 and 2 of 3
        ("a dog", "cat", 0),
        ("the", "an", 0),  # no token on either side: nothing is shared, though they match exactly
        ("", "cat", 0),
    ],
)
def test_token_f1_by_hand(prediction: str, gold: str, f1: float) -> None:
    assert answer_f1(prediction, [gold], "en") == pytest.approx(f1)
    assert answer_f1(prediction, ["zebra", gold], "en") == pytest.approx(f1)


@pytest.mark.parametrize(
    ("language", "text", "mlqa", "by_squad"),
    [
        ("en", "The U.S.A., a «land»", "usa land", "usa «land»"),
        ("de", "Das Haus der Frau.", "haus frau", "das haus der frau"),
        ("es", "¿La casa?", "casa", "¿la casa"),
        ("vi", "Những cái nhà", "nhà", "những cái nhà"),
        ("ar", "البيت", "بيت", "البيت"),
        ("hi", "घर है।", "घर है", "घर है।"),
        ("zh", "北京，A股 3月", "北 京 a 股 3 月", "北京，a股 3月"),
    ],
)
def test_two_rules_for_a_language(language: str, text: str, mlqa: str, by_squad: str) -> None:
    assert normalise_answer(text, language, "mlqa") == mlqa
    assert normalise_answer(text, language) == by_squad


def test_chinese_is_scored_by_character_in_mlqa_and_as_a_whole_by_squad() -> None:
    assert answer_f1("北京市", ["北京"], "zh", "mlqa") == pytest.approx(0.8)  # 2 of 3, 2 of 2
    assert answer_f1("北京市", ["北京"], "zh") == 0


@pytest.mark.parametrize("measure", [answer_f1, exact_match])
def test_unanswerable_questions(measure: object) -> None:
    assert callable(measure)
    assert [measure(prediction, [], "en") for prediction in ("", "the", "cat")] == [1, 1, 0]


def test_a_small_file_of_predictions() -> None:
    """Two questions of three languages; the means were worked out by hand with the MLQA script's rules."""
    rows = [
        ("en", "in the north", ["north"]),  # in north / north: EM 0, F1 2/3
        ("en", "1876", ["1876", "the year 1876"]),  # 1, 1
        ("de", "ein Fluss", ["der Fluss"]),  # 1, 1
        ("de", "im Fluss", ["Rhein"]),  # 0, 0
        ("zh", "三百年", ["三百"]),  # 0, 4/5
        ("zh", "“三百”", ["三百"]),  # 1, 1
    ]
    assert fmean(exact_match(own, golds, language, "mlqa") for language, own, golds in rows) == pytest.approx(3 / 6)
    f1 = fmean(answer_f1(own, golds, language, "mlqa") for language, own, golds in rows)
    assert f1 == pytest.approx((2 / 3 + 1 + 1 + 0 + 4 / 5 + 1) / 6)


def test_only_mlqa_has_rules_of_its_own() -> None:
    assert [style_of(task) for task in ("mlqa", "xquad", "tydiqa", "squad_v2")] == ["mlqa", "squad", "squad", "squad"]
    with pytest.raises(ParameterError, match="'ko': MLQA has rules for ar, de, en, es, hi, vi, zh only"):
        normalise_answer("집", "ko", "mlqa")
