"""Run the real sets end to end, in a copy of the repository: what `prepare.py` cut, the task files in `tasks/`.

    python tests/real/prepare.py ../shared/data /tmp/real/data
    python tests/real/run.py /tmp/real/data /tmp/real/copy [target ...]

Prints one line per target: route, English, mean of the other languages, controls. Minutes to an hour on two cores.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TASKS = Path(__file__).parent / "tasks"
ROUTES = {"xnli_sick": ["none", "rte"]}  # target: intermediate tasks tried; `none` alone elsewhere
FEATURES = {"nlvr_sample": "images.zip", "flickr8k_captions": "images.zip", "havqa_pairs": "vectors"}


def copy_repository(copy: Path, data: Path) -> None:
    """A git repository with the committed and the uncommitted files, whose grid ranges over the real tasks alone."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and not name.endswith("dvc.lock") and not name.startswith("metrics/"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    for path in TASKS.glob("*.yaml"):
        shutil.copy(path, copy / "stages" / "tasks")
    if not (copy / ".git").exists():
        subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    choose(copy, data)


def choose(copy: Path, data: Path) -> None:
    """Write params.yaml and the grid for the real tasks."""
    kinds = {path.stem: yaml.safe_load(path.read_text())["kind"] for path in TASKS.glob("*.yaml")}
    targets = [name for name in kinds if name not in ("rte", "nlvr_sample")]
    grid = {
        "datasets": {name: f"data/features/{name}" if name in FEATURES else "data/checked" for name in kinds},
        "image_sets": FEATURES,
        "perceived_sets": [],
        "intermediates": ["none", "rte", "nlvr_sample"],
        "targets": targets,
        "seeds": [0],
        "recipes": {"everywhere": ["plain"]}
        | {key: [] for key in ("intermediate", "target", "score", "system", "canonical")},
        "recipe_routes": [],
        "recipe_targets": [],
        "system_targets": [],
        "canonical_targets": [],
        "parser": "plain",
    }
    (copy / "stages" / "grid.yaml").write_text(yaml.safe_dump(grid, sort_keys=False))
    params = yaml.safe_load((copy / "params.yaml").read_text())
    study = {"recipes": ["plain"], "intermediates": ["none"], "controls": [], "seeds": [0], "targets": [targets[0]]}
    params |= {"world": "official", "data_root": str(data.resolve()), "intermediate": "none", "study": study}
    (copy / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def run_stage(copy: Path, address: str) -> float:
    """Let DVC run a stage and what it needs; return the seconds it took."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "dvc", "repro", address], cwd=copy, check=True)
    return time.monotonic() - begun


def run_target(copy: Path, target: str) -> list[str]:
    """Run the routes of a target; one line of results each."""
    lines = []
    for route in ROUTES.get(target, ["none"]):
        seconds = run_stage(copy, f"stages/score/dvc.yaml:score@plain-{route}-0-{target}")
        scores = json.loads((copy / f"data/scores/plain/{route}-s0/{target}/scores.json").read_text())
        lines.append(f"{target} {route} ({seconds:.0f} s): {shown(scores)}")
    return lines


def shown(scores: dict[str, Any]) -> str:
    """The main metric by language, and its controls."""
    main = scores["scores"][scores["metric"]]
    others = [value for language, value in main.items() if language != "en"]
    text = f"{scores['metric']} {languages(main)}"
    text += f"; mean without en {100 * fmean(others):.1f}" if others else ""
    return text + "".join(f"; {name} {languages(row)}" for name, row in scores.get("controls", {}).items())


def languages(row: dict[str, float]) -> str:
    """Scores by language in percent."""
    return " ".join(f"{language} {100 * value:.1f}" for language, value in row.items())


def run_intermediate(copy: Path, task: str) -> str:
    """Train an intermediate task; its score on English dev."""
    seconds = run_stage(copy, f"stages/train/dvc.yaml:intermediate@{task}-0")
    card = json.loads((copy / f"data/intermediate/{task}-s0/checkpoint.json").read_text())
    return f"{task} ({seconds:.0f} s): English dev {100 * card['training']['english_dev']['mean']:.1f}"


def main(data: Path, copy: Path, names: list[str]) -> None:
    """Run the tasks named, all of them if none is."""
    copy_repository(copy, data)
    targets = yaml.safe_load((copy / "stages/grid.yaml").read_text())["targets"]
    for name in names or [*targets, "nlvr_sample"]:
        lines = run_target(copy, name) if name in targets else [run_intermediate(copy, name)]
        print("RESULT", "\nRESULT ".join(lines), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
