"""One training step of the pipeline taken apart: input, forward, backward, optimizer, and what is left.

The training loop is the real one. What it calls is timed where it is called: batches of examples, the model, torch's
gradients, the optimizer.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from xstilts.bench.clock import Stopwatch
from xstilts.bench.gemm import synchronise
from xstilts.bench.intervals import OTHER, Interval, split_wall
from xstilts.bench.job import Job, Measured
from xstilts.bench.models import own_model
from xstilts.bench.ours import settings_of
from xstilts.bench.sample import examples_of, read_card, whole
from xstilts.train.loop import train
from xstilts.train.phase import make_ready

PARTS = ("input", "forward", "backward", "optimizer", OTHER)


def split_step(job: Job) -> Measured:
    """Train on the job's rows, after the warm-up rows; `more` has updates, and seconds of a step by part."""
    if job.warmup:
        _split(job, job.warmup)
    return _split(job, job.rows)


def _split(job: Job, chosen: Sequence[int]) -> Measured:
    torch.manual_seed(job.seed)
    settings = settings_of(job)
    model, rows = own_model(job, read_card(job)[1]["tasks"]), examples_of(job, chosen, "train")
    make_ready(model, whole(job, "train"), whole(job, "dev"), settings)
    found: list[Interval] = []  # appended to by several threads
    with ExitStack() as stack:
        stack.enter_context(timed_method(rows, "batch", "input", found))
        stack.enter_context(timed_method(model, "forward", "forward", found))
        for name in ("grad", "backward"):
            stack.enter_context(timed_method(torch.autograd, name, "backward", found))
        stack.enter_context(timed_optimizer(found))
        watch = stack.enter_context(Stopwatch())
        trained = train(model, rows, examples_of(job, (0,), "dev"), settings, job.seed, job.side)
    begun = min(begin for _, begin, _ in found)  # the first batch: what is made once for a run is not part of a step
    seconds = split_wall(found, begun, watch.ended)
    steps = {part: seconds.get(part, 0.0) / trained.updates for part in PARTS}
    more = {"updates": trained.updates, "seconds_of_step": steps}
    return Measured(trained.examples, trained.tokens, watch.ended - begun, more=more)


@contextmanager
def timed_method(owner: Any, name: str, part: str, found: list[Interval]) -> Iterator[None]:
    """Note every call of `owner.name` as an interval of `part` for as long as the block runs."""
    original: Callable[..., Any] = getattr(owner, name)
    own = name in vars(owner)

    @functools.wraps(original)
    def timed(*arguments: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        result = original(*arguments, **named)
        synchronise(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
        found.append((part, begin, time.perf_counter()))
        return result

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, original) if own else delattr(owner, name)


@contextmanager
def timed_optimizer(found: list[Interval]) -> Iterator[None]:
    """Note every optimizer step as an interval for as long as the block runs."""
    begins: list[float] = []
    hooks = [
        register_optimizer_step_pre_hook(lambda *_: begins.append(time.perf_counter())),
        register_optimizer_step_post_hook(lambda *_: found.append(("optimizer", begins[-1], time.perf_counter()))),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
