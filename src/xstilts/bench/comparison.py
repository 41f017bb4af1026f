"""Which sides a command compares, on which data, and the jobs that they get."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.base.files import CARD, read_json
from xstilts.base.parameters import STAGES, build, task_names, task_section
from xstilts.bench.job import Job, What
from xstilts.bench.rounds import Result, run_job
from xstilts.train.settings import TrainSettings

QUICK = 32  # examples of a smoke run
# Batches a round, at least. The Trainer groups rows by length within a quarter of them: of few it would group nothing.
FEWEST_BATCHES = 32


@dataclass(frozen=True)
class Comparison:
    """Sides that do the same work on the same data.

    Attributes:
        what: the work.
        data: `text` (pairs of sentences) or `vqa`.
        ours: the pipeline's side; `ours_all_weights`: the same with every weight trained, as the peers do.
        peers: in the order of their turns; each gives a ratio of its own name.
    """

    what: What
    data: str
    ours: str
    peers: tuple[str, ...]
    ours_all_weights: str | None = None

    @property
    def sides(self) -> list[str]:
        """All sides, in the order of their turns."""
        own = [self.ours] + ([self.ours_all_weights] if self.ours_all_weights else [])
        return [*own, *self.peers]


_TEXT_PEERS, _VQA_PEERS = ("trainer_default", "trainer_best"), ("vqa_recipe",)
_SAME_MODEL = "trainer_best_mean"
COMPARISONS = {
    "train": (
        Comparison("train", "text", "ours", (*_TEXT_PEERS, _SAME_MODEL), "ours_all_weights"),
        Comparison("train", "vqa", "ours_vqa", _VQA_PEERS, "ours_vqa_all_weights"),
    ),
    "score": (Comparison("score", "text", "ours", _TEXT_PEERS), Comparison("score", "vqa", "ours_vqa", _VQA_PEERS)),
    "encode": (
        Comparison("tokenise", "text", "ours_tokens", ("map_default", "map_best")),
        Comparison("read", "vqa", "ours_features", ("vqa_features",)),
    ),
    "step": (Comparison("step", "text", "ours", ()), Comparison("step", "vqa", "ours_vqa", ())),
}
LEARNED_AS = {"text": "intermediate", "vqa": "target"}  # the section of a task file that training reads


@dataclass(frozen=True)
class Plan:
    """What the user chose.

    Attributes:
        cache: folder of the tokenised caches.
        tasks: name of the cache for `text` and for `vqa`.
        public: phase 0.
        shape: of random weights instead of those in `public`.
        rounds, threads, seed: as they say.
        seconds: how long the slowest side of a comparison shall take a round, if it has enough batches by then.
        examples: how many instead; 0: as many as the seconds allow.
        batch_size: examples in an update of every side; 0: as the task's settings say.
        learning_rate: of every weight on every side; 0: each side's own.
        peers: the peers that take part; empty: all.
        quality: whether accuracy on English dev is measured after training.
        quick: whether this is a smoke run.
        regions: random regions of every picture, in place of its own (see `xstilts.bench.published`); 0: its own.
        made: the learning part of a cache with them, once it is made.
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
    regions: int = 0
    made: Path | None = None

    def learn(self, data: str) -> Path:
        """The learning part of the cache that `text` or `vqa` stands for."""
        return self.made if data == "vqa" and self.made else self.cache / self.tasks[data] / "learn"


def chosen(command: str, plan: Plan) -> list[Comparison]:
    """The command's comparisons, with the peers that were named alone.

    Raises:
        ParameterError: a peer that the command does not have.
    """
    known = [peer for one in COMPARISONS[command] for peer in one.peers]
    for peer in plan.peers:
        if peer not in known:
            raise ParameterError(f"--peer: unknown '{peer}'.{did_you_mean(peer, known)}")
    if not plan.peers:
        return list(COMPARISONS[command])
    kept = [replace(one, peers=tuple(p for p in one.peers if p in plan.peers)) for one in COMPARISONS[command]]
    return [one for one in kept if one.peers]


def jobs_of(comparison: Comparison, plan: Plan, run: Callable[[Job], Result] = run_job) -> dict[str, Job]:
    """A job for each side, all on the same rows, in an order that depends on the seed alone."""
    job = _blank(comparison, plan)
    counts = read_json(Path(job.cache) / CARD)["rows"]
    settings = build(TrainSettings, job.settings, "settings")
    order = random.Random(plan.seed).sample(range(counts[job.split]), counts[job.split])
    warmup = tuple(order[-settings.batch_size :])
    job = replace(job, warmup=warmup, dev=tuple(range(counts["dev"])) if plan.quality else ())
    count = plan.examples or (QUICK if plan.quick else _affordable(comparison, replace(job, rows=warmup), plan, run))
    rows = tuple(order[:count])
    return {side: replace(job, side=side, rows=rows) for side in comparison.sides}


def _blank(comparison: Comparison, plan: Plan) -> Job:
    """The job without its rows, which are training rows also where scoring is measured: of those there are enough."""
    task = plan.tasks[comparison.data]
    return Job(
        what=comparison.what,
        side=comparison.ours,
        cache=str(plan.learn(comparison.data)),
        public=str(plan.public),
        shape=plan.shape,
        settings=asdict(in_batches(settings_of_task(task, LEARNED_AS[comparison.data]), plan.batch_size)),
        learning_rate=plan.learning_rate,
        threads=plan.threads,
        seed=plan.seed,
    )


def settings_of_task(task: str, section: str) -> TrainSettings:
    """How the pipeline trains this task; a cache of another name is trained as the defaults say."""
    if not (STAGES / "tasks").is_dir() or task not in task_names():
        return TrainSettings()
    return build(TrainSettings, task_section(task, section), f"stages/tasks/{task}.yaml: {section}")


def in_batches(settings: TrainSettings, size: int) -> TrainSettings:
    """The settings with batches of so many examples (0: as they are), and of as many more or fewer tokens."""
    budget = settings.token_budget * size // settings.batch_size
    return replace(settings, batch_size=size, token_budget=budget) if size else settings


def _affordable(comparison: Comparison, job: Job, plan: Plan, run: Callable[[Job], Result]) -> int:
    """How many examples the slowest side (the first peer, if any) does in a round, `FEWEST_BATCHES` at least."""
    slowest = (*comparison.peers, comparison.ours)[0]
    few = replace(job, side=slowest, rows=job.warmup, warmup=(), dev=())
    rate = float(run(few)["examples_per_second"])
    return max(FEWEST_BATCHES * len(job.warmup), round(rate * plan.seconds))


def limit_job(plan: Plan) -> Job:
    """The job that finds the best rate of matrix products."""
    return Job("gemm", "limit", threads=plan.threads, seconds=0.0 if plan.quick else 0.3)


def described(plan: Plan) -> dict[str, Any]:
    """The plan as the JSON holds it."""
    texts = {"cache": str(plan.cache), "public": str(plan.public)}
    chosen = {name: value for name, value in asdict(plan).items() if name != "made"}
    return {**chosen, **texts, "tasks": dict(plan.tasks), "peers": list(plan.peers)}
