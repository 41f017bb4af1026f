"""The transfer matrix as flat rows: what `dvc plots` draws with the template .dvc/plots/heat_map.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xstilts.report.heat_map import GAP, cannot_tell, cells_of, columns_of, heading

Record = Mapping[str, Any]
NO_INTERVAL = "no interval"


def transfer_rows(transfer: Record) -> list[dict[str, Any]]:
    """A row for each cell and language of metrics/transfer.json, all numbers in points.

    Returns:
        `target`, `route`, `column` (a language, zero-shot or English) with its `order` from the left, `difference`
        to the baseline, `interval` in words, and `tells`: whether the interval lies on one side of 0 (over languages:
        and Holm's p-value is at most 0.05).
    """
    targets = dict.fromkeys(cell["target"] for cell in transfer["cells"])
    return [row for target in targets for row in _target_rows(transfer, target)]


def _target_rows(transfer: Record, target: str) -> list[dict[str, Any]]:
    cells = cells_of(transfer, target)
    columns = [column for group in columns_of(cells) for column in group if column != GAP]
    rows = []
    for cell in cells:
        for order, column in enumerate(columns):
            place = {"target": target, "route": cell["route"], "column": heading(column), "order": order}
            rows.append(place | _numbers(cell["languages"].get(column) or cell[column]))
    return rows


def _numbers(record: Record) -> dict[str, Any]:
    low, high = record["interval"]
    words = NO_INTERVAL if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}"
    return {"difference": round(100 * record["difference"], 2), "interval": words, "tells": not cannot_tell(record)}
