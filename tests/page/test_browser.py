"""The page in a headless Chromium: every chart is drawn, no message in the console, no request leaves the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from xstilts.page.content import page_content
from xstilts.page.material import Material
from xstilts.page.render import render

pytestmark = pytest.mark.slow
Make = Callable[..., Material]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--virtual-time-budget=60000",
    "--enable-logging=stderr",
)
HOSTILE = "<script>document.title = 'attacked'; console.error('attacked')</script></script><img src=x onerror=alert(1)>"
BROWSER = "not an origin"  # who asks for the browser's own updates
Run = Callable[..., str]


@pytest.fixture(scope="session")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(os.environ.get("XSTILTS_BROWSER", name)))), None)
    if found is None:
        pytest.skip(f"no browser found: none of {', '.join(BROWSERS)}")
    return found


@pytest.fixture
def run(browser: str, tmp_path: Path) -> Run:
    """Open a page; return what the browser prints: with `--dump-dom` the document after its scripts ran."""

    def opened(html: str, *options: str, width: int = 1280) -> str:
        page = tmp_path / "index.html"
        page.write_text(html, encoding="utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        own = (f"--window-size={width},900", f"--log-net-log={tmp_path / 'net.json'}", profile, *options)
        done = subprocess.run([browser, *OPTIONS, *own, page.as_uri()], capture_output=True, text=True, timeout=300)
        (tmp_path / "console.txt").write_text(done.stderr)
        return done.stdout

    return opened


def console(folder: Path) -> list[str]:
    """What the page wrote to the console: errors, warnings and refusals."""
    return [line for line in (folder / "console.txt").read_text().splitlines() if ":CONSOLE" in line]


def requested(folder: Path) -> set[str]:
    """The addresses that a page asked for; what the browser itself asks for has no page as its initiator."""
    events = [event.get("params", {}) for event in json.loads((folder / "net.json").read_text())["events"]]
    return {one["url"] for one in events if "url" in one and one.get("initiator", BROWSER) != BROWSER}


@pytest.mark.parametrize("width", [1280, 600])  # the heat map of a phone is drawn up to 640 pixels
def test_every_chart_is_drawn(make: Make, run: Run, tmp_path: Path, width: int) -> None:
    html = render(page_content(make()))
    dom = run(html, "--dump-dom", width=width)
    charts = html.count('data-spec="')
    assert charts > 10
    assert f'data-drawn="{charts}"' in dom
    assert dom.split("<script")[0].count("<svg") == charts
    assert ('data-shown="heat-xgqa-1-narrow"' in dom) == (width == 600)
    assert "NaN" not in dom.split("<script")[0]
    assert console(tmp_path) == []


def test_no_request_leaves_the_page(make: Make, run: Run, tmp_path: Path) -> None:
    html = render(page_content(make()))
    run(html, "--dump-dom")
    assert requested(tmp_path) == set()
    policy = html.split('http-equiv="Content-Security-Policy"')[1].split(">")[0]
    run(
        html.replace(policy, "").replace("</main>", '<img src="http://elsewhere.test/x.png" alt=""></main>'),
        "--dump-dom",
    )
    assert requested(tmp_path) == {"http://elsewhere.test/x.png"}  # so one would be seen


def test_script_in_data_does_not_run(make: Make, run: Run, tmp_path: Path) -> None:
    material = make(routes=("none", "squad", HOSTILE), text=HOSTILE, gold=HOSTILE, wrong="no")
    dom = run(render(page_content(material)), "--dump-dom")
    assert "<title>xstilts: xgqa</title>" in dom
    assert console(tmp_path) == []
    assert dom.count("&lt;script&gt;document.title") > 20
    assert f'data-drawn="{dom.count("data-spec=")}"' in dom


def test_a_script_that_is_not_the_pages_own_is_refused(make: Make, run: Run, tmp_path: Path) -> None:
    """So the policy works, and the checks of the console can fail."""
    html = render(page_content(make())).replace("</main>", "<script>document.title = 'attacked'</script></main>")
    assert "<title>attacked" not in run(html, "--dump-dom")
    assert any("Content Security Policy" in line for line in console(tmp_path))


def test_it_prints(make: Make, run: Run, tmp_path: Path) -> None:
    run(render(page_content(make())), f"--print-to-pdf={tmp_path / 'page.pdf'}")
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) > 1
