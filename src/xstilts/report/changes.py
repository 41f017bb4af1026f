"""What a change did to the scores of a study: two revisions of its metrics, route by route, with intervals.

Where both revisions have the bits of every example (metrics/items.json), of the same examples and seeds, a route
after the change is compared with itself before it as two routes are: paired over test items, runs of both at random.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xstilts.report.cells.metrics import DIGITS, ENGLISH, ZERO_SHOT
from xstilts.report.differences import to_json, with_holm
from xstilts.report.numbers import ONE_RUN, VERDICTS, difference, points, verdict
from xstilts.report.packed import unpacked
from xstilts.report.paired import Paired

NO_CHANGE = "No change: every score is as it was."
Parts = Mapping[str, Any]  # of the files metrics/<part>.json at a revision those that exist
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Change:
    """A route with a changed score, or one that is new or gone.

    Attributes:
        before, after: scores by language and mean; empty where the route was not, or is no more.
        zero_shot, english: after minus before as the JSON files have it; None where there is no interval.
    """

    target: str
    route: str
    before: Scores
    after: Scores
    zero_shot: Mapping[str, Any] | None = None
    english: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The route and its target."""
        return f"{self.route} on {self.target}"

    def of(self, language: str) -> float | None:
        """The change in a language or mean."""
        if language in self.before and language in self.after:
            return round(self.after[language] - self.before[language], DIGITS)
        return None


def changes(base: Parts, head: Parts) -> list[Change]:
    """Every route that changed, those of the study at head first; Holm's p-values are over them."""
    before, after = scores_of(base), scores_of(head)
    changed = [key for key in {**after, **before} if before.get(key) != after.get(key)]
    paired = {target: side_by_side(base, head, target) for target, _ in changed}
    found = [_change(*key, before.get(key, {}), after.get(key, {}), paired[key[0]]) for key in changed]
    tested = iter(with_holm([one.zero_shot for one in found if one.zero_shot]))
    return [replace(one, zero_shot=next(tested)) if one.zero_shot else one for one in found]


def scores_of(parts: Parts) -> dict[tuple[str, str], Scores]:
    """{(target, route): its scores by language}."""
    study = parts.get("study", {}).items()
    return {(target, route): scores for target, part in study for route, scores in part[part["metric"]].items()}


def _change(target: str, route: str, before: Scores, after: Scores, paired: Paired | None) -> Change:
    names = (f"after {route}", f"before {route}")
    if paired is None or not set(names) <= set(paired.routes):
        return Change(target, route, before, after)
    mixes = (paired.zero_shot(target), paired.english(target))
    records = [to_json(paired.difference(*names, mix)) if mix else None for mix in mixes]
    return Change(target, route, before, after, *records)


def side_by_side(base: Parts, head: Parts, target: str) -> Paired | None:
    """Every route of both revisions, `before gqa` and `after gqa`; None where they have not the same examples."""
    both = {"before": base.get("items"), "after": head.get("items")}
    own = [one["targets"].get(target) for one in both.values() if one]
    if len(own) < 2 or None in own or any(own[0][key] != own[1][key] for key in ("layouts", "languages", "types")):
        return None
    seeds = {one["seeds"] for one in both.values() if one}
    if len(seeds) > 1:
        return None
    merged: dict[str, Any] = {
        key: {f"{when} {route}": runs for when, one in zip(both, own, strict=True) for route, runs in one[key].items()}
        for key in ("right", "training")
    }
    return unpacked({"routes": list(merged["right"]), "seeds": seeds.pop(), "targets": {target: {**own[1], **merged}}})


def verdict_line(found: Sequence[Change], routes: int) -> str:
    """What a change did, in one sentence.

    Args:
        routes: how many there are in all.
    """
    if not found:
        return NO_CHANGE
    said = [f"{len(found)} of {routes} routes changed"]
    for word in VERDICTS:
        own = [one for one in found if one.zero_shot and verdict(one.zero_shot) == word]
        sizes = [f"{one.name} {difference(one.zero_shot)}" for one in own if one.zero_shot]
        said += [f"{'one run, no verdict' if word == ONE_RUN else word}: {', '.join(sizes)}"] if own else []
    unknown = [f"{one.name}{_size(one)}" for one in found if not one.zero_shot]
    said += [f"without an interval: {', '.join(unknown)}"] if unknown else []
    return f"{'; '.join(said)}. Differences are zero-shot, after minus before."


def _size(one: Change) -> str:
    if not one.before:
        return " (new)"
    if not one.after:
        return " (gone)"
    where = ZERO_SHOT if ZERO_SHOT in one.after else ENGLISH
    return f" {points(one.of(where))} points"
