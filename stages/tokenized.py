"""Encode one data set: data/raw/<dataset> to data/tokenized/<dataset>/{learn,test}."""

import gc

import typer

from xstilts.encode.summary import summary
from xstilts.encode.task import encode_task
from xstilts.errors import run_stage
from xstilts.tasks.schema import load_task


def main(dataset: str) -> None:
    """Encode DATASET, a task with a file in stages/tasks."""

    def encode() -> None:
        gc.disable()  # millions of small objects and no cycles: the collector would triple the time
        splits = encode_task(load_task(dataset))
        print(
            summary(
                {split: one.table for split, one in splits.items()},
                {split: one.note for split, one in splits.items()},
            )
        )

    run_stage(encode)


if __name__ == "__main__":
    typer.run(main)
