"""The demo: what a visitor lays is a scene of the embedded world, and the server answers its own machine alone."""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from chromium import chromium, find_browser
from xstilts.base.errors import DataError, ParameterError
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.demo.answering import LONGEST, Demo, scene_of, suggestion
from xstilts.demo.command import trained_cells
from xstilts.demo.server import LARGEST, DemoServer
from xstilts.features.regions import propose

CARDS = [
    {"noun": "dog", "colour": "red", "size": "large", "slot": 0},
    {"noun": "house", "colour": "blue", "size": "small", "slot": 3},
]


class Sure:
    """In the place of a model: answers one word to everything, and notes what it was asked."""

    def __init__(self, word: str, data: str = "pictograms") -> None:
        self.word, self.card, self.asked = word, {"data": data}, list[str]()

    def look(self, pixels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        boxes = torch.from_numpy(propose(pixels, 36, "components"))
        return torch.zeros(len(boxes), 1), boxes

    def answer(self, question: str, seen: object) -> list[tuple[str, float]]:
        self.asked.append(question)
        return [(self.word, 0.75), ("another", 0.2), ("third", 0.04), ("fourth", 0.01)]

    def doubts(self, pixels: np.ndarray) -> list[str]:
        return []


@pytest.fixture
def demo(wheels: Path) -> Demo:
    return Demo({"none": Sure("yes"), "gqa": Sure("no")}, wheels)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ([], "1 to 4 cards"),
        (None, "1 to 4 cards"),
        ([CARDS[0], {**CARDS[1], "slot": 0}], "two cards lie in one slot"),
        ([{**CARDS[0], "noun": "unicorn"}], "a card's noun is 'unicorn', which the world does not have"),
        ([{**CARDS[0], "slot": True, "colour": []}], "a card's colour"),
        (["dog"], "a card's noun is 'None'"),
    ],
)
def test_scenes_that_the_world_does_not_have_are_refused(cards: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        scene_of(cards)


def test_a_suggestion_has_its_answer_and_every_language() -> None:
    scene = scene_of(CARDS)
    found = [suggestion(scene, seed) for seed in range(30)]
    assert all(set(one["questions"]) == set(LANGUAGES) for one in found)
    assert len({one["questions"]["de"] for one in found}) > 10
    assert found == [suggestion(scene, seed) for seed in range(30)]


def test_routes_answer_side_by_side(demo: Demo) -> None:
    found = demo.answer({"cards": CARDS, "question": "Ist da ein Hund?"})
    assert found["routes"] == {
        name: [(word, 0.75), ("another", 0.2), ("third", 0.04)] for name, word in (("none", "yes"), ("gqa", "no"))
    }
    assert len(found["regions"]) == len(CARDS)
    picture = Image.open(io.BytesIO(base64.b64decode(found["picture"].partition(",")[2])))
    assert picture.size == (224, 224)
    json.dumps(demo.about())


@pytest.mark.parametrize("question", ["", "  ", None, "?" * (LONGEST + 1), 7])
def test_no_question_is_refused(demo: Demo, question: Any) -> None:
    with pytest.raises(ParameterError, match="ask a question of 1 to 300 characters"):
        demo.answer({"cards": CARDS, "question": question})


def test_photographs_are_for_models_that_saw_some(wheels: Path, demo: Demo) -> None:
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 1400, 3), np.uint8)).save(content, "PNG")
    asked = {"question": "?", "photo": base64.b64encode(content.getvalue()).decode()}
    with pytest.raises(ParameterError, match="lay cards instead"):
        demo.answer(asked)
    of_photos = Demo({"none": Sure("yes", data="official")}, wheels)  # type: ignore[dict-item]
    assert of_photos.about()["photos"]
    found = of_photos.answer(asked)
    assert found["routes"]["none"][0] == ("yes", 0.75)
    assert Image.open(io.BytesIO(base64.b64decode(found["picture"].partition(",")[2]))).width == 672
    with pytest.raises(DataError, match="photograph: found a broken image"):
        of_photos.answer({"question": "?", "photo": base64.b64encode(b"no picture").decode()})
    with pytest.raises(ParameterError, match="did not arrive whole"):
        of_photos.answer({"question": "?", "photo": "%%%"})


@pytest.fixture
def server(demo: Demo) -> Iterator[DemoServer]:
    import threading

    with DemoServer(demo) as service:
        threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
        yield service
        service.shutdown()


Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def ask(server: DemoServer) -> Ask:
    def asked(method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        found = reply.status, dict(reply.getheaders()), reply.read()
        connection.close()
        return found

    return asked


def test_the_server_listens_to_this_machine_alone(server: DemoServer, ask: Ask) -> None:
    assert server.server_address[0] == "127.0.0.1"
    for path, kind in (("/", "text/html"), ("/demo.js", "text/javascript"), ("/demo.css", "text/css")):
        status, headers, content = ask("GET", path)
        assert (status, headers["Content-Type"].split(";")[0]) == (200, kind)
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert content
    assert ask("GET", "/drawing/dog")[2].startswith(b"\x89PNG")
    port = server.server_port
    assert ask("GET", "/about", Host=f"rebound.example:{port}")[0] == 403
    assert ask("GET", "/about", Host=f"localhost:{port}")[0] == 200
    asked = json.dumps({"cards": CARDS, "question": "?"}).encode()
    assert ask("POST", "/answer", asked, Content_Type="application/json", Origin="http://another.example")[0] == 403


def test_what_a_browser_may_send(ask: Ask) -> None:
    sent = {"Content_Type": "application/json"}
    status, _, content = ask("POST", "/answer", json.dumps({"cards": CARDS, "question": "?"}).encode(), **sent)
    assert status == 200
    assert json.loads(content)["routes"]["gqa"][0] == ["no", 0.75]
    refused = {
        "no such page": ask("GET", "/../../etc/passwd"),
        "no such drawing": ask("GET", "/drawing/..%2Fdog"),
        "send JSON": ask("POST", "/answer", b"{}", Content_Type="text/plain"),
        "send a JSON object": ask("POST", "/answer", b"[" * 100_000, **sent),
        "send at most 8 MB": ask("POST", "/answer", b"", Content_Length=str(LARGEST + 1), **sent),
        "ask a question": ask("POST", "/answer", b"{}", **sent),
    }
    for said, (status, _, content) in refused.items():
        assert 400 <= status < 500, said
        assert said in json.loads(content)["error"]


def test_cells_of_the_study_that_were_trained(parameter_files: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run `make repro`, or name trained routes"):
        trained_cells([], None, None)
    (tmp_path / "data/target/plain/gqa-s0/xgqa").mkdir(parents=True)
    assert list(trained_cells([], None, None)) == ["gqa"]
    with pytest.raises(DataError, match="none-s0/xgqa: found no checkpoint"):
        trained_cells(["none"], None, None)
    with pytest.raises(ParameterError, match="Did you mean 'gqa'"):
        trained_cells(["gpa"], None, None)


@pytest.mark.slow
def test_a_visitor_in_a_browser(server: DemoServer, tmp_path: Path) -> None:
    """A suggestion in all eight languages, cards laid and taken away, an error; at 390 pixels, with a quiet console."""
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium found")
    with chromium(browser, tmp_path / "profile") as tab:
        tab.show(390, 844, dark=True)
        tab.open(server.url)
        tab.wait("document.getElementById('question')?.value.length > 0")
        tab.run("document.getElementById('ask-all').click()")
        tab.wait(f"document.querySelectorAll('#rows tr').length == {len(LANGUAGES)}")
        tab.wait("!document.getElementById('seen').hidden")
        assert tab.run("document.querySelectorAll('.region').length") == 3
        assert tab.run("[...document.querySelectorAll('#heads th')].map((one) => one.textContent)") == [
            "question",
            "none",
            "gqa",
        ]
        tab.run("document.querySelector('#palette button').click()")
        assert tab.run("document.querySelectorAll('.card').length") == 4
        tab.run("document.querySelector('#palette button').click()")
        assert "full" in tab.run("document.getElementById('status').textContent")
        tab.run("for (const slot of [0, 1, 2, 3]) document.querySelectorAll('.slot')[slot].click()")
        tab.run("document.querySelector('#suggest').click()")
        tab.wait("document.getElementById('status').textContent.includes('1 to 4 cards')")
        assert tab.run("document.documentElement.scrollWidth") <= 390
        small = "[...document.querySelectorAll('button, select, .choice')].filter((one) => one.offsetParent)"
        assert tab.run(f"Math.min(...{small}.map((one) => one.getBoundingClientRect().height))") >= 44
        assert [line for line in tab.console if "400" not in line] == []
