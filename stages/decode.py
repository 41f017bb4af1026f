"""Phase 3 of a recipe with a section `decoder`: answer a target's questions in every language, no labels there."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import typer

from xstilts.base.cells import Cell, target_checkpoint
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.decoder.score import score_decoder
from xstilts.decoder.settings import DecoderSettings
from xstilts.score.settings import ScoreSettings


def main(recipe: str, route: str, seed: int, target: str) -> None:
    """Write data/scores/<RECIPE>/<ROUTE>-s<SEED>/<TARGET>."""

    def run() -> None:
        decoder = task_settings(DecoderSettings, target, "decoder", recipe)
        score = task_settings(ScoreSettings, target, "score", recipe)
        trained = target_checkpoint(recipe, route, seed, target)
        score_decoder(trained, Cell(recipe, route, seed, target), decoder, score)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
