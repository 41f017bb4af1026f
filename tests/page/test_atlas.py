"""The atlas has every question on the drawn scenes, in every language, with what each route answered."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image

from xstilts.page.atlas import CONTENT, FORM, MOST, RIGHT, SHOWS, atlas
from xstilts.page.material import Material

Make = Callable[..., Material]


def test_every_question_language_route_and_picture_is_there(make: Make) -> None:
    material = make()
    found = atlas(material, "xgqa")
    assert found is not None
    data, scenes = found.data, material.scenes["xgqa"]
    assert list(found.languages) == ["en", "de", "zh"]
    assert found.languages["zh"] == "Chinese"
    assert (found.questions, found.scenes, found.types) == (12, 12, ["query", "verify"])
    assert len(data["questions"]) == len(scenes.questions) > 0
    for shown, question in zip(data["questions"], scenes.questions, strict=True):
        assert shown["texts"] == [question.texts[code] for code in found.languages]
        assert data["answers"][shown["answer"]] == question.answer
        for code, by_route in zip(found.languages, shown["given"], strict=True):
            for route, (answer, state, chance, right) in zip(material.routes, by_route, strict=True):
                text, score, probability = material.answers["xgqa"][route][0][question.id, code]
                assert (data["answers"][answer], chance) == (text, 100 * (probability or 0))
                assert (state == RIGHT, right) == (score == 1, int(score))
        head, content = data["pictures"][shown["picture"]].split(",")
        assert head == "data:image/webp;base64"
        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            assert picture.size == (8, 8)


@pytest.mark.parametrize(
    ("gold", "wrong", "state"),
    [("dog", "cat", CONTENT), ("yes", "no", CONTENT), ("yes", "dog", FORM), ("red", "2", FORM)],
)
def test_a_wrong_answer_of_another_kind_has_the_wrong_form(make: Make, gold: str, wrong: str, state: int) -> None:
    found = atlas(make(gold=gold, wrong=wrong), "xgqa")
    assert found is not None
    states = {own[1] for one in found.data["questions"] for by_route in one["given"] for own in by_route}
    assert states == {RIGHT, state}


def test_runs_that_were_right_are_counted(make: Make) -> None:
    material = make(seeds=(0, 1, 2))
    wrong = dict.fromkeys(material.answers["xgqa"]["gqa"][0], ("cat", 0.0, None))
    answers = {**material.answers["xgqa"], "gqa": [wrong, *material.answers["xgqa"]["gqa"][1:]]}
    found = atlas(Material(**{**vars(material), "answers": {"xgqa": answers}}), "xgqa")
    assert found is not None
    place = list(material.routes).index("gqa")
    own = [one["given"][0][place] for one in found.data["questions"]]
    assert {tuple(one[1:]) for one in own} == {(CONTENT, None, 2), (CONTENT, None, 0)}


def test_many_routes_are_shown_one_at_a_time(make: Make) -> None:
    many = atlas(make(routes=[f"r{n}" for n in range(MOST + 1)]), "xgqa", "r3")
    few = atlas(make(), "xgqa", "gqa")
    assert many is not None
    assert few is not None
    assert (many.first, few.first) == ("r3", "")


def test_what_needs_english_or_a_baseline_is_not_offered_without_it(make: Make) -> None:
    found, whole = atlas(make(languages=("de", "zh")), "xgqa"), atlas(make(), "xgqa")
    assert found is not None
    assert whole is not None
    assert list(whole.shows) == list(SHOWS)
    assert "lost" not in found.shows


def test_a_target_without_pictures_has_no_atlas(make: Make) -> None:
    assert atlas(make(pictures=False), "xgqa") is None
