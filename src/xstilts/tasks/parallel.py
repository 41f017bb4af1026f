"""The languages of a test split that is parallel, compared: the same ids, and of each id the same answer.

Scores per language can be paired only over rows that both languages have, and gold labels that differ make the rows
of one language harder. Published sets do differ (two languages of XCOPA ask `effect` in every row; translators of
PAWS-X left rows out), so what differs is counted and said, and no row is dropped.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from xstilts.base.kinds import covers
from xstilts.tasks.examples import Example, RetrievalExample

# What is the same in every language of a parallel set, as the fields of the examples; None: sets of the kind are not
# parallel (sentences of a tagging task share the numbers of their lines, not their contents).
COMPARED: Mapping[str, tuple[str, ...] | None] = covers(
    {
        "vqa": ("image", "answer"),
        "layout": ("image", "answer", "layout"),
        "classification": ("label", "images"),
        "span": (),
        "tagging": None,
        "choice": ("asked", "label", "image"),
        "matching": ("image",),
        "retrieval": None,
        "mlm": None,
    },
    "xstilts.tasks.parallel.COMPARED",
)
CALLED = {"asked": "question", "label": "gold label", "images": "image"}  # what a note says for a field


def differences(kind: str, split: str, examples: Sequence[Example]) -> dict[str, int]:
    """{what differs between a language and the first one: rows}.

    Languages without a common id are no parallel set; ids that a reader made of line numbers count for those kinds
    alone whose files are aligned line by line.
    """
    fields, by_language = COMPARED[kind], dict[str, dict[str, Example]]()
    for one in examples if fields is not None else ():
        assert not isinstance(one, RetrievalExample)
        if fields or not one.id.startswith(f"{split}-"):
            by_language.setdefault(one.language, {})[one.id] = one
    first, *others = by_language or [""]
    counts: Counter[str] = Counter()
    for language in others:
        counts.update(_compared(fields or (), first, by_language[first], language, by_language[language]))
    return dict(counts)


def _compared(
    fields: Sequence[str], first: str, expected: Mapping[str, Example], language: str, found: Mapping[str, Example]
) -> Counter[str]:
    """What differs between two languages; nothing where they have no id in common."""
    common = [one for one in found if one in expected]
    if not common:
        return Counter()
    counts = Counter({f"{language}: not in {first}": len(found) - len(common)})
    counts[f"{first}: not in {language}"] = len(expected) - len(common)
    for name in fields:
        other = [one for one in common if getattr(found[one], name) != getattr(expected[one], name)]
        counts[f"{language}: another {CALLED.get(name, name)} than {first}"] = len(other)
    return +counts
