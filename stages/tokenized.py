"""Encode one data set: data/raw/<dataset> to data/tokenized/<dataset>/{learn,test}."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "src")  # what DVC hashes is what runs

import gc
from dataclasses import replace
from typing import Annotated

import typer

from xstilts.base.errors import run_stage
from xstilts.base.files import check_sums
from xstilts.encode.summary import summary
from xstilts.encode.task import encode_task
from xstilts.tasks.schema import load_task


def main(
    dataset: str,
    features: Annotated[Path | None, typer.Option(help="what stages/grid.yaml names for it")] = None,
) -> None:
    """Encode DATASET, a task with a file in stages/tasks."""

    def encode() -> None:
        gc.disable()  # millions of small objects and no cycles: the collector would triple the time
        check_sums(Path("data/raw", dataset))
        task = load_task(dataset)
        if task.encode.features is not None and features is not None:  # sets on the same pictures may share features
            task = replace(task, encode=replace(task.encode, features=features.name))
        splits = encode_task(task)
        print(
            summary(
                {split: one.table for split, one in splits.items()},
                {split: one.note for split, one in splits.items()},
            )
        )

    run_stage(encode)


if __name__ == "__main__":
    typer.run(main)
