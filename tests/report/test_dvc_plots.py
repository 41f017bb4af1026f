"""What `dvc plots` draws: flat rows, the templates in .dvc/plots, DVCLive's curves, a page without network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vl_convert
import yaml
from dvc_render.vega import VegaRenderer

from xstilts.report.plots_page import FRAME, plots_page
from xstilts.report.transfer import transfer_matrix, transfer_rows

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / ".dvc/plots").glob("*.json"))
KINDS = [
    {"where": where, "right": right, "given": given, "share": share}
    for where in ("English", "zero-shot")
    for right, given, share in (("name", "name", 0.75), ("name", "colour", 0.25), ("colour", "colour", 1.0))
]


@pytest.fixture
def rows(write_cell: Callable[..., Path], read: Any) -> list[dict[str, Any]]:
    """The rows of a study of two routes: one that helps, and one that does nothing."""
    for route, more in (("none", 0.0), ("gqa", 0.2), ("squad", 0.0)):
        write_cell("xgqa", route, more=more, english=0.1)
    return transfer_rows(transfer_matrix(read(["xgqa"], ["none", "gqa", "squad"]).transfer))


def test_one_row_per_cell_and_language(rows: list[dict[str, Any]]) -> None:
    assert [(row["route"], row["column"], row["order"]) for row in rows] == [
        (route, column, order)
        for route in ("gqa", "squad")
        for order, column in enumerate(("zero-shot", "de", "zh", "English"))
    ]
    assert all(row["tells"] == (row["route"] == "gqa") for row in rows)
    better = rows[0]
    low, high = (float(number) for number in better["interval"].split(" to "))
    assert low < better["difference"] < high
    assert 10 < better["difference"] < 30  # points


def test_without_a_baseline_there_are_no_rows() -> None:
    assert transfer_rows({"baseline": "none", "cells": []}) == []


def test_every_template_is_used_and_draws(rows: list[dict[str, Any]]) -> None:
    """With two revisions side by side, as `dvc plots diff` fills it; every number is drawn in both."""
    data = {"heat_map": (rows, "column", "route"), "confusion_by_kind": (KINDS, "given", "right")}
    assert {template.stem for template in TEMPLATES} == set(data)
    text = (ROOT / "dvc.yaml").read_text()
    for name, (own, x, y) in data.items():
        assert re.search(rf"template: {name}, x: {x}, y: {y}\b", text)
        both = [{**row, "rev": rev} for rev in ("main", "workspace") for row in own]
        renderer = VegaRenderer(both, name, template=name, template_dir=str(ROOT / ".dvc/plots"), x=x, y=y, title="A")
        filled = json.loads(renderer.partial_html())
        assert "DVC_METRIC" not in json.dumps(filled)
        drawn = vl_convert.vegalite_to_svg(filled)
        assert all(f">{rev}<" in drawn for rev in ("main", "workspace"))
        wanted = rows[0]["text"] if name == "heat_map" else "75.0%"
        assert drawn.count(f">{wanted}<") >= 2


def test_curves_in_the_layout_of_dvclive(tmp_path: Path) -> None:
    """A phase in which nothing was trained has no curve, and an earlier one does not stay behind."""
    from xstilts.report.cells.chosen import write_curves

    curve = [{"update": 3, "loss": 0.5, "dev": 0.25}, {"update": 6, "loss": 0.125, "dev": 0.75}]
    write_curves({"intermediate": {"curve": curve}, "target": {"curve": curve}}, tmp_path / "curves")
    write_curves({"intermediate": None, "target": {"curve": curve}}, tmp_path / "curves")
    files = sorted(path for path in (tmp_path / "curves").rglob("*") if path.is_file())
    assert [str(file.relative_to(tmp_path / "curves/plots/metrics")) for file in files] == [
        "target/english_dev.tsv",
        "target/loss.tsv",
    ]
    assert files[0].read_text().splitlines() == ["step\tenglish_dev", "3\t0.25", "6\t0.75"]
    assert files[1].read_text().splitlines() == ["step\tloss", "3\t0.5", "6\t0.125"]


def test_the_page_of_plots_needs_no_network() -> None:
    """The frame in .dvc/plots is the one that is made, and it loads nothing; DVC fills it where it says."""
    page = plots_page()
    kept = (ROOT / FRAME).read_text(encoding="utf-8")
    head, body = kept.split("</script>", 1)
    assert head.split("<script>")[0] == page.split("<script>")[0]
    assert "{plot_divs}" in body
    assert "{scripts}" not in body + head[:2000]  # where DVC would put scripts that come over the network
    assert not re.search(r"<(script|link|img|iframe)\b[^>]*(src|href)=", head[:2000] + body)
    assert "vegaEmbed" in head
    config = (ROOT / ".dvc/config").read_text()
    assert f"html_template = {FRAME.relative_to('.dvc')}" in config


def test_plots_of_the_front_door_are_kept_in_git() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    plots = [next(iter(plot.items())) for stage in stages.values() for plot in stage.get("plots", [])]
    assert [path.split("/")[1] for path, _ in plots] == ["curves", "confusion", "plots"]
    assert all(options["cache"] is False for _, options in plots)
