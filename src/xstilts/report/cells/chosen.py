"""What the front door keeps in git of the chosen cell: its metrics, its learning curves, and its kinds of answers."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xstilts.base.files import read_json, write_compact, write_json
from xstilts.report.cells.confusion import confusion_rows
from xstilts.report.cells.metrics import read_scores, target_metrics

CURVES = {"loss": "loss", "dev": "english_dev"}  # a value in training.json: its file


def write_chosen(scores: Path, metrics: Path, target: str) -> None:
    """Write <target>.json, curves/<target> and confusion/<target>.json into the folder `metrics`.

    Args:
        scores: the cell's folder of scores.

    Raises:
        DataError: a file of the cell is missing or of another layout.
    """
    content, training = read_scores(scores / "scores.json"), read_json(scores / "training.json")
    write_json(metrics / f"{target}.json", target_metrics(content))
    write_curves(training, metrics / "curves" / target)
    write_compact(metrics / "confusion" / f"{target}.json", confusion_rows(scores))


def write_curves(training: Mapping[str, Any], out: Path) -> None:
    """Write the curves of both training phases as DVCLive lays them out, which `dvc plots` and editors know.

    These are `plots/metrics/<phase>/loss.tsv` and `english_dev.tsv`, their first column `step` (updates so far).
    DVCLive itself takes ten seconds to import. There is no draft beside `out`, where git would see it.

    Args:
        training: the cell's training.json; a phase in which nothing was trained has no curve.
        out: a folder, replaced as a whole.
    """
    files = {
        f"{phase}/{name}.tsv": [("step", name), *((point["update"], point[key]) for point in own["curve"])]
        for phase, own in training.items()
        if own
        for key, name in CURVES.items()
    }
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name, rows in files.items():
        path = out / "plots" / "metrics" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{one}\t{two}\n" for one, two in rows), encoding="utf-8")
