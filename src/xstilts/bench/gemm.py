"""The best rate of matrix products that the machine reaches: the limit that a model's rate is compared with."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from xstilts.base.threads import one_thread_an_operation
from xstilts.bench.job import Job, Measured

Sizes = list[tuple[int, ...]]
# rows, inner size, columns: squares, and a batch of tokens through the maps of a small, a base and a large encoder
SIZES: Sizes = [(512,) * 3, (1024,) * 3, (2048,) * 3, (1024, 384, 1536), (1024, 768, 3072), (2048, 1024, 4096)]
ON_GPU: Sizes = [(8192,) * 3]  # a GPU is not filled by less
AT_ONCE = 50  # products that a GPU is sent before it is waited for
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def best_rates(job: Job) -> Measured:
    """Sweep over sizes and precisions; `more` has the best rate of each precision, in operations per second.

    Each is tried with all threads at one product, and with a product a thread: whichever is faster is the limit.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    began, sweep = time.perf_counter(), []
    best = dict.fromkeys(PRECISIONS, 0.0)
    for precision, dtype in PRECISIONS.items():
        for rows, inner, columns in sizes_for(device, job.seconds > 0):
            pair = torch.randn(rows, inner, device=device, dtype=dtype), torch.randn(inner, columns, device=device)
            operands = pair[0], pair[1].to(dtype)
            for way in (_together, _apart) if job.threads > 1 and device.type == "cpu" else (_together,):
                rate = way(operands, job) * 2.0 * rows * inner * columns
                size, name = f"{rows}x{inner}x{columns}", way.__name__.strip("_")
                best[precision] = max(best[precision], rate)
                sweep.append({"precision": precision, "size": size, "threads": name, "flops_per_second": rate})
    return Measured(0, 0, time.perf_counter() - began, more={**best, "sweep": sweep})


def sizes_for(device: torch.device, sweep: bool) -> Sizes:
    """Rows, inner size and columns to try: all, or one to see that it works."""
    return [*SIZES, *(ON_GPU if device.type == "cuda" else [])] if sweep else SIZES[:1]


def _together(operands: tuple[Tensor, Tensor], job: Job) -> float:
    """Products a second, all threads at each of them."""
    return _repeat(operands, job.seconds)


def _apart(operands: tuple[Tensor, Tensor], job: Job) -> float:
    """Products a second, each thread at products of its own."""
    with one_thread_an_operation(), ThreadPoolExecutor(job.threads) as pool:
        return sum(pool.map(lambda _: _repeat(operands, job.seconds), range(job.threads)))


def _repeat(operands: tuple[Tensor, Tensor], seconds: float) -> float:
    """Products a second of this thread, the first one not counted."""
    left, right = operands
    out = left @ right
    synchronise(left.device)
    began, done, turn = time.perf_counter(), 0, AT_ONCE if left.is_cuda else 1
    while done < 2 or time.perf_counter() - began < seconds:
        for _ in range(turn):
            torch.mm(left, right, out=out)
        done += turn
        synchronise(left.device)
    return done / (time.perf_counter() - began)


def synchronise(device: torch.device) -> None:
    """Wait for an accelerator's work; a processor has none waiting."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
