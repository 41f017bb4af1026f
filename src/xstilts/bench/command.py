"""`xstilts bench train | score | encode | step | study`.

Whatever takes long to import is imported when a measurement begins.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from xstilts.base.errors import DataError, ParameterError, run_stage

What = Annotated[
    Literal["train", "score", "encode", "step", "study"],
    typer.Argument(
        help="train, score: examples and tokens a second, memory, part of the machine's limit; encode: tokenising "
        "against datasets.map, and reading region features against decoding them for every question; step: one "
        "training step taken apart into input, forward, backward, optimizer; study: what the study in params.yaml "
        "takes on this machine, from a sample of its caches, as it grows by routes"
    ),
]
Cache = Annotated[Path, typer.Option(help="folder of the tokenised caches")]
Text = Annotated[str, typer.Option(help="cache of a classification task without pictures")]
Vqa = Annotated[str, typer.Option(help="cache of a visual question answering task")]
Public = Annotated[Path, typer.Option(help="phase 0: encoder and tokenizer")]
Shape = Annotated[str | None, typer.Option(help="xlmr-base or xlmr-large, with random weights, instead of the encoder")]
Rounds = Annotated[int, typer.Option(min=1, help="times every side is measured")]
Seconds = Annotated[
    float, typer.Option(min=0.1, help="of a round, for the slowest side of a comparison; it has 32 batches at least")
]
Examples = Annotated[int, typer.Option(min=0, help="examples a round; 0: as many as the seconds allow")]
BatchSize = Annotated[
    int, typer.Option(min=0, help="of train, step: examples in an update of every side; 0: as the task says")
]
Rate = Annotated[float, typer.Option(min=0.0, help="of train: of every weight on every side; 0: each side's own")]
Threads = Annotated[int, typer.Option(min=0, help="processors to use; 0: all")]
Seed = Annotated[int, typer.Option(help="of the rows, their order and new weights")]
Peers = Annotated[list[str] | None, typer.Option("--peer", help="this peer only; may be given more than once")]
Json = Annotated[Path | None, typer.Option(help="file to write every number to")]
Regions = Annotated[int, typer.Option(min=0, help="random regions of every picture, of 2,048 numbers; 0: its own")]
Quick = Annotated[bool, typer.Option("--quick", help="one round of 32 examples, to see that it works")]
Quality = Annotated[bool, typer.Option("--quality", help="of train: also accuracy on English dev after training")]
Routes = Annotated[list[str] | None, typer.Option("--route", help="of study: a route instead of those in params.yaml")]
Targets = Annotated[list[str] | None, typer.Option("--target", help="of study: a target, likewise")]
Seeds = Annotated[int, typer.Option(min=0, help="of study: how many seeds; 0: as in params.yaml")]

COMMANDS = {"quality": ("train",), "learning_rate": ("train",), "batch_size": ("train", "step")}  # that have an option


def bench(
    what: What,
    cache: Cache = Path("data/tokenized"),
    text: Text = "mnli",
    vqa: Vqa = "xgqa",
    public: Public = Path("data/public"),
    shape: Shape = None,
    rounds: Rounds = 5,
    seconds: Seconds = 20.0,
    examples: Examples = 0,
    batch_size: BatchSize = 0,
    learning_rate: Rate = 0.0,
    threads: Threads = 0,
    seed: Seed = 0,
    regions: Regions = 0,
    peer: Peers = None,
    json: Json = None,
    quick: Quick = False,
    quality: Quality = False,
    route: Routes = None,
    target: Targets = None,
    seeds: Seeds = 0,
) -> None:
    """Measure the pipeline's speed beside the usual tools': in turn, in processes of their own, on the same rows."""
    own = ("what", "route", "target", "seeds")
    options = {name: value for name, value in locals().items() if name not in ("own", *own)}
    wanted = {"routes": route, "targets": target, "seeds": seeds}
    return run_stage(lambda: _run(what, wanted, options))


def _run(command: str, wanted: dict[str, Any], options: dict[str, Any]) -> None:
    """Stop at an option that the command would ignore; else measure."""
    for name, commands in COMMANDS.items():
        if options[name] and command not in commands:
            option, where = name.replace("_", "-"), " and ".join(f"`xstilts bench {one}`" for one in commands)
            raise ParameterError(f"--{option} belongs to {where}, found it with {command}; leave it out")
    if command != "study":
        return _measure(command, **options)
    names = ("cache", "public", "examples", "threads", "seed", "json", "quick")
    return _measure_study(wanted, **{name: options[name] for name in names})


def _measure(command: str, text: str, vqa: str, peer: list[str] | None = None, **options: Any) -> None:
    from xstilts.base.files import write_json
    from xstilts.base.threads import processors
    from xstilts.bench.comparison import Plan
    from xstilts.bench.report import compare
    from xstilts.bench.table import print_report

    out: Path | None = options.pop("json")
    if peer and command == "step":
        raise ParameterError("--peer: a step is taken apart for this pipeline alone; leave it out")
    _refuse_missing(options["cache"], (text, vqa), options["public"])
    options["threads"] = min(options["threads"] or processors(), processors())
    if options["quick"]:
        options["rounds"] = 1
    plan = Plan(tasks={"text": text, "vqa": vqa}, peers=tuple(peer or ()), **options)
    report = compare(command, plan, note=lambda line: print(line, file=sys.stderr, flush=True))
    print_report(report)
    if out is not None:
        write_json(out, report)


def _measure_study(
    wanted: dict[str, Any], examples: int, threads: int, json: Path | None, quick: bool, **where: Any
) -> None:
    from xstilts.base.files import write_json
    from xstilts.base.parameters import choices
    from xstilts.base.threads import processors
    from xstilts.bench.study import ROWS, Sampling, measure_study, print_study, study_of

    chosen = choices()["study"]
    routes, targets = wanted["routes"] or chosen["intermediates"], wanted["targets"] or chosen["targets"]
    study = study_of(routes, wanted["seeds"] or len(chosen["seeds"]), targets)
    rows, threads = examples or (32 if quick else ROWS), min(threads or processors(), processors())
    sampling = Sampling(where["cache"], where["public"], rows, threads, where["seed"])
    report = measure_study(study, sampling, note=lambda line: print(line, file=sys.stderr, flush=True))
    print_study(report)
    if json is not None:
        write_json(json, report)


def _refuse_missing(cache: Path, tasks: tuple[str, ...], public: Path) -> None:
    """Stop before anything is measured if a file is missing."""
    for task in tasks:
        if not (cache / task / "learn" / "card.json").is_file():
            todo = "run `dvc repro`, or name another with --cache, --text and --vqa"
            raise DataError(cache / task / "learn", None, "no cache", "a tokenised task", todo)
    if not (public / "encoder" / "tokenizer.json").is_file():
        raise DataError(public, None, "no encoder", "phase 0", "run `dvc repro`, or name another with --public")
