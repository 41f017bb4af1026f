"""What one process measures, and what it hands back. Both are JSON: a process has nothing else of another."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

What = Literal["train", "score", "tokenise", "read", "step", "pace", "gemm"]


@dataclass(frozen=True)
class Job:
    """One measurement of one side.

    Attributes:
        what: the kind of work.
        side: who does it, such as `ours` or `trainer_best`; the sides of one comparison get the same job but for this.
        cache: the learning part of a cache.
        public: phase 0, `data/public`.
        shape: a model's shape (see `xstilts.bench.models.SHAPES`) with random weights instead of those in `public`.
        split: whose rows are used.
        rows: the rows that are measured.
        warmup: rows that are worked on before the clock starts; the model is made anew after them.
        dev: dev rows that accuracy is measured on once training has ended; empty: it is not measured.
        settings: the keys of `TrainSettings` for this task.
        learning_rate: of every weight on every side; 0: each side's own.
        threads: processors that may be used.
        seed: of order, new weights and dropout.
        seconds: how long one size of matrices is multiplied (`gemm` only); 0: a smoke run of one size.
    """

    what: What
    side: str
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

    def dumps(self) -> str:
        """The job as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Job:
        """The job out of JSON."""
        content = json.loads(text)
        lists = {name: tuple(content[name]) for name in ("rows", "warmup", "dev")}
        return cls(**{**content, **lists})


@dataclass(frozen=True)
class Measured:
    """What was done, and in how many seconds.

    Attributes:
        examples: how many examples.
        tokens: real tokens of them as this side reads them (text, and its tokens of pictures), no padding; of `read`:
            region vectors.
        seconds: wall-clock time, warm-up not in it.
        positions: tokens that the encoder was run over, padding included; 0: not counted.
        flops: floating-point operations that the model needs for the real tokens (see `xstilts.bench.flops`).
        accuracy: on the dev rows, 0..1; None: not measured.
        more: what else a kind of work has to say.
    """

    examples: int
    tokens: int
    seconds: float
    positions: int = 0
    flops: float = 0.0
    accuracy: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        """The measurement with its rates, as the JSON holds it."""
        rates = {"examples_per_second": self.examples / self.seconds, "tokens_per_second": self.tokens / self.seconds}
        return {**asdict(self), **rates, "flops_per_second": self.flops / self.seconds}
