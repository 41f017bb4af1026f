"""Stage `export`: data/models/<target>, the chosen route's model as a Hugging Face folder with its card."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.errors import run_stage
from xstilts.base.parameters import STAGES, read_yaml
from xstilts.export import export_model
from xstilts.report.model_card.facts import Places, read_facts
from xstilts.report.model_card.text import model_card


def main(route: str, seed: int, target: str) -> None:
    """Export the target checkpoint of one cell."""

    def export() -> None:
        places = Places.of(route, seed, target)
        features = read_yaml(STAGES / "defaults.yaml").get("features") or {}
        card = model_card(read_facts(route, seed, target, places, features))
        export_model(places.target, places.public, Path("data/models", target), card)

    run_stage(export)


if __name__ == "__main__":
    typer.run(main)
