"""What a model card says, read from the files of one cell: its target checkpoint, its scores, and phase 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.cells import PLAIN, PUBLIC, Cell, Route
from xstilts.base.errors import DataError
from xstilts.base.files import read_json, sha256_of
from xstilts.base.parameters import STAGES, read_yaml, recipe_file
from xstilts.report.cells.items import items
from xstilts.report.cells.metrics import ZERO_SHOT, read_scores, target_metrics
from xstilts.report.intervals import Interval
from xstilts.report.side_by_side import pair_up

WEIGHTS, CARD = "model.safetensors", "checkpoint.json"
PHASES = ("intermediate", "target")


@dataclass(frozen=True)
class Facts:
    """All that a card is made from.

    Attributes:
        phases: {`intermediate`, `target`: `tasks` and `training` of the phase}.
        sha256: of the weights.
        public: what phase 0 was assembled from.
        kind: of the target's task.
        features: how regions are cut out of a picture (stages/defaults.yaml, `features`).
        changes: {section: the settings that the cell's recipe changes}; empty of `plain`.
        scores: scores.json; empty if the checkpoint was not scored.
        intervals: {language, `zero_shot` or `gap`: its interval over test items}.
        origin: provenance.json, empty if there is none.
    """

    cell: Cell
    phases: Mapping[str, Mapping[str, Any]]
    sha256: str
    public: Mapping[str, Any]
    kind: str
    features: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def route(self) -> str:
        """The intermediate task, with the recipe where that is not plain: `gqa`, `lora/gqa`."""
        return str(Route(self.cell.route, self.cell.recipe))

    @property
    def task(self) -> Mapping[str, Any]:
        """The target's entry in its checkpoint; empty for retrieval, where nothing was trained."""
        entry: Mapping[str, Any] = self.phases["target"]["tasks"].get(self.cell.target, {})
        return entry

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
        phase = self.phases["intermediate"]
        shuffled = phase["training"] and phase["training"]["settings"].get("labels") == "shuffled"
        return list(phase["tasks"]) if shuffled else []


def read_facts(cell: Cell) -> Facts:
    """Read the files of a cell and what the parameter files say of it.

    Raises:
        DataError: the checkpoint or a score file is missing in part, or damaged; or nothing was trained for the target
            and nothing was scored, so that no file says what kind of task it is.
    """
    checkpoint = cell.target_checkpoint
    card = read_json(checkpoint / CARD)
    scored = _scored(cell.scores) if (cell.scores / "scores.json").is_file() else {}
    return Facts(
        cell,
        phases={"intermediate": _intermediate(checkpoint, card), "target": card},
        sha256=sha256_of(checkpoint / WEIGHTS),
        public=_json_if_there(PUBLIC / "public.json"),
        kind=_kind(cell, card, scored),
        features=read_yaml(STAGES / "defaults.yaml").get("features") or {},
        changes={} if cell.recipe == PLAIN else {name: own for name, own in recipe_file(cell.recipe).items() if own},
        **scored,
    )


def _intermediate(checkpoint: Path, card: Mapping[str, Any]) -> Mapping[str, Any]:
    if "intermediate" not in card:
        expected, todo = "what phase 1 says of its training", "run `dvc repro` to train the target again"
        raise DataError(checkpoint / CARD, None, "no key 'intermediate'", expected, todo)
    phase: Mapping[str, Any] = card["intermediate"]
    return phase


def _kind(cell: Cell, card: Mapping[str, Any], scored: Mapping[str, Any]) -> str:
    if cell.target in card["tasks"]:
        return str(card["tasks"][cell.target]["kind"])
    if not scored:
        found, expected = "no such file", "scores, since nothing was trained for the target that would say its kind"
        raise DataError(cell.scores / "scores.json", None, found, expected, "run `dvc repro` to score the cell")
    return str(scored["scores"]["kind"])


def _scored(folder: Path) -> dict[str, Any]:
    scores = read_scores(folder / "scores.json")
    origin = _json_if_there(folder / "provenance.json")
    return {"scores": scores, "intervals": intervals_of(folder / "predictions.arrow", scores), "origin": origin}


def _json_if_there(path: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = read_json(path) if path.is_file() else {}
    return content


def intervals_of(predictions: Path, scores: Mapping[str, Any]) -> dict[str, Interval]:
    """Scores of one cell with 95 % intervals, which cover clusters of test items and nothing of other training runs."""
    table = items(predictions)
    route, target = str(scores["route"]), str(scores["target"])
    paired = pair_up({(target, 0, 0): table}, {target: {route: [dict(scores)]}}, [route], [int(scores["seed"])])
    mixes = {language: paired.mix(target, [language]) for language in paired.languages(target)}
    return {name: paired.interval({route: mix}) for name, mix in (mixes | paired.means(target)).items()}
