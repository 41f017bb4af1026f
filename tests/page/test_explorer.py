"""The page's script computes what the report computes: differences, intervals and p-values, to the last digit."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xstilts.page import content
from xstilts.page.explorer import MATCHES, explorer
from xstilts.page.material import Material
from xstilts.page.render import render
from xstilts.report.cells.items import SCHEMA
from xstilts.report.differences import to_json
from xstilts.report.packed import packed, unpacked
from xstilts.report.paired import Paired
from xstilts.report.side_by_side import clusters_of, pair_up

Make = Callable[..., Material]
SCRIPTS = Path(content.__file__).parent / "templates"
LANGUAGES, TYPES, ROUTES = ("en", "de", "zh"), ("query", "verify"), ("none", "gqa", "longer/none")
COST = {"updates": 300, "examples": 3600, "tokens": 40_000}
# What Python asks of the script: a list of choices, and the answer as JSON.
ASK = """
const fs = require("fs"), asked = JSON.parse(fs.readFileSync(0));
const data = opened(asked.packed);
console.log(JSON.stringify(asked.choices.map((one) => compare(data, ...one))));
"""


def table(rng: np.random.Generator, gain: float) -> pa.Table:
    """The items of a cell: 20 pictures with up to four questions each, and fewer in Chinese."""
    rows = [(image, n, code) for image in range(20) for n in range(1 + image % 4) for code in LANGUAGES]
    rows = [row for row in rows if row[2] != "zh" or row[0] % 3]
    columns: dict[str, Any] = {name: [""] * len(rows) for name in ("cluster", "part")}
    columns |= {"id": [f"{image:02}-{n}" for image, n, _ in rows], "image_id": [f"i{image}" for image, _, _ in rows]}
    columns |= {"language": [code for _, _, code in rows], "structural": [TYPES[n % 2] for _, n, _ in rows]}
    columns |= {"score": (rng.random(len(rows)) < 0.5 + gain).astype(np.float32), "of": np.ones(len(rows), np.float32)}
    columns |= {name: [None] * len(rows) for name in ("blind", "shuffled", "form")}
    return pa.table({one.name: pa.array(columns[one.name], one.type) for one in SCHEMA}, schema=SCHEMA)


def study(seeds: int) -> dict[str, Any]:
    """metrics/items.json of a study of three routes."""
    rng = np.random.default_rng(seeds)
    cells = {("xgqa", i, j): table(rng, 0.1 * i) for i in range(len(ROUTES)) for j in range(seeds)}
    own = {"data": "pictograms", "kind": "vqa", "metric": "accuracy"}
    training: Any = {"none": {"intermediate": None, "target": COST}, "gqa": {"intermediate": COST, "target": COST}}
    training["longer/none"] = {"intermediate": None, "target": {name: 3 * number for name, number in COST.items()}}
    about = {"xgqa": {route: [{**own, "training": training[route]}] * seeds for route in ROUTES}}
    groups, _ = clusters_of({"xgqa": cells["xgqa", 0, 0]})
    return packed(cells, about, groups, pair_up(cells, about, ROUTES, range(seeds)))


def node(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the script says."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("no node found")
    source = (SCRIPTS / "statistics.js").read_text() + ASK
    done = subprocess.run(
        [program, "-e", source], input=json.dumps(question), capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def expected(paired: Paired, route: str, other: str, languages: list[str], types: list[str]) -> dict[str, Any]:
    mix = paired.mix("xgqa", languages, type=types[0] if types else "")
    return to_json(paired.difference(route, other, mix))


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_the_script_and_the_report_say_the_same(seeds: int) -> None:
    content = study(seeds)
    paired, every = unpacked(content), list(range(seeds))
    pairs = [("gqa", "none"), ("gqa", "longer/none"), ("none", "gqa")]
    places = [["de"], ["en"], ["de", "zh"], ["en", "de", "zh"]]
    choices = [(*two, where, kinds, every) for two, where, kinds in product(pairs, places, ([], ["query"], ["verify"]))]
    found = node({"packed": content["targets"]["xgqa"], "choices": choices})
    assert len(found) == len(choices) > 30
    for (route, other, where, kinds, _), own in zip(choices, found, strict=True):
        reported = expected(paired, route, other, where, kinds)
        assert own["value"] == pytest.approx(reported["difference"], abs=6e-5)
        assert [own["low"], own["high"]] == pytest.approx(reported["interval"], abs=6e-5)
        assert own["p"] == (None if seeds == 1 else pytest.approx(reported["p"], abs=6e-5))
        assert sum(own["bySeed"]) / seeds == pytest.approx(own["value"])


def test_types_together_are_all_examples_and_a_single_seed_is_one_run() -> None:
    content = study(3)
    both = ("gqa", "none", ["de", "zh"], list(TYPES), [0, 1, 2])
    (all_types, everything, alone) = node({
        "packed": content["targets"]["xgqa"],
        "choices": [both, (*both[:3], [], [0, 1, 2]), (*both[:3], [], [1])],
    })  # fmt: skip
    assert all_types == everything
    assert alone["p"] is None
    assert alone["value"] == pytest.approx(everything["bySeed"][1])


def test_two_routes_that_answer_alike_differ_by_nothing() -> None:
    content = study(2)["targets"]["xgqa"]
    content["right"]["gqa"] = content["right"]["none"] = [content["right"]["none"][0]] * 2
    (own,) = node({"packed": content, "choices": [("gqa", "none", ["de"], [], [0, 1])]})
    assert (own["value"], own["low"], own["high"], own["p"]) == (0, 0, 0, 1)


def test_what_can_be_chosen(make: Make) -> None:
    material = make(routes=ROUTES, seeds=(0, 1))
    free = explorer(Material(**{**vars(material), "items": study(2)}), "xgqa")
    assert free is not None
    assert free.free
    assert (free.baselines, list(free.languages), free.types) == (ROUTES, ["de", "zh", "en"], list(TYPES))
    assert free.matches == MATCHES
    assert free.data["costs"] == {
        "none": {"updates": 300, "tokens": 40_000},
        "gqa": {"updates": 600, "tokens": 80_000},
        "longer/none": {"updates": 900, "tokens": 120_000},
    }
    known = explorer(material, "xgqa")
    assert known is not None
    assert not known.free
    assert (known.baselines, list(known.languages)) == (["none"], ["all", "de", "zh", "en"])
    assert (
        known.data["computed"][0]["records"]["all"]["difference"]
        == material.transfer["cells"][0]["zero_shot"]["difference"]
    )
    assert explorer(make(routes=("none",)), "xgqa") is None


def test_the_order_of_languages_survives_the_page(make: Make) -> None:
    """The bits of a cell follow one another language by language, as the file lists them."""
    material = make(routes=ROUTES, seeds=(0, 1))
    html = render(content.page_content(Material(**{**vars(material), "items": study(2)})))
    text = html.split('id="data-of-explorer-xgqa">')[1].split("</script>")[0]
    assert json.loads(text)["packed"] == study(2)["targets"]["xgqa"]
    assert (
        list(json.loads(text)["packed"]["languages"])
        == list(study(2)["targets"]["xgqa"]["languages"])
        == ["en", "de", "zh"]
    )
