"""Which intermediate task a study recommends for some languages, from the files that git holds of it.

Every intermediate task is ranked by what it gains over the baseline. It is recommended only if it also gains over its
control of equal exposure, where the study has one: else as much training on the target may do as well. Both are tested
by Holm over the tasks of the ranking. The intervals are those of the report (`intervals.py`), and one training run of
each route gives no recommendation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xstilts.base.cells import METRICS, metrics_folder
from xstilts.base.errors import DataError, ParameterError, did_you_mean
from xstilts.base.files import read_json
from xstilts.report.cells.metrics import ENGLISH, ZERO_SHOT
from xstilts.report.costs import cost
from xstilts.report.differences import covers, to_json, with_holm
from xstilts.report.intervals import MOST_SEEDS, seeds_needed
from xstilts.report.numbers import ABSENT, ONE_RUN, count, difference, difference_cells, verdict
from xstilts.report.packed import unpacked
from xstilts.report.paired import Mix, Paired, scaled

FILES = ("study", "transfer", "answer")
PACKED = "items"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """An intermediate task, and what is known for or against it; differences are as the JSON files have them.

    Attributes:
        baseline, control: routes; the latter "" where the study has no control of equal exposure for this one.
        gain, exposed, english: it minus the baseline, minus the control, and minus the baseline in English; of the
            first two `more_seeds`, how many would find a difference of this size, None: too many, or not known.
        cost: updates, examples and tokens of both phases, a mean over seeds; empty where it is not known.
        like: the best candidate, if the two cannot be told apart; "" where they can, or it is not known.
    """

    route: str
    baseline: str
    control: str
    gain: Json
    exposed: Json | None
    english: Json | None
    cost: Json
    like: str = ""

    @property
    def helps(self) -> bool:
        """Whether it does better than the baseline, and than as much training on the target."""
        return verdict(self.gain) == "better" and (self.exposed is None or verdict(self.exposed) == "better")


@dataclass(frozen=True)
class Ranking:
    """The intermediate tasks of a study for some languages, the best first.

    Attributes:
        seeds: training runs of each route.
        covers: what the intervals cover.
        advice, sentence: the recommendation, in a few words and with its numbers.
    """

    target: str
    languages: Sequence[str]
    seeds: int
    covers: str
    candidates: Sequence[Candidate]
    advice: str
    sentence: str


@dataclass(frozen=True)
class Numbers:
    """Where differences come from: the bits of every example, or without them what the files say."""

    target: str
    transfer: Json
    answer: Json
    paired: Paired | None

    @property
    def cells(self) -> list[Json]:
        """The routes that are intermediate tasks, each beside its baseline."""
        own = [cell for cell in self.transfer["cells"] if cell["target"] == self.target]
        return [cell for cell in own if "control" not in cell]

    def exposure(self, route: str) -> Json | None:
        """A route beside its control of equal exposure."""
        known = self.answer.get("exposure", ())
        return next((one for one in known if (one["target"], one["route"]) == (self.target, route)), None)

    def minus(self, entry: Json, other: str, languages: Sequence[str]) -> dict[str, Any]:
        """The difference of the entry's route and another one in some languages, with `more_seeds`.

        Raises:
            ParameterError: the files do not know of these languages together.
        """
        if self.paired:
            return compared(self.paired, entry["route"], other, self.paired.mix(self.target, languages))
        known = {ENGLISH: entry.get(ENGLISH), **entry.get("languages", {})}
        whole = list(languages) == list(self.cells[0]["languages"])
        found = entry[ZERO_SHOT] if whole else known.get(languages[0]) if len(languages) == 1 else None
        if found is None:
            why = f"the metrics hold no points of single examples of {self.target}"
            raise ParameterError(f"--languages {','.join(languages)}: {why}; name one language, or all of them")
        needed = found.get("seeds_needed")
        return {**found, "more_seeds": needed and needed - 1}


def compared(paired: Paired, route: str, other: str, mix: Mix) -> dict[str, Any]:
    """The difference between two routes as the JSON files have it, with `more_seeds`."""
    interval = paired.difference(route, other, mix)
    between = paired.between_runs({route: mix, other: scaled(mix, -1)})
    needed = seeds_needed(interval, between) if interval.runs > 1 else seeds_needed(interval)
    return to_json(interval) | {"more_seeds": needed and needed - interval.runs}


def ranking(files: Mapping[str, Json], target: str, languages: Sequence[str] = ()) -> Ranking | None:
    """Rank the intermediate tasks of a study.

    Args:
        files: the content of `study.json`, `transfer.json`, `answer.json`, and of `items.json` if there is one.
        languages: all but English if none is named.

    Returns:
        None if nothing is compared with a baseline on this target.
    """
    packed = files.get(PACKED) or {"targets": {}}
    paired = unpacked(packed) if target in packed["targets"] else None
    numbers = Numbers(target, files["transfer"], files["answer"], paired)
    if not numbers.cells:
        return None
    codes = list(languages) or list(numbers.cells[0]["languages"])
    found = [_candidate(numbers, cell, codes) for cell in numbers.cells]
    found.sort(key=lambda one: -one.gain["difference"])
    found = _told_apart(numbers, tested(found), codes)
    seeds = numbers.transfer["seeds"]
    return Ranking(target, codes, seeds, covers(seeds), found, advice(found), sentence(found))


def _candidate(numbers: Numbers, cell: Json, languages: Sequence[str]) -> Candidate:
    route, baseline, exposure = cell["route"], cell["baseline"], numbers.exposure(cell["route"])
    exposed = numbers.minus(exposure, exposure["control"], languages) if exposure else None
    english = numbers.minus(cell, baseline, [ENGLISH]) if ENGLISH in cell else None
    took = cost(numbers.paired, route, numbers.target) if numbers.paired else {}
    control = exposure["control"] if exposure else ""
    return Candidate(route, baseline, control, numbers.minus(cell, baseline, languages), exposed, english, took)


def tested(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same with Holm's p-values over all of them, of the gains and of those over equal exposure."""
    gains = with_holm([one.gain for one in candidates])
    exposed = iter(with_holm([one.exposed for one in candidates if one.exposed]))
    return [
        replace(one, gain=gain, exposed=one.exposed and next(exposed))
        for one, gain in zip(candidates, gains, strict=True)
    ]


def _told_apart(numbers: Numbers, candidates: Sequence[Candidate], languages: Sequence[str]) -> list[Candidate]:
    """The same, each with the best if it cannot be told from it."""
    best, *others = candidates
    if numbers.paired is None or numbers.paired.seeds == 1:
        return list(candidates)
    mix = numbers.paired.mix(numbers.target, languages)
    between = with_holm([compared(numbers.paired, best.route, one.route, mix) for one in others])
    like = [best.route if verdict(one) == "inconclusive" else "" for one in between]
    return [best, *(replace(one, like=name) for one, name in zip(others, like, strict=True))]


def advice(candidates: Sequence[Candidate]) -> str:
    """What to do, in a few words."""
    best = candidates[0]
    said = verdict(best.gain)
    if said == ONE_RUN:
        return "One run: no verdict"
    if best.helps:
        return f"Use {best.route}"
    if said == "worse":
        return f"Use {best.baseline}"
    if said == "better" and best.exposed and verdict(best.exposed) == "worse":
        return "Train longer on the target instead"
    return "Inconclusive"


def sentence(candidates: Sequence[Candidate]) -> str:
    """The recommendation: which task to use, or why none is recommended and what would decide."""
    best = candidates[0]
    gain = f"{best.route} minus {best.baseline} {difference(best.gain)}"
    over = f", minus {best.control} (equal exposure) {difference(best.exposed)}" if best.exposed else ""
    alike = [one.route for one in candidates[1:] if one.like]
    unsure = f"; not shown to be better than {', '.join(alike)}" if alike and best.helps else ""
    left = remaining(best)
    return f"{advice(candidates)}: {gain}{over}{unsure}{f'; {left[:1].lower()}{left[1:]}' if left else ''}."


def remaining(best: Candidate) -> str:
    """How many more seeds would decide what is not decided; "" where all is."""
    records = [one for one in (best.gain, best.exposed) if one and verdict(one) in ("inconclusive", ONE_RUN)]
    if not records:
        return ""
    more = [one["more_seeds"] for one in records]
    if all(more):
        return f"About {max(more)} more seeds would decide a difference of this size"
    return f"{MOST_SEEDS} seeds would not decide a difference of this size; more test items might"


def table(found: Ranking, gain: str, interval: str) -> list[list[str]]:
    """The ranking in words: the headings, then one row per candidate.

    Args:
        gain, interval: what the columns of the gain and of every interval are called.
    """
    head = [gain, interval, "equal exposure", interval, "English", interval, "updates", "tokens"]
    rows = []
    for one in found.candidates:
        differences = [cell for record in (one.gain, one.exposed, one.english) for cell in difference_cells(record)]
        costs = [count(one.cost[name]) if one.cost else ABSENT for name in ("updates", "tokens")]
        rows.append([one.route, *differences, *costs, says(one)])
    return [["route", *head, "says"], *rows]


def says(one: Candidate) -> str:
    """What a candidate's gains say together, and whether English is at risk."""
    said: str = verdict(one.gain)
    if said == "better" and one.exposed and not one.helps:
        said = "not shown at equal exposure"
    risk = one.english is not None and verdict(one.english) == "worse"
    return said + ("; English loses" if risk else "") + (f"; like {one.like}" if one.like and one.helps else "")


def read_files(target: str | None, study: str | None = None) -> tuple[Path, dict[str, Json]]:
    """The files of a study, and their folder: of the one that is named, or that with the most seeds of all in metrics/.

    Args:
        target: which the study has to have.

    Raises:
        DataError: there is no such study.
    """
    named = metrics_folder(study)
    places = [named] if study else [METRICS, *sorted(path.parent for path in METRICS.glob("*/study.json"))]
    found = {path: read_json(path / "study.json") for path in places if (path / "transfer.json").is_file()}
    fitting = {path: own for path, own in found.items() if target is None or target in own}
    if not fitting:
        expected = "a finished study" + (f" with the target {target}" if target else "")
        raise DataError(named, None, "no such metrics", expected, "run `make repro`, or name a study of stages/")
    best = max(fitting, key=lambda path: next(iter(fitting[path].values()))["seeds"])
    packed = best / f"{PACKED}.json"
    files = {name: read_json(best / f"{name}.json") for name in FILES}
    return best, files | ({PACKED: read_json(packed)} if packed.is_file() else {})


def checked(known: Sequence[str], named: Sequence[str]) -> list[str]:
    """Languages that a target has.

    Raises:
        ParameterError: one that it does not have.
    """
    for code in named:
        if code not in known:
            raise ParameterError(f"--languages: unknown language '{code}'.{did_you_mean(code, known)}")
    return [code for code in known if code in named]
