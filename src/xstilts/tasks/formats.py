"""The formats that the files of a task kind may have: `FORMATS[kind][name]`; a kind's first is its default.

What a format looks like is said where it is read: by `read_<name>` in the kind's module of `xstilts.tasks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from xstilts.base.kinds import covers

ROWS = "rows"  # of every kind: JSON lines with its own fields, as the hub's data sets are written down


@dataclass(frozen=True, slots=True)
class Format:
    """How files of a format are read.

    Attributes:
        parts: how many files are read together, one after another in the task's list.
        every_language: whether one file holds several languages, each in its own rows or fields.
    """

    parts: int = 1
    every_language: bool = False


_EVERY_LANGUAGE = Format(every_language=True)
_TOLD = Format(parts=2, every_language=True)  # questions, and what their images show


def _formats(names: str, **other: Format) -> Mapping[str, Format]:
    """Formats by name, and `rows`; those that are not plain files of one language are in `other`."""
    return {name: other.get(name, Format()) for name in (*names.split(), ROWS)}


FORMATS: Mapping[str, Mapping[str, Format]] = covers(
    {
        "vqa": _formats(
            "gqa gqa_told gqa_clues lxmert vqav2 havqa",
            gqa_told=_TOLD,
            gqa_clues=_TOLD,
            vqav2=Format(parts=2),
            havqa=_EVERY_LANGUAGE,
        ),
        "layout": _formats("gqa_program"),
        "classification": _formats(
            "nli anli xvnli pairs xnli sick rte qqp pawsx nlvr nlvr_html flickr8k_told nlvr2 marvl",
            xnli=_EVERY_LANGUAGE,
        ),
        "span": _formats("squad tydiqa"),
        "tagging": _formats("columns conllu stagged"),
        "choice": _formats("copa hellaswag cosmosqa commonsenseqa socialiqa visual7w"),
        "matching": _formats("karpathy flickr8k xflickrco", flickr8k=_EVERY_LANGUAGE),
        "retrieval": _formats("tatoeba bucc lareqa mewslix", tatoeba=Format(parts=2), bucc=Format(parts=3)),
        "mlm": _formats("lines"),
    },
    "xstilts.tasks.formats.FORMATS",
)
