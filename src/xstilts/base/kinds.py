"""The kinds of tasks there are, and what is true of each: facts only, the code of a kind lies where it is used.

A new kind is an entry here. Every table that has something for each kind is checked by `covers` when its module is
imported, so that a kind that is missing somewhere stops the program there and names the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from xstilts.base.errors import XstiltsError

Entry = TypeVar("Entry")
MIXTURE = "mixture"  # of tasks: no kind of its own, but what a task file may say in its place


@dataclass(frozen=True)
class Kind:
    """What is true of a kind of task.

    Attributes:
        metrics: what a task of the kind may be judged by.
        is_trained: whether phases 1 and 2 train anything for it; else the encoder is passed on as it is.
        is_scored: whether it can be a target; masked language modelling is an intermediate task alone.
        has_one_label: whether an example is answered with one label out of a list.
        has_vocabulary: whether that list is collected from the training answers.
        has_listed_labels: whether the task file names the labels, which the head has one output each for.
        takes_images: whether its examples may have pictures.
        is_sentence: whether one sentence is all that an example is made of.
    """

    metrics: tuple[str, ...]
    is_trained: bool = True
    is_scored: bool = True
    has_one_label: bool = False
    has_vocabulary: bool = False
    has_listed_labels: bool = False
    takes_images: bool = True
    is_sentence: bool = False


KINDS: Mapping[str, Kind] = {
    "vqa": Kind(("accuracy", "soft_accuracy"), has_one_label=True, has_vocabulary=True),
    "classification": Kind(("accuracy",), has_one_label=True, has_listed_labels=True),
    "span": Kind(("f1", "exact_match"), takes_images=False),
    "tagging": Kind(("f1", "pos_f1", "accuracy"), has_listed_labels=True, takes_images=False, is_sentence=True),
    "choice": Kind(("accuracy",), has_one_label=True),
    "matching": Kind(("accuracy", "recall_at_1"), has_one_label=True),
    "retrieval": Kind(("accuracy", "f1", "map", "map_at_20"), is_trained=False, takes_images=False, is_sentence=True),
    "mlm": Kind(("accuracy",), is_scored=False, takes_images=False, is_sentence=True),
}


def covers(
    table: Mapping[str, Entry], name: str, needs: Callable[[Kind], bool] = lambda kind: True
) -> Mapping[str, Entry]:
    """Return the table, if it has an entry for just those kinds that need one.

    Args:
        name: of the table, as an error names it: `xstilts.model.heads.HEADS`.
        needs: which kinds do.

    Raises:
        XstiltsError: a kind is missing, or an entry is for none.
    """
    needed = {kind for kind, facts in KINDS.items() if needs(facts)}
    missing, unknown = sorted(needed - set(table)), sorted(set(table) - needed)
    if missing or unknown:
        found = [f"no entry for kind {', '.join(missing)}"] if missing else []
        found += [f"an entry for {', '.join(unknown)}, which is no kind that it is for"] if unknown else []
        raise XstiltsError(f"{name}: {'; '.join(found)}; see xstilts.base.kinds")
    return table
