"""The page as HTML: what comes from data stays text, nothing is fetched, and every chart can be read without it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from xstilts.page.content import page_content
from xstilts.page.material import Material
from xstilts.page.render import render

Make = Callable[..., Material]
HOSTILE = "<script>alert(1)</script></script><!--\u2028'\"&amp;{{ 7 * 7 }}"
LIMIT = 5_000_000  # bytes of a page
EMPTY = {"meta", "img", "br", "link", "hr", "input"}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text of scripts and of everything else."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            about, text = self.scripts[-1]
            self.scripts[-1] = (about, text + data)
        elif self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(make: Make) -> Elements:
    return Elements(render(page_content(make())))


@pytest.fixture
def hostile(make: Make) -> tuple[Material, Elements]:
    """Script in every name and text that comes from data, a recipe's as well: what stands before a slash."""
    routes = ("none", "squad", HOSTILE)
    material = make(
        routes=routes, controls=routes[2:], text=HOSTILE, gold=HOSTILE + "1", wrong=HOSTILE + "2", data=HOSTILE
    )
    return material, Elements(render(page_content(material)))


def test_elements_are_nested(page: Elements) -> None:
    assert page.open == []


def test_script_in_data_stays_text(make: Make, hostile: tuple[Material, Elements]) -> None:
    _, attacked = hostile
    routes = ("none", "squad", "longer/gqa")
    page = Elements(render(page_content(make(routes=routes, controls=routes[2:], data="published"))))
    assert len(attacked.scripts) == len(page.scripts) > 0
    count = attacked.text.count("<script>alert(1)</script>")
    assert count > 30
    assert [tag for tag, _ in attacked.elements] == [tag for tag, _ in page.elements]
    assert "49" not in re.findall(r"[^\W\d]*49\b", attacked.text)  # no template runs within data


def test_script_in_the_specs_stays_text(hostile: tuple[Material, Elements]) -> None:
    material, attacked = hostile
    specs = [text for about, text in attacked.scripts if about.get("type") == "application/json"]
    figures = page_content(material).figures
    assert len(specs) > len(figures) > 0
    for text in specs:
        assert not set("<>&\u2028\u2029") & set(text)
        json.loads(text)
    drawn = {json.dumps(json.loads(text), sort_keys=True) for text in specs}
    for figure in figures:
        for panel in figure.panels:
            assert json.dumps(panel.spec, sort_keys=True) in drawn
    assert any(json.dumps(HOSTILE)[1:-1] in text for text in drawn)


def test_the_policy_allows_the_own_script_and_nothing_from_a_network(page: Elements) -> None:
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    (script,) = [text for about, text in page.scripts if "type" not in about]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert "connect-src" not in rules
    assert rules["img-src"] == "data:"


def test_nothing_is_fetched(page: Elements) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), f"{tag} {name}={value}"
    assert not page.all("link")


def test_every_chart_has_words_and_a_table(page: Elements) -> None:
    charts = [one for one in page.all("div") if "data-spec" in one]
    ids = {one["id"] for _, one in page.elements if "id" in one}
    assert charts
    for one in charts:
        assert one["role"] == "img"
        assert one["aria-label"]
        assert {one["data-spec"], one.get("data-narrow", one["data-spec"])} <= ids
    assert len(page.all("figure")) == len(page.all("summary")) - 3  # and those of comparisons, explorer and claim
    others = 4  # tables that are no figure's: ranking, comparisons, differences under controls, explorer
    assert len(page.all("caption")) == len(page.all("figure")) + others
    labels = [one["aria-label"] for one in charts]
    assert len(set(labels)) == len(labels)  # no panel is called "zero-shot" and nothing else


def test_headings_landmarks_and_names(page: Elements) -> None:
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("h1", "header", "main", "footer")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert len(set(ids)) == len(ids)
    for _, one in page.elements:
        assert one.get("aria-labelledby", ids[0]) in ids
        assert (one.get("href") or "#main").removeprefix("#") in ids
    assert all(one.get("alt") for one in page.all("img"))
    assert all(one.get("scope") for one in page.all("th"))
    assert page.elements[0][1] == {"lang": "en"} or page.all("html")[0]["lang"] == "en"


def test_a_page_is_small_and_always_the_same(make: Make) -> None:
    first, second = (render(page_content(make())) for _ in range(2))
    assert first == second
    assert len(first.encode()) < LIMIT


@pytest.mark.parametrize("targets", [("xgqa",), ("xgqa", "xvnli")])
def test_what_leads_to_the_parts_stands_before_them(make: Make, targets: tuple[str, ...]) -> None:
    """Every section with a heading of its own is named in a navigation that comes before the first figure."""
    page = Elements(render(page_content(make(targets=targets))))
    order = [(tag, one) for tag, one in page.elements]
    first = next(number for number, (tag, _) in enumerate(order) if tag == "figure")
    before = {one["href"] for tag, one in order[:first] if tag == "a"}
    sections = [f"#{one['aria-labelledby']}" for one in page.all("section")]
    own = [name for name in sections if name.endswith(targets[0]) or name in ("#averages", "#claims")]
    assert set(own) - before <= {f"#target-{targets[0]}"}
    assert len(own) > 6
    linked = {one.get("href") for one in page.all("a")}
    assert set(sections) - linked <= {"#target-xgqa"}
