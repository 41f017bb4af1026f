"""The kinds of tasks, and what is true of each: facts only. The code for a kind is where it is used.

A new kind is an entry here. Every table with something for each kind is checked by `covers` when its module is
imported, so that a kind that is missing somewhere stops the program there, and the error names the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from xstilts.base.errors import XstiltsError

Entry = TypeVar("Entry")
GUIDE = "see stages/README.md, What a new kind needs"
MIXTURE = "mixture"  # of tasks: not a kind, but what a task file may say in place of one


@dataclass(frozen=True)
class Kind:
    """What is true of a kind of task.

    Attributes:
        metrics: what a task of the kind may be judged by.
        is_trained: whether phases 1 and 2 train anything for it; otherwise the encoder is passed on as it is, and
            the task has test data only.
        is_scored: whether it can be a target; masked language modelling is only an intermediate task.
        has_one_label: whether an example is answered with one label out of a list.
        has_vocabulary: whether that list is collected from the training answers.
        has_listed_labels: whether the task file names the labels, which the head has one output each for.
        may_omit_labels: whether the task file may leave those labels out: they are the training split's then.
        takes_images: whether its examples may have pictures.
        needs_images: whether every example has a picture.
        has_windows: whether a long example may become several rows that overlap (`stride`).
        is_sentence: whether an example consists of a single sentence.
    """

    metrics: tuple[str, ...]
    is_trained: bool = True
    is_scored: bool = True
    has_one_label: bool = False
    has_vocabulary: bool = False
    has_listed_labels: bool = False
    may_omit_labels: bool = False
    takes_images: bool = True
    needs_images: bool = False
    has_windows: bool = False
    is_sentence: bool = False


KINDS: Mapping[str, Kind] = {
    "vqa": Kind(("accuracy", "soft_accuracy"), has_one_label=True, has_vocabulary=True),
    "layout": Kind(("exact_layout", "skeleton", "structural_type", "last_operation", "first_object", "concepts")),
    "classification": Kind(("accuracy",), has_one_label=True, has_listed_labels=True),
    "span": Kind(("f1", "exact_match"), takes_images=False, has_windows=True),
    "tagging": Kind(
        ("f1", "pos_f1", "accuracy"),
        has_listed_labels=True,
        may_omit_labels=True,
        takes_images=False,
        is_sentence=True,
    ),
    "choice": Kind(("accuracy",), has_one_label=True),
    "matching": Kind(("accuracy", "pairwise_accuracy", "recall_at_1"), has_one_label=True, needs_images=True),
    "retrieval": Kind(("accuracy", "f1", "map", "map_at_20"), is_trained=False, takes_images=False, is_sentence=True),
    "mlm": Kind(("accuracy",), is_scored=False, takes_images=False, is_sentence=True),
}


def covers(
    table: Mapping[str, Entry], name: str, needs: Callable[[Kind], bool] = lambda kind: True
) -> Mapping[str, Entry]:
    """Return the table if it has an entry for exactly those kinds that need one.

    Args:
        name: of the table, as an error names it: `xstilts.model.heads.HEADS`.
        needs: which kinds do; all of them if left out.

    Raises:
        XstiltsError: a kind is missing, or there is an entry for a kind that needs none.
    """
    needed = {kind for kind, facts in KINDS.items() if needs(facts)}
    missing, unknown = sorted(needed - set(table)), sorted(set(table) - needed)
    if missing or unknown:
        found = [f"no entry for kind {', '.join(missing)}"] if missing else []
        found += [f"an entry for {', '.join(unknown)}, which is not a kind that needs one"] if unknown else []
        raise XstiltsError(f"{name}: {'; '.join(found)}; {GUIDE}")
    return table


def covers_metrics(table: Mapping[str, Entry], name: str) -> Mapping[str, Entry]:
    """Return the table if it has an entry for every metric of every kind; `XstiltsError` if not, as by `covers`."""
    metrics = {metric for facts in KINDS.values() for metric in facts.metrics}
    if missing := sorted(metrics - set(table)):
        raise XstiltsError(f"{name}: no entry for metric {', '.join(missing)}; {GUIDE}")
    return table
