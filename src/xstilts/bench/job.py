"""One measurement in a process of its own: the job that it gets, and what it hands back. Both are JSON."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from xstilts.base.errors import XstiltsError, run_stage

What = Literal["train", "score", "gemm"]
Result = dict[str, Any]
PACKAGES = Path(__file__).parents[2]  # where a new process finds xstilts
PROCESS = "import sys; from xstilts.bench.job import main; main(sys.argv[1])"
FORCED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM")  # a job says itself how many threads it has


@dataclass(frozen=True)
class Job:
    """One measurement of one side.

    Attributes:
        what: the kind of work, which is also the name of the function that does it.
        side: who does it, such as `ours` or `trainer_best`.
        source: where that function is, `module` or `module:object`. The sides of one comparison get the same job but
            for `side` and `source`.
        cache: the learning part of a cache.
        public: phase 0, `data/public`.
        shape: a model's shape (see `xstilts.bench.models.SHAPES`) with random weights instead of those in `public`.
        split: whose rows are used.
        rows: the rows that are measured.
        warmup: rows that the whole work is done on once before it is measured.
        dev: dev rows that accuracy is measured on once training has ended; empty: it is not measured.
        settings: the keys of `TrainSettings` for this task.
        learning_rate: of every weight on every side; 0: each side's own.
        threads: processors that may be used.
        seed: of order, new weights and dropout.
        seconds: how long one size of matrices is multiplied (`gemm` only); 0: one size, to see that it works.
    """

    what: What
    side: str
    source: str
    cache: str = ""
    public: str = ""
    shape: str | None = None
    split: str = "train"
    rows: tuple[int, ...] = ()
    warmup: tuple[int, ...] = ()
    dev: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    learning_rate: float = 0.0
    threads: int = 1
    seed: int = 0
    seconds: float = 0.3

    def to_json(self) -> str:
        """The job as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The job that `to_json` wrote."""
        content = json.loads(text)
        lists = {name: tuple(content[name]) for name in ("rows", "warmup", "dev")}
        return cls(**{**content, **lists})


@dataclass(frozen=True)
class Measured:
    """What was done, and in how many seconds.

    Attributes:
        examples: how many examples.
        tokens: real tokens of them as this side reads them (text, and its tokens of pictures), no padding.
        seconds: wall-clock time, warm-up not included.
        positions: tokens that the encoder was run over, padding included; 0: not counted.
        flops: floating-point operations that the model needs for the real tokens (see `xstilts.bench.flops`).
        accuracy: on the dev rows, 0..1; None: not measured.
        processor_seconds: what the process's threads used of the processors in that time; 0: not counted.
        more: what else a kind of work has to say.
    """

    examples: int
    tokens: int
    seconds: float
    positions: int = 0
    flops: float = 0.0
    accuracy: float | None = None
    processor_seconds: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    def result(self) -> Result:
        """The measurement with its rates, as the JSON holds it."""
        rates = {"examples_per_second": self.examples / self.seconds, "tokens_per_second": self.tokens / self.seconds}
        if self.processor_seconds:
            rates["examples_per_processor_second"] = self.examples / self.processor_seconds
        return {**asdict(self), **rates, "flops_per_second": self.flops / self.seconds}


def run_job(job: Job) -> Result:
    """Do a job in a new process.

    Raises:
        XstiltsError: the process failed; with the last line of its error output.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FORCED}
    environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment |= {"HF_HUB_OFFLINE": "1", "RAYON_NUM_THREADS": str(job.threads)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        command = [sys.executable, "-c", PROCESS, str(out)]
        run = subprocess.run(command, input=job.to_json(), env=environment, capture_output=True, text=True)
        if run.returncode or not out.exists():
            said = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1].removeprefix("error: ")
            raise XstiltsError(f"{job.what}, {job.side}: {said}")
        result: Result = json.loads(out.read_text(encoding="utf-8"))
    return result


def main(result: str) -> None:
    """Be the new process: read a job from standard input, write to the file `result` what was measured."""
    run_stage(lambda: Path(result).write_text(json.dumps(_do(Job.from_json(sys.stdin.read()))), encoding="utf-8"))


def _do(job: Job) -> Result:
    """The job's result with this process's peak memory, in bytes."""
    use_processors(job.threads)
    measured = measure(job).result()
    import torch

    unit = 1 if sys.platform == "darwin" else 1024
    measured["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if torch.cuda.is_available():
        measured["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated()
    return measured


def use_processors(count: int) -> None:
    """Let this process use `count` processors; call it before libraries count them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def measure(job: Job) -> Measured:
    """Do a job in this process: the whole work on the warm-up rows first, thrown away, then on the rows.

    One dev row is enough for the warm-up.
    """
    import torch

    torch.set_num_threads(job.threads)
    module, _, name = job.source.partition(":")
    owner = import_module(module)
    work: Callable[[Job], Measured] = getattr(getattr(owner, name) if name else owner, job.what)
    if job.warmup:
        work(replace(job, rows=job.warmup, warmup=(), dev=job.dev[:1]))
    return work(job)
