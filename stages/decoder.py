"""Phases 1 and 2 of a recipe with a section `decoder`: adapters trained on English questions."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

from typing import Annotated

import typer

from xstilts.base.cells import intermediate_checkpoint, target_checkpoint, tokenized
from xstilts.base.errors import run_stage
from xstilts.base.parameters import task_settings
from xstilts.decoder.settings import DecoderSettings
from xstilts.decoder.training import train_decoder_phase


def main(
    recipe: str,
    route: str,
    seed: int,
    target: Annotated[str | None, typer.Argument(help="of phase 2; phase 1 if not given")] = None,
) -> None:
    """Write data/intermediate/<RECIPE>/<ROUTE>-s<SEED>; of phase 2, data/target/<RECIPE>/<ROUTE>-s<SEED>/<TARGET>."""

    def run() -> None:
        settings = task_settings(DecoderSettings, target or route, "decoder", recipe)
        first = intermediate_checkpoint(recipe, route, seed)
        if target is None:
            train_decoder_phase(tokenized(route) / "learn", first, settings, seed)
        else:
            out = target_checkpoint(recipe, route, seed, target)
            train_decoder_phase(tokenized(target) / "learn", out, settings, seed, first)

    run_stage(run)


if __name__ == "__main__":
    typer.run(main)
