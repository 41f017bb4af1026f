"""What a GPU makes of the project, in at most eight minutes: `python -m xstilts.bench.gpu gpu.json`.

Nothing has to be there before: encoders have random weights of the true shapes, texts are random tokens. A part's
result is in the file as soon as it is there, so a run that is cut off keeps what it has; a part that fails is noted
with its error, and one that no time was left for as not run. Speed is measured by the sides of `xstilts bench`
(training every weight, in processes of their own), other paths once each (`xstilts.bench.gpu_paths`).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from transformers import XLMRobertaConfig, XLMRobertaModel

from xstilts.base.errors import ParameterError, run_stage
from xstilts.base.files import write_json
from xstilts.base.machine import processors
from xstilts.bench.flops import gemm
from xstilts.bench.gpu_paths import PATHS, Sizes, alignment
from xstilts.bench.job import Job, run_job
from xstilts.encode.write import as_table, write_cache
from xstilts.model.packing import VARLEN
from xstilts.score.provenance import provenance

Result = dict[str, Any]
Part = Callable[[], Result]
TASK = "random"
# Tokens of a text: mean and deviation of the logarithm, fewest, most.
LENGTHS, SHORTEST, LONGEST = (3.6, 0.5), 8, 128
# The sides of training: packed and padded batches of the pipeline, and the library at its best.
SIDES = {
    "packed": ("ours:UNTRIMMED", {"attention": "packed"}),
    "padded": ("ours:UNTRIMMED", {"attention": "padded"}),
    "peer": ("trainer:AT_BEST", {}),
}


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        shapes: of `xstilts.bench.models.SHAPES`; None: the tiny encoder that `write_inputs` makes.
        rows: in a measurement.
        batch: examples in an update.
        seconds: for one size of a product of matrices; 0: one size, to see that it works.
        sizes: of the other paths.
    """

    shapes: tuple[str | None, ...] = ("xlmr-base", "xlmr-large")
    rows: int = 2048
    batch: int = 64
    seconds: float = 0.5
    sizes: Sizes = field(default_factory=Sizes)


TINY = Plan((None,), rows=16, batch=8, seconds=0.0, sizes=Sizes.tiny())


def main(
    out: Annotated[Path, typer.Argument(help="JSON file for the results")],
    seconds: Annotated[float, typer.Option(help="no part is begun after so many")] = 420.0,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="see on a processor that it works: its rates mean nothing")
    ] = False,
) -> None:
    """Measure every GPU path once, and write each result as soon as it is there."""
    run_stage(lambda: measure_gpu(out, seconds, TINY if tiny else Plan()))


def measure_gpu(out: Path, seconds: float, plan: Plan) -> Result:
    """The whole report, which is written to `out` after every part.

    Raises:
        ParameterError: there is no GPU, and the plan is not the tiny one.
    """
    if not torch.cuda.is_available() and plan != TINY:
        raise ParameterError("found no GPU, expected one; --tiny tries the script on a processor")
    begun, done = time.monotonic(), dict[str, Result]()
    report: Result = {"finished": False, "plan": asdict(plan), "machine": machine(), "parts": done}
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder), plan)
        for name, part in parts(Path(folder), plan):
            late = time.monotonic() - begun > seconds
            done[name] = {"not_run": "no time was left"} if late else attempted(part)
            report |= {"seconds": time.monotonic() - begun, "of_gemm": of_gemm(done)}
            _write_whole(out, report)
            print(f"{time.monotonic() - begun:6.0f} s  {name}: {_shown(done[name])}", flush=True)
    _write_whole(out, report | {"finished": True})
    return report


def machine() -> Result:
    """The card, what it can do, and the versions."""
    found: Result = {"gpu": None, "varlen_attention": VARLEN is not None, **provenance("bf16")}
    if torch.cuda.is_available():
        about = torch.cuda.get_device_properties(0)
        found |= {"gpu": about.name, "memory_bytes": about.total_memory, "capability": [about.major, about.minor]}
        found |= {"bf16": torch.cuda.is_bf16_supported(including_emulation=False), "cuda": torch.version.cuda}
    return found


def parts(folder: Path, plan: Plan) -> Iterator[tuple[str, Part]]:
    """Every part by name, what matters most first: matrices, training at the base shape, the other paths, the rest."""
    yield "gemm", partial(_gemm, plan)
    first, *others = plan.shapes
    yield from _speeds(folder, plan, "train", first)
    for name, path in PATHS.items():
        yield name, partial(path, plan.sizes)
    yield from _speeds(folder, plan, "score", first)
    for what, shape in product(("train", "score"), others):
        yield from _speeds(folder, plan, what, shape)


def _speeds(folder: Path, plan: Plan, what: Any, shape: str | None) -> Iterator[tuple[str, Part]]:
    """The sides at one shape; in scoring the pipeline chooses itself how it reads batches."""
    for side, (source, settings) in SIDES.items():
        if what == "train" or side != "padded":
            job = Job(what, side, f"xstilts.bench.{source}", str(folder / "learn"), str(folder / "public"), shape)
            job = replace(job, rows=tuple(range(plan.rows)), warmup=tuple(range(plan.batch)), threads=processors())
            limits = {"batch_size": plan.batch, "token_budget": plan.batch * LONGEST}
            yield f"{what} {shape or 'tiny'} {side}", partial(run_job, replace(job, settings=limits | settings))


def _gemm(plan: Plan) -> Result:
    """The card's rates of matrix products, in operations per second."""
    return gemm(Job("gemm", "gpu", "", threads=processors(), seconds=plan.seconds)).more


def attempted(part: Part) -> Result:
    """A part's result with its seconds; or its error, so that the parts after it are still run."""
    begun = time.monotonic()
    try:
        found = part()
    except Exception as error:  # whatever it is, the report says it
        found = {"failed": f"{type(error).__name__}: {error}"[:2000]}
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return found | {"seconds_of_part": time.monotonic() - begun}


def of_gemm(done: Result) -> Result:
    """The share of the card's rate in bf16 that each part has reached, 0..1, where both were measured."""
    limit = done.get("gemm", {}).get("bf16")
    rates = {name: part.get("flops_per_second") for name, part in done.items()}
    return {name: rate / limit for name, rate in rates.items() if rate and limit}


def write_inputs(folder: Path, plan: Plan) -> None:
    """Write `learn`, a cache of random texts with one of three labels each, and `public`: a tokenizer that knows which
    token pads, and a tiny encoder."""
    random = np.random.default_rng(0)
    lengths = np.exp(random.normal(*LENGTHS, plan.rows)).astype(int).clip(SHORTEST, LONGEST)
    texts = [[0, *random.integers(5, plan.sizes.vocabulary, length - 2).tolist(), 2] for length in lengths]
    ids = [str(row) for row in range(plan.rows)]
    table = as_table(TASK, {"id": ids, "input_ids": texts, "label": random.integers(3, size=plan.rows).tolist()})
    entry = {"kind": "classification", "labels": ["a", "b", "c"], "metric": "accuracy", "languages": ["en"]}
    card = {"name": TASK, "kind": "classification", "tokenizer": None, "mixture": None}
    tasks = {TASK: {**entry, "data": "random", "features": None}}
    write_cache(folder / "learn", {**card, "tasks": tasks}, {"train": table, "dev": table.slice(0, plan.batch)})
    encoder = folder / "public" / "encoder"
    config = XLMRobertaConfig(vocab_size=plan.sizes.vocabulary if None in plan.shapes else 8, **Sizes.tiny().config())
    XLMRobertaModel(config).save_pretrained(encoder)
    names = ("<s>", "<pad>", "</s>", "<unk>")
    tokenizer = Tokenizer(models.WordLevel({name: place for place, name in enumerate(names)}, unk_token="<unk>"))
    tokenizer.save(str(encoder / "tokenizer.json"))
    save_file(alignment(Sizes.tiny()), encoder.parent / "alignment.safetensors")


def _write_whole(out: Path, report: Result) -> None:
    """Write the report beside the file and move it there: a run that is cut off leaves the last whole one."""
    write_json(draft := out.with_name(f".{out.name}.draft"), report)
    os.replace(draft, out)


def _shown(found: Result) -> str:
    """One line about a part."""
    for name, unit in (("failed", ""), ("not_run", ""), ("examples_per_second", " examples/s")):
        if name in found:
            value = found[name]
            return f"{value if isinstance(value, str) else f'{value:,.1f}'}{unit}".splitlines()[0]
    return ", ".join(f"{name} {value:,.4g}" for name, value in found.items() if isinstance(value, (int, float)))


if __name__ == "__main__":
    typer.run(main)
