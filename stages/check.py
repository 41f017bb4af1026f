"""Stage `check`: stop on a mistake in the parameter files before anything is computed."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

try:
    import typer

    from xstilts.base.errors import run_stage
    from xstilts.check.files import write_checked
except ModuleNotFoundError as error:  # the first stage of all: say so in words when it is the wrong Python
    sys.exit(f"error: no {error.name} in {sys.executable}; run `make env`, then `. .venv/bin/activate`")


def main() -> None:
    """Check params.yaml and stages/*.yaml."""
    run_stage(lambda: write_checked(Path("data/checked")))


if __name__ == "__main__":
    typer.run(main)
