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
from xstilts.report.numbers import points

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

    def opened(html: str, *options: str, width: int = 1280, at: str = "") -> str:
        page = tmp_path / "index.html"
        page.write_text(html, encoding="utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        own = (f"--window-size={width},900", f"--log-net-log={tmp_path / 'net.json'}", profile, *options)
        done = subprocess.run(
            [browser, *OPTIONS, *own, page.as_uri() + at], capture_output=True, text=True, timeout=300
        )
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
    assert dom.split("<script")[0].count('class="marks"') == charts
    assert ('data-shown="heat-xgqa-1-narrow"' in dom) == (width == 600)
    assert "NaN" not in dom.split("<script")[0]
    assert console(tmp_path) == []


MEASURE = """<script>
new MutationObserver(() => {
  const box = (one) => one.getBoundingClientRect();
  const marks = [...document.querySelectorAll("figure .panel:first-child svg .mark-symbol path")];
  console.log("MEASURED " + JSON.stringify({
    screen: window.innerHeight, width: document.documentElement.scrollWidth,
    question: box(document.querySelector("h1")).bottom,
    answer: box(document.querySelector(".answer")).bottom,
    chart: box(document.querySelector("figure .chart")).top,
    rows: [...new Set(marks.slice(0, 200).map((one) => Math.round(box(one).bottom)))].sort((one, other) => one - other),
  }));
}).observe(document.documentElement, { attributes: true, attributeFilter: ["data-drawn"] });
</script>"""


def unlocked(html: str) -> str:
    """A page without its policy, which would refuse a test's own script."""
    policy = html.split('http-equiv="Content-Security-Policy"')[1].split(">")[0]
    return html.replace(policy, "")


@pytest.mark.parametrize(("width", "height", "rows"), [(1280, 900, 4), (390, 844, 1)])
def test_the_first_screen_has_question_answer_and_the_first_tasks(
    make: Make, run: Run, tmp_path: Path, width: int, height: int, rows: int
) -> None:
    """Of a study with every route, and many languages."""
    languages = ("en", "bn", "de", "id", "ko", "pt", "ru", "zh")
    routes = ("none", "squad", "text", *(f"multimodal_{n}" for n in range(10)))
    html = unlocked(render(page_content(make(routes=routes, languages=languages)))).replace(
        "</main>", f"{MEASURE}</main>"
    )
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    frame = f'<iframe src="page.html" width="{width}" height="{height}" style="border: 0"></iframe>'
    run(frame, "--dump-dom", width=1400)  # a window has no phone's width, a frame has
    (found,) = re.findall(r"MEASURED ({.*?})\"", "\n".join(console(tmp_path)))
    box = json.loads(found)
    assert box["screen"] == height
    assert box["width"] <= width  # nothing stands out to the right
    assert 0 < box["question"] < box["answer"] < box["chart"] < height
    assert sum(bottom <= height for bottom in box["rows"]) >= rows, json.dumps(box)


def shown(dom: str, section: str) -> str:
    """A section of the document after its scripts ran."""
    return dom.split(f'<section class="{section}"')[1].split("</section>")[0]


def test_a_link_to_choices_shows_them(make: Make, run: Run, tmp_path: Path) -> None:
    """The explorer shows what the report computed, for the language that the address names."""
    material = make()
    html = render(page_content(material))
    first = shown(run(html, "--dump-dom"), "explorer")
    assert "accuracy minus that of none, in points; all but English." in first
    dom = run(html, "--dump-dom", at="#explorer-xgqa?baseline=none&languages=de")
    assert "in points; German." in shown(dom, "explorer")
    (cell,) = [one for one in material.transfer["cells"] if one["route"] == "gqa"]
    text = points(cell["languages"]["de"]["difference"])
    assert f'<th scope="row">gqa</th><td>{text}</td>' in shown(dom, "explorer")
    assert console(tmp_path) == []


def test_the_atlas_shows_what_is_asked_for(make: Make, run: Run, tmp_path: Path) -> None:
    html = render(page_content(make()))
    first = shown(run(html, "--dump-dom"), "atlas")
    assert first.count('class="exhibit"') == 6  # all of 6 wrong ones of 12
    assert "54 answers to 6 questions: 54 wrong otherwise" in first
    assert "No answer fits." in shown(run(html, "--dump-dom", at="#atlas-xgqa?show=lost"), "atlas")
    some = shown(run(html, "--dump-dom", at="#atlas-xgqa?show=all&language=de&route=gqa&type=query"), "atlas")
    assert "6 answers to 6 questions" in some
    assert 'data-route="squad"' not in some
    assert console(tmp_path) == []


AXE = """<script>%s</script><script>
const told = (found) => console.log("AXE " + JSON.stringify(found.violations.map((one) => one.id)));
new MutationObserver(() => axe.run().then(told))
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-drawn"] });
</script>"""


def test_axe_finds_no_violation(make: Make, run: Run, tmp_path: Path) -> None:
    """With axe-core, if XSTILTS_AXE names its axe.min.js."""
    script = os.environ.get("XSTILTS_AXE")
    if not script:
        pytest.skip("XSTILTS_AXE names no axe.min.js")
    html = unlocked(render(page_content(make(seeds=(0, 1))))).replace(
        "</main>", f"{AXE % Path(script).read_text()}</main>"
    )
    run(html, "--dump-dom")
    (found,) = re.findall(r"AXE (\[.*?\])", "\n".join(console(tmp_path)))
    assert json.loads(found) == []


def test_a_chart_that_fails_leaves_the_others(make: Make, run: Run, tmp_path: Path) -> None:
    html = render(page_content(make()))
    charts = html.count('data-spec="')
    spec = html.split('id="scores-xgqa-1">')[1].split("</script>")[0]
    dom = run(html.replace(spec, '{"mark": 7}'), "--dump-dom").split("<script")[0]
    assert dom.count('class="marks"') == charts - 1
    assert dom.count("This chart cannot be drawn here; its numbers are in the table below it.") == 1
    assert any("scores-xgqa-1:" in line for line in console(tmp_path))


def test_no_request_leaves_the_page(make: Make, run: Run, tmp_path: Path) -> None:
    html = render(page_content(make()))
    run(html, "--dump-dom")
    assert requested(tmp_path) == set()
    run(
        unlocked(html).replace("</main>", '<img src="http://elsewhere.test/x.png" alt=""></main>'),
        "--dump-dom",
    )
    assert requested(tmp_path) == {"http://elsewhere.test/x.png"}  # so one would be seen


def test_script_in_data_does_not_run(make: Make, run: Run, tmp_path: Path) -> None:
    material = make(routes=("none", "squad", HOSTILE), controls=(HOSTILE,), text=HOSTILE, gold=HOSTILE, wrong="no")
    dom = run(render(page_content(material)), "--dump-dom")
    assert "<title>xstilts: xgqa</title>" in dom
    assert console(tmp_path) == []
    assert dom.count("&lt;script&gt;document.title") > 20
    assert 'class="exhibit"' in dom
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
