"""Learning curves as DVCLive lays them out, so that `dvc plots` and editors that know DVCLive draw them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvclive import Live

from xstilts.base.files import read_json, whole_directory

NAMES = {"loss": "loss", "dev": "english_dev"}  # in checkpoint.json, in DVCLive
Cards = Mapping[str, Mapping[str, Any]]


def write_curves(intermediate: Path, target: Path, out: Path) -> None:
    """Write the curves of a cell's two training phases.

    Args:
        intermediate, target: checkpoint.json of the phases; one in which nothing was trained has no curve.
        out: a folder, replaced as a whole: `plots/metrics/<phase>/loss.tsv` and `english_dev.tsv` with a column `step`
            (updates so far).
    """
    cards: Cards = {"intermediate": read_json(intermediate), "target": read_json(target)}
    with whole_directory(out) as draft, Live(str(draft), **_QUIET) as live:
        for phase, card in cards.items():
            for point in (card.get("training") or {}).get("curve", []):
                live.step = point["update"]
                for name, shown in NAMES.items():
                    live.log_metric(f"{phase}/{shown}", point[name], timestamp=False)
    (out / "metrics.json").unlink()  # the last values again, which would lengthen `dvc metrics diff`


# No experiment, dvc.yaml, report or load of the machine of its own: the stage's output is what DVC keeps.
_QUIET: dict[str, Any] = {"save_dvc_exp": False, "dvcyaml": None, "report": None, "monitor_system": False}
