"""Data that a route's intermediate task shares with a target: which cells of the transfer matrix are marked for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xstilts.base.cells import Study, leaks_path
from xstilts.base.files import read_json
from xstilts.base.kinds import KINDS
from xstilts.report.numbers import share

# Of a split's uses of images or texts, the least that counts. Short sentences of few words recur by chance.
LEAST = {"image": 0.01, "image content": 0.01, "text": 0.05}
# Half an example, which recurs honestly beside another half: of texts, the pair or the question on its context counts.
HALVES = {"hypothesis", "text"}


@dataclass(frozen=True)
class Shared:
    """What is known of a cell.

    Attributes:
        words: what is shared, one phrase each; empty: nothing that counts.
        not_compared: tasks whose caches could not be compared, so more may be shared.
    """

    words: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """`shared`, `not checked` or `none`."""
        if self.words:
            return "shared"
        return "not checked" if self.not_compared else "none"


def read_shared(study: Study, name: str | None = None) -> dict[tuple[str, str], Shared]:
    """What is known of every (target, intermediate task) of a study, from data/report/leaks; recipes share it."""
    pairs = [(target, task) for target in study.targets for task in study.intermediates]
    return {(target, task): shared_of(read_json(leaks_path(name, target, task))) for target, task in pairs}


def shared_of(facts: Mapping[str, Any]) -> Shared:
    """What counts of the facts that `xstilts.leaks.leak_facts` found: at least `LEAST` of images or whole examples."""
    counted = [leak for leak in facts["shared"] if counts(leak, facts["kind"])]
    words = [
        f"{share(leak['fraction'])} of the {leak['split']} split's {leak['field'] or leak['kind']} in {leak['member']}"
        for leak in counted
    ]
    return Shared(tuple(words), tuple(facts["not_compared"]))


def counts(leak: Mapping[str, Any], kind: str) -> bool:
    """Whether a leak marks its cell: not half an example, nor a share so small that it happens by chance."""
    if leak["fraction"] < LEAST[leak["kind"]]:
        return False
    if leak["kind"] != "text":
        return True
    return leak["field"] not in HALVES and (leak["field"] != "sentence" or KINDS[kind].is_sentence)
