"""The gallery is drawn by rule: balanced over types and over right and wrong, no picture twice, always the same."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Callable

import pytest
from PIL import Image

from xstilts.page.gallery import HALF, choose, gallery, share_right
from xstilts.page.material import Material, Question

Make = Callable[..., Material]


def question(number: int, kind: str, image: int | None = None) -> Question:
    return Question(f"q{number}", f"i{number if image is None else image}", kind, "yes", {"en": "?"})


@pytest.fixture
def many() -> list[Question]:
    return [question(number, ("query", "verify")[number % 2]) for number in range(80)]


def test_types_and_right_and_wrong_are_balanced(many: list[Question]) -> None:
    shares = {one.id: 1.0 if number % 8 < 2 else 0.2 for number, one in enumerate(many)}  # a quarter is right
    chosen = choose(many, shares)
    assert Counter((one.type, shares[one.id] >= HALF) for one in chosen) == {
        (kind, right): 2 for kind in ("query", "verify") for right in (True, False)
    }


def test_no_picture_is_shown_twice() -> None:
    asked = [question(number, ("query", "verify")[number % 2], image=number // 4) for number in range(40)]
    chosen = choose(asked, {one.id: number % 3 / 2 for number, one in enumerate(asked)})
    assert len({one.image_id for one in chosen}) == len(chosen) > 0


def test_what_is_chosen_depends_on_the_seed_alone(many: list[Question]) -> None:
    shares = dict.fromkeys((one.id for one in many), 1.0)
    assert choose(many, shares) == choose(many[::-1], shares)
    assert choose(many, shares) != choose(many, shares, seed=1)


def test_nothing_is_made_up_where_all_is_right(many: list[Question]) -> None:
    chosen = choose(many[:6], dict.fromkeys((one.id for one in many), 1.0))
    assert 0 < len(chosen) <= 6


def test_an_exhibit_has_every_language_and_route(make: Make) -> None:
    material = make()
    exhibits = gallery(material, "xgqa")
    assert exhibits
    for one in exhibits:
        assert [row.language for row in one.rows] == ["en", "de", "zh"]
        for row in one.rows:
            given = [material.answers["xgqa"][route][one.question.id, row.language] for route in material.routes]
            assert [(own.answer, own.right) for own in row.given] == [(text, score == 1) for text, score in given]
        assert one.right == round(one.of * share_right(material, "xgqa", one.question))
        head, content = one.picture.split(",")
        assert head == "data:image/webp;base64"
        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            assert picture.size == (8, 8)


def test_a_target_without_pictures_has_no_gallery(make: Make) -> None:
    assert gallery(make(pictures=False), "xgqa") == []
