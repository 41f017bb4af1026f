"""What a model card says, read from the files of one cell: its two checkpoints, its scores, and phase 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.files import open_rows, read_json, sha256_of
from xstilts.report.bootstrap import Interval
from xstilts.report.cells.clusters import FILE
from xstilts.report.cells.items import items
from xstilts.report.cells.metrics import ZERO_SHOT, read_scores, target_metrics
from xstilts.report.side_by_side import pair_up

WEIGHTS, CARD, GAP = "model.safetensors", "checkpoint.json", "gap"
PHASES = ("intermediate", "target")


@dataclass(frozen=True)
class Places:
    """Where the files of a cell lie.

    Attributes:
        intermediate, target: checkpoints of the two training phases.
        scores: folder of scores.json, provenance.json and predictions.arrow; it need not be there.
        public: phase 0.
        cache: the target's test cache; it need not be there.
    """

    intermediate: Path
    target: Path
    scores: Path
    public: Path
    cache: Path

    @classmethod
    def of(cls, route: str, seed: int, target: str, data: Path = Path("data")) -> Places:
        """The places of a cell of the pipeline."""
        cell = f"{route}-s{seed}"
        scores, cache = data / "scores" / cell / target, data / "tokenized" / target / "test"
        return cls(data / "intermediate" / cell, data / "target" / cell / target, scores, data / "public", cache)


@dataclass(frozen=True)
class Facts:
    """All that a card is made from.

    Attributes:
        phases: {`intermediate`, `target`: the checkpoint's card}.
        hashes: {the same: SHA-256 of its weights}.
        public: what phase 0 was assembled from.
        features: how regions are cut out of a picture (stages/defaults.yaml, `features`).
        scores: scores.json; empty if the checkpoint was not scored.
        intervals: {language, `zero_shot` or `gap`: its interval over test items}; empty where there is none.
        origin: provenance.json, empty if there is none.
    """

    route: str
    seed: int
    target: str
    phases: Mapping[str, Mapping[str, Any]]
    hashes: Mapping[str, str]
    public: Mapping[str, Any]
    features: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> Mapping[str, Any]:
        """The target's entry in its checkpoint; empty for retrieval, where nothing was trained."""
        entry: Mapping[str, Any] = self.phases["target"]["tasks"].get(self.target, {})
        return entry

    @property
    def kind(self) -> str:
        """The kind of the target's task; `retrieval` where nothing was trained for it."""
        return str(self.task.get("kind", "retrieval"))

    @property
    def data(self) -> str:
        """What the test data are, or, of a checkpoint that was not scored, the training data."""
        return str(self.scores.get("data") or self.task.get("data", ""))

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Scores by language as metrics/<target>.json has them: English first, their mean last; empty if not scored."""
        return target_metrics(self.scores) if self.scores else {}

    @property
    def languages(self) -> list[str]:
        """The languages that it was tested in, English first; where it was not scored, those of its task."""
        if not self.scores:
            return [str(language) for language in self.task.get("languages", ())]
        return [one for one in self.metrics[self.scores["metric"]] if one != ZERO_SHOT]

    @property
    def shuffled_labels(self) -> list[str]:
        """The intermediate tasks that it was trained on with labels of other examples: it is a control."""
        tasks = self.phases["intermediate"]["tasks"]
        return [name for name, entry in tasks.items() if entry.get("shuffled_labels")]


def read_facts(route: str, seed: int, target: str, places: Places, features: Mapping[str, Any]) -> Facts:
    """Read the files of a cell.

    Raises:
        DataError: a checkpoint or a score file is missing in part, or damaged.
    """
    folders = dict(zip(PHASES, (places.intermediate, places.target), strict=True))
    phases = {phase: read_json(folder / CARD) for phase, folder in folders.items()}
    hashes = {phase: sha256_of(folder / WEIGHTS) for phase, folder in folders.items()}
    card = places.public / "public.json"
    public = read_json(card) if card.is_file() else {}
    facts = Facts(route, seed, target, phases, hashes, public, features)
    return _scored(facts, places) if (places.scores / "scores.json").is_file() else facts


def _scored(facts: Facts, places: Places) -> Facts:
    scores, origin = read_scores(places.scores / "scores.json"), places.scores / "provenance.json"
    intervals = intervals_of(places, scores)
    known = {"scores": scores, "intervals": intervals, "origin": read_json(origin) if origin.is_file() else {}}
    return Facts(**{**vars(facts), **known})


def intervals_of(places: Places, scores: Mapping[str, Any]) -> dict[str, Interval]:
    """Scores of one cell with 95 % intervals: bootstrap over clusters of test items, nothing of other training runs.

    Empty where it is not known which spans stand or fall together.
    """
    if scores["kind"] == "span" and not (places.cache / FILE).is_file():
        return {}
    table = items(open_rows(places.scores / "predictions.arrow"), scores, places.cache)
    route, target = str(scores["route"]), str(scores["target"])
    paired = pair_up({(target, 0, 0): table}, {target: {route: [dict(scores)]}}, [route], [int(scores["seed"])])
    mixes = {language: paired.mix(target, [language]) for language in paired.languages(target)}
    mixes |= {ZERO_SHOT: paired.zero_shot(target), GAP: paired.gap(target)}
    return {name: paired.interval({route: mix}) for name, mix in mixes.items() if mix}
