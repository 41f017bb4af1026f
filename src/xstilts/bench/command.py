"""`xstilts bench train | score`.

Whatever takes long to import is imported when a measurement begins.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from xstilts.base.cells import DATA, PUBLIC
from xstilts.base.errors import DataError, ParameterError, run_stage

What = Annotated[
    Literal["train", "score"],
    typer.Argument(help="examples and tokens per second, memory, part of the machine's limit"),
]
Cache = Annotated[Path, typer.Option(help="folder of the tokenised caches")]
Text = Annotated[
    str | None, typer.Option(help="cache of a classification task without pictures; else one that is there")
]
Vqa = Annotated[str | None, typer.Option(help="cache of a visual question answering task; else one that is there")]
Public = Annotated[Path, typer.Option(help="phase 0: encoder and tokenizer")]
Shape = Annotated[str | None, typer.Option(help="xlmr-base or xlmr-large, with random weights, instead of the encoder")]
Rounds = Annotated[int, typer.Option(min=1, help="how often every side is measured")]
Seconds = Annotated[
    float,
    typer.Option(min=0.1, help="of a round, for a comparison's slowest side; a round has at least 32 batches"),
]
Examples = Annotated[int, typer.Option(min=0, help="examples in a round; 0: as many as the seconds allow")]
BatchSize = Annotated[
    int, typer.Option(min=0, help="of train: examples in an update of every side; 0: as the task says")
]
Rate = Annotated[float, typer.Option(min=0.0, help="of train: for every weight on every side; 0: each side's own")]
Threads = Annotated[int, typer.Option(min=0, help="processors to use; 0: all")]
Seed = Annotated[int, typer.Option(help="of the rows, their order and new weights")]
Peers = Annotated[list[str] | None, typer.Option("--peer", help="this peer only; may be given more than once")]
Json = Annotated[Path | None, typer.Option(help="file to write every number to")]
Quick = Annotated[bool, typer.Option("--quick", help="one round of 32 examples, to see that it works")]
Quality = Annotated[bool, typer.Option("--quality", help="of train: also accuracy on English dev after training")]

CARD = "card.json"  # as `xstilts.base.files.CARD`, which takes pyarrow along
KIND_OF = {"text": ("classification", False), "vqa": ("vqa", True)}  # of a cache: its kind, and whether it has pictures
MAKES = {data: f"stages/data/dvc.yaml:tokenized@{task}" for data, task in (("text", "mnli"), ("vqa", "xgqa"))}
OF_TRAIN = ("batch_size", "learning_rate", "quality")  # options that are for this command alone


def bench(
    what: What,
    cache: Cache = DATA / "tokenized",
    text: Text = None,
    vqa: Vqa = None,
    public: Public = PUBLIC,
    shape: Shape = None,
    rounds: Rounds = 5,
    seconds: Seconds = 20.0,
    examples: Examples = 0,
    batch_size: BatchSize = 0,
    learning_rate: Rate = 0.0,
    threads: Threads = 0,
    seed: Seed = 0,
    peer: Peers = None,
    json: Json = None,
    quick: Quick = False,
    quality: Quality = False,
) -> None:
    """Measure the pipeline's speed beside the usual tools': in turn, in processes of their own, on the same rows."""
    options = dict(locals())
    return run_stage(lambda: _run(options.pop("what"), options))


def _run(command: str, options: dict[str, Any]) -> None:
    """Stop at an option that the command would ignore; else measure, print the report and write it."""
    from xstilts.base.files import write_json
    from xstilts.base.machine import processors

    _refuse_ignored(command, options)
    options["threads"] = min(options["threads"] or processors(), processors())
    out: Path | None = options.pop("json")
    report = _compare(command, **options)
    if out is not None:
        write_json(out, report)


def _refuse_ignored(command: str, options: dict[str, Any]) -> None:
    defaults = inspect.signature(bench).parameters
    for name in OF_TRAIN if command != "train" else ():
        if options[name] != defaults[name].default:
            option = name.replace("_", "-")
            raise ParameterError(f"--{option} belongs to `xstilts bench train`, found it with {command}; leave it out")


def _compare(
    command: str, text: str | None, vqa: str | None, peer: list[str] | None = None, **options: Any
) -> dict[str, Any]:
    from xstilts.bench.comparison import Plan
    from xstilts.bench.report import compare, print_report

    tasks = _caches(options["cache"], {"text": text, "vqa": vqa})
    _refuse_missing(options["cache"], tuple(tasks.values()), options["public"])
    if options["quick"]:
        options["rounds"] = 1
    plan = Plan(tasks=tasks, peers=tuple(peer or ()), **options)
    report = compare(command, plan, _note)
    print_report(report)
    return report


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _caches(cache: Path, named: dict[str, str | None]) -> dict[str, str]:
    """{`text` or `vqa`: the cache that was named, or the first one there of that kind}; what has none is left out.

    Raises:
        DataError: there is a cache for neither.
    """
    found = {data: name or _first_cache(cache, data) for data, name in named.items()}
    kept = {data: name for data, name in found.items() if name is not None}
    if not kept:
        raise DataError(cache, None, "no cache", "a tokenised task", f"run `make repro`, or `dvc repro {MAKES['vqa']}`")
    for data in found.keys() - kept.keys():
        _note(f"{cache}: no cache for --{data}, which is left out; `dvc repro {MAKES[data]}` makes one")
    return kept


def _first_cache(cache: Path, data: str) -> str | None:
    """A cache of a classification task without pictures, or of one that answers about pictures; a target's first."""
    from xstilts.base.files import read_json

    cards = cache.glob(f"*/learn/{CARD}")
    for card in sorted(cards, key=lambda one: (not (one.parents[1] / "test").is_dir(), one)):
        name = card.parents[1].name
        about = read_json(card).get("tasks", {}).get(name, {})
        pictures = about.get("features") is not None
        if (about.get("kind"), pictures) == KIND_OF[data]:
            return name
    return None


def _refuse_missing(cache: Path, tasks: tuple[str, ...], public: Path) -> None:
    """Stop before anything is measured if a file is missing."""
    for task in tasks:
        if not (cache / task / "learn" / CARD).is_file():
            todo = f"run `dvc repro stages/data/dvc.yaml:tokenized@{task}`, or name another with --cache, --text, --vqa"
            raise DataError(cache / task / "learn", None, "no cache", "a tokenised task", todo)
    if not (public / "encoder" / "tokenizer.json").is_file():
        raise DataError(public, None, "no encoder", "phase 0", "run `dvc repro`, or name another with --public")
