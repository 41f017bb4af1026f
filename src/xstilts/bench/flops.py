"""Floating-point operations: how many a model needs for its tokens, and how many per second the machine can do.

No padding is counted. A multiplication and an addition are two operations, and only matrix products are counted
(Kaplan et al. 2020, Scaling Laws for Neural Language Models, section 2.1; Narayanan et al. 2021, Efficient Large-Scale
Language Model Training, appendix, with the attention's products). A gradient costs a product once more for the weights
and once more for the inputs, unless those need none.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xstilts.base.threads import one_thread_per_operation
from xstilts.bench.clock import Stopwatch, device, now
from xstilts.bench.job import Job, Measured

Sizes = list[tuple[int, ...]]
# rows, inner size, columns: squares, and a batch of tokens through the maps of a small, a base and a large encoder
SIZES: Sizes = [(512,) * 3, (1024,) * 3, (2048,) * 3, (1024, 384, 1536), (1024, 768, 3072), (2048, 1024, 4096)]
ON_GPU: Sizes = [(8192,) * 3]  # a GPU is not filled by less
QUEUED = 50  # products that a GPU is sent before it is waited for
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Cost:
    """The sizes that matter.

    Attributes:
        layers, hidden, inner: of the encoder; `inner` is the size between the two maps of a layer.
        frozen: layers, from the input on, that are not trained.
        inputs_trained: whether what is in front of the layers is trained too.
        head: multiply-adds of the head for one example.
        region: multiply-adds of the maps that make tokens of one region.
    """

    layers: int
    hidden: int
    inner: int
    frozen: int = 0
    inputs_trained: bool = True
    head: int = 0
    region: int = 0

    def products(self, lengths: np.ndarray) -> float:
        """Operations of one layer over sequences of these lengths, forward."""
        maps = 2 * (4 * self.hidden**2 + 2 * self.hidden * self.inner)
        return float((lengths * maps + 4 * lengths.astype(float) ** 2 * self.hidden).sum())

    def scoring(self, lengths: np.ndarray, regions: int = 0) -> float:
        """Operations to answer examples.

        Args:
            lengths: int64 `[examples]`, real tokens of each.
            regions: of all of them.
        """
        return self.layers * self.products(lengths) + 2.0 * (self.head * len(lengths) + self.region * regions)

    def training(self, lengths: np.ndarray, regions: int = 0) -> float:
        """Operations to learn from examples once; the arguments are those of `scoring`."""
        gradients = 2 * (self.layers - self.frozen) * self.products(lengths)
        if not self.inputs_trained and self.frozen < self.layers:
            # No gradient is wanted for what the first trained layer reads: queries, keys and values are made of it.
            gradients -= 2.0 * 3 * self.hidden**2 * int(lengths.sum())
        gradients += 2.0 * 2 * self.head * len(lengths)
        gradients += 2.0 * self.region * regions if self.inputs_trained else 0.0  # the features want no gradient
        return self.scoring(lengths, regions) + gradients


def gemm(job: Job) -> Measured:
    """Multiply matrices of several sizes and precisions: the best rate is the limit that a model's is compared with.

    Returns:
        Measured: `more` has the best rate of each precision, in operations per second.
    """
    every = [*SIZES, *(ON_GPU if device().type == "cuda" else [])]
    tried = every if job.seconds > 0 else every[:1]  # one, to see that it works
    with Stopwatch() as watch:
        best = {name: max(rate(size, dtype, job) for size in tried) for name, dtype in PRECISIONS.items()}
    return Measured(0, 0, watch.seconds, more=best)


def rate(size: tuple[int, ...], dtype: torch.dtype, job: Job) -> float:
    """Operations per second, with all threads at one product or one product per thread, whichever gives more."""
    rows, inner, columns = size
    left = torch.randn(rows, inner, device=device()).to(dtype)
    right = torch.randn(inner, columns, device=device()).to(dtype)
    found = [_repeat(left, right, job.seconds)]
    if job.threads > 1 and not left.is_cuda:
        found.append(_apart(left, right, job))
    return max(found) * 2.0 * rows * inner * columns


def _apart(left: Tensor, right: Tensor, job: Job) -> float:
    """Products per second, each thread at products of its own."""
    with one_thread_per_operation(), ThreadPoolExecutor(job.threads) as pool:
        return sum(pool.map(lambda _: _repeat(left, right, job.seconds), range(job.threads)))


def _repeat(left: Tensor, right: Tensor, seconds: float) -> float:
    """Products per second of this thread, the first one not counted."""
    out = left @ right
    began, done, turn = now(), 0, QUEUED if left.is_cuda else 1
    while done < 2 or time.perf_counter() - began < seconds:
        for _ in range(turn):
            torch.mm(left, right, out=out)
        done += turn
        now()  # waits for a GPU
    return done / (time.perf_counter() - began)
