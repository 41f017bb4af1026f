"""Which sides there are, which of them a command compares, on which rows, and the jobs that they get.

A new peer is an object with a method for each work that it does (`train`, `score`, ...), in a module of its own or
beside its kin, and an entry in `PEERS`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xstilts.base.cells import PLAIN
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.files import CARD, read_json
from xstilts.base.parameters import STAGES, task_names, task_settings
from xstilts.bench.job import Job, Result, What, run_job
from xstilts.train.settings import TrainSettings

QUICK = 32  # examples of a quick run
# Batches in a round, at least. The Trainer groups rows by length within a quarter of them: it could not group few.
FEWEST_BATCHES = 32
NO_BUDGET = 2**31  # tokens: no batch has as many, so that the number of examples alone decides
WORKS: tuple[What, ...] = ("train", "score")
LEARNED_AS = {"text": "intermediate", "vqa": "target"}  # the section of a task file that training reads


@dataclass(frozen=True)
class Side:
    """One way to do some kinds of work.

    Attributes:
        name: in the report, and after --peer.
        data: what it works on: `text` (pairs of sentences) or `vqa`.
        source: what does the work, `module:object` within `xstilts.bench`.
        works: the object's methods that are measured, `train` and `score`.
        frozen: of a peer that trains: whether it trains only what the pipeline does as its task file says. Any other
            peer trains every weight, and so does the side of the pipeline that it is compared with.
    """

    name: str
    data: str
    source: str
    works: tuple[What, ...] = ("train", "score")
    frozen: bool = False


# Of each data: as its task file says; then with every weight trained; then with every word embedding in memory too.
PIPELINE = (
    Side("ours", "text", "ours:PIPELINE"),
    Side("ours_all_weights", "text", "ours:ALL_WEIGHTS", ("train",)),
    Side("ours_untrimmed", "text", "ours:UNTRIMMED", ("train",)),
    Side("ours_vqa", "vqa", "ours:PIPELINE"),
    Side("ours_vqa_all_weights", "vqa", "ours:ALL_WEIGHTS", ("train",)),
    Side("ours_vqa_untrimmed", "vqa", "ours:UNTRIMMED", ("train",)),
)
# In the order of their turns. The first of a comparison is the slowest: it decides how many examples a round has.
PEERS = (
    Side("trainer_default", "text", "trainer:AS_IN_SCRIPTS"),
    Side("trainer_best", "text", "trainer:AT_BEST"),
    Side("trainer_best_mean", "text", "trainer:AT_BEST_WITH_OUR_HEAD", ("train",)),
    Side("trainer_frozen", "text", "trainer:FROZEN", ("train",), frozen=True),
    Side("vqa_recipe", "vqa", "vqa_recipe:VOLTA"),
    Side("vqa_best", "vqa", "vqa_recipe:AT_BEST"),
)


@dataclass(frozen=True)
class Comparison:
    """Sides that do the same work on the same data.

    Attributes:
        what: the work.
        data: `text` or `vqa`.
        peers: those that take part; each gives a ratio of its own name.
    """

    what: What
    data: str
    peers: tuple[Side, ...]

    @property
    def own(self) -> tuple[Side, ...]:
        """The pipeline, and where it trains, the pipeline as it does more of what peers do, the most in the end."""
        return _able(PIPELINE, self.what, self.data)

    def equal(self, peer: Side) -> Side:
        """The side of the pipeline that does the same work as the peer: of training, on the same weights."""
        return self.own[0] if peer.frozen else self.own[-1]

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides, in the order of their turns."""
        return (*self.own, *self.peers)


def _able(sides: tuple[Side, ...], what: What, data: str) -> tuple[Side, ...]:
    return tuple(side for side in sides if what in side.works and side.data == data)


COMPARISONS: Mapping[str, Sequence[Comparison]] = {
    what: [Comparison(what, data, _able(PEERS, what, data)) for data in LEARNED_AS] for what in WORKS
}


@dataclass(frozen=True)
class Plan:
    """What the user chose.

    Attributes:
        cache: folder of the tokenised caches.
        tasks: name of the cache for `text` and for `vqa`; what is not named is not compared.
        public: phase 0.
        shape: of random weights instead of those in `public`.
        rounds, threads, seed: as they say.
        seconds: how long the slowest side of a comparison is to take for a round, if it has enough batches by then.
        examples: how many instead; 0: as many as the seconds allow.
        batch_size: examples in an update of every side; 0: as the task's settings say.
        learning_rate: of every weight on every side; 0: each side's own.
        peers: the peers that take part; empty: all.
        quality: whether accuracy on English dev is measured after training.
        quick: whether this only shows that everything works.
    """

    cache: Path
    tasks: Mapping[str, str]
    public: Path
    shape: str | None = None
    rounds: int = 5
    threads: int = 1
    seed: int = 0
    seconds: float = 20.0
    examples: int = 0
    batch_size: int = 0
    learning_rate: float = 0.0
    peers: tuple[str, ...] = ()
    quality: bool = False
    quick: bool = False

    def learn(self, data: str) -> Path:
        """The learning part of the cache that `text` or `vqa` stands for."""
        return self.cache / self.tasks[data] / "learn"

    def to_json(self) -> dict[str, Any]:
        """The plan as the report holds it."""
        texts = {"cache": str(self.cache), "public": str(self.public)}
        return {**asdict(self), **texts, "tasks": dict(self.tasks), "peers": list(self.peers)}


def chosen(command: str, plan: Plan) -> list[Comparison]:
    """The command's comparisons, with the peers that were named alone.

    Raises:
        ParameterError: a peer that the command does not have.
    """
    every = [one for one in COMPARISONS[command] if one.data in plan.tasks]
    known = [peer.name for one in every for peer in one.peers]
    for name in plan.peers:
        if name not in known:
            raise ParameterError(f"--peer: unknown '{name}'.{did_you_mean(name, known)}")
    if not plan.peers:
        return every
    kept = [replace(one, peers=tuple(p for p in one.peers if p.name in plan.peers)) for one in every]
    return [one for one in kept if one.peers]


def jobs_of(comparison: Comparison, plan: Plan, run: Callable[[Job], Result] = run_job) -> dict[str, Job]:
    """A job for each side, all on the same rows, in an order that depends on the seed alone.

    The rows are training rows also where scoring is measured: of those there are enough.

    Raises:
        ParameterError: training a task with adapters or a head alone, whose operations are not counted here.
    """
    cache, settings = plan.learn(comparison.data), _settings(comparison, plan)
    counts = read_json(cache / CARD)["rows"]
    order = random.Random(plan.seed).sample(range(counts["train"]), counts["train"])
    job = Job(
        what=comparison.what,
        side="",
        source="",
        cache=str(cache),
        public=str(plan.public),
        shape=plan.shape,
        warmup=tuple(order[-settings.batch_size :]),
        dev=tuple(range(counts["dev"])) if plan.quality else (),
        settings=asdict(settings),
        learning_rate=plan.learning_rate,
        threads=plan.threads,
        seed=plan.seed,
    )
    count = plan.examples or (QUICK if plan.quick else _affordable(comparison, job, plan, run))
    return {side.name: _job_of(side, replace(job, rows=tuple(order[:count]))) for side in comparison.sides}


def _job_of(side: Side, job: Job) -> Job:
    return replace(job, side=side.name, source=f"xstilts.bench.{side.source}")


def _settings(comparison: Comparison, plan: Plan) -> TrainSettings:
    task = plan.tasks[comparison.data]
    settings = in_batches(settings_of(task, LEARNED_AS[comparison.data]), plan.batch_size)
    if settings.tune != "full" and comparison.what == "train":
        raise ParameterError(f"{task}: found tune: {settings.tune}, expected full; measure another task")
    return settings


def settings_of(task: str, section: str) -> TrainSettings:
    """What the task file says of a section; a cache of another name is treated as the defaults say."""
    if not (STAGES / "tasks").is_dir() or task not in task_names():
        return TrainSettings()
    return task_settings(TrainSettings, task, section, PLAIN)


def in_batches(settings: TrainSettings, size: int) -> TrainSettings:
    """The settings with updates of so many examples (0: as they are), whatever their length, as the peers' are."""
    return replace(settings, batch_size=size or settings.batch_size, token_budget=NO_BUDGET)


def _affordable(comparison: Comparison, job: Job, plan: Plan, run: Callable[[Job], Result]) -> int:
    """How many examples the slowest side (the first peer, if any) does in a round, `FEWEST_BATCHES` at least."""
    slowest = (*comparison.peers, *comparison.own)[0]
    few = replace(_job_of(slowest, job), rows=job.warmup, warmup=(), dev=())
    rate = float(run(few)["examples_per_second"])
    return max(FEWEST_BATCHES * len(job.warmup), round(rate * plan.seconds))


def limit_job(plan: Plan) -> Job:
    """The job that finds the best rate of matrix products."""
    return Job("gemm", "limit", "xstilts.bench.flops", threads=plan.threads, seconds=0.0 if plan.quick else 0.3)
