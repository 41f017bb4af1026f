"""The schema of a task file, and the readers of every task kind: official formats in, typed examples out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from xstilts.base.errors import DataError
from xstilts.tasks import choice, classification, lareqa, matching, mlm, pairs, retrieval, span, tagging, vqa, vqav2
from xstilts.tasks.examples import Example, Reading, RetrievalExample, VqaExample
from xstilts.tasks.files import SplitFile, groups, split_files, with_raw_languages
from xstilts.tasks.overlap import check_disjoint, drop_overlap
from xstilts.tasks.rows import ANOTHER_FILE
from xstilts.tasks.schema import TaskSpec
from xstilts.tasks.source import Source

__all__ = [
    "READERS",
    "SplitFile",
    "check_disjoint",
    "drop_overlap",
    "read_split",
    "split_files",
    "with_raw_languages",
]

Reader = Callable[[Source], Reading[Example]]

# A reader for every format of `xstilts.tasks.formats.FORMATS`.
READERS: Mapping[str, Mapping[str, Reader]] = {
    "vqa": {
        "gqa": vqa.read_gqa,
        "lxmert": vqa.read_lxmert,
        "vqav2": vqav2.read_vqav2,
        "havqa": vqa.read_havqa,
        "rows": vqa.read_rows,
    },
    "classification": {
        "nli": classification.read_nli,
        "anli": classification.read_anli,
        "xvnli": classification.read_xvnli,
        "pairs": pairs.read_pairs,
        "xnli": pairs.read_xnli,
        "sick": pairs.read_sick,
        "rte": pairs.read_rte,
        "qqp": pairs.read_qqp,
        "pawsx": pairs.read_pawsx,
        "nlvr": classification.read_nlvr,
        "nlvr_html": classification.read_nlvr_html,
        "nlvr2": classification.read_nlvr2,
        "marvl": classification.read_marvl,
        "rows": classification.read_rows,
    },
    "span": {"squad": span.read_squad, "tydiqa": span.read_tydiqa, "rows": span.read_rows},
    "tagging": {
        "columns": tagging.read_columns,
        "conllu": tagging.read_conllu,
        "stagged": tagging.read_stagged,
        "rows": tagging.read_rows,
    },
    "choice": {
        "copa": choice.read_copa,
        "hellaswag": choice.read_hellaswag,
        "cosmosqa": choice.read_cosmosqa,
        "commonsenseqa": choice.read_commonsenseqa,
        "socialiqa": choice.read_socialiqa,
        "visual7w": choice.read_visual7w,
        "rows": choice.read_rows,
    },
    "matching": {
        "karpathy": matching.read_karpathy,
        "flickr8k": matching.read_flickr8k,
        "xflickrco": matching.read_xflickrco,
        "rows": matching.read_rows,
    },
    "retrieval": {
        "tatoeba": retrieval.read_tatoeba,
        "bucc": retrieval.read_bucc,
        "lareqa": lareqa.read_lareqa,
        "mewslix": retrieval.read_mewslix,
        "rows": retrieval.read_rows,
    },
    "mlm": {"lines": mlm.read_lines, "rows": mlm.read_rows},
}


def read_split(task: TaskSpec, split: str, raw: Path, images: Collection[str] | None = None) -> Reading[Example]:
    """Read one split of a task, all its files in all its languages (`files.split_files`).

    Args:
        split: `train`, `dev` or `test`, a key of `encode.files` in the task's file.
        raw: the folder that those paths are relative to, data/raw/<task>.
        images: the ids of the images there are; None skips the check.

    Returns:
        The examples, language by language in the order that the task lists them in.

    Raises:
        DataError: naming file and row; also for a file without a row of the split, an id in two files of a language,
            and test questions of a VQA task that are not the same in every language.
    """
    sources = list(_sources(task, split, raw, images))
    readings = [(source, source.some(READERS[task.kind][name](source))) for source, name in sources]
    _check_ids(readings)
    if task.kind == "vqa" and split == "test":
        _check_languages_parallel(readings)
    skipped: dict[str, int] = {}
    for _, reading in readings:
        for reason, rows in reading.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + rows
    examples = [one for _, reading in readings for one in reading.examples]
    if task.kind == "retrieval":
        examples = _searched(examples, any(name == "lareqa" for _, name in sources), raw)
    return Reading(examples, skipped)


def _sources(task: TaskSpec, split: str, raw: Path, images: Collection[str] | None) -> Iterable[tuple[Source, str]]:
    """The sources of a split, each with the name of its format."""
    found = list(groups(split_files(task, split, raw), task.kind))
    totals, numbers = Counter(file.language for file, _ in found), Counter[str]()
    for file, paths in found:
        numbers[file.language] += 1
        number = numbers[file.language] if totals[file.language] > 1 else 0
        yield Source(paths, file.language, split, task, images, number), file.format


def _check_ids(readings: Sequence[tuple[Source, Reading[Example]]]) -> None:
    """Refuse an id in two files of a language: results are told apart by it."""
    places: dict[tuple[str, str, str], Path] = {}
    for source, reading in readings:
        for example in reading.examples:
            side = example.side if isinstance(example, RetrievalExample) else ""
            earlier = places.setdefault((example.language, side, example.id), source.path)
            if earlier != source.path:
                expected = "ids used once"
                raise DataError(source.path, example.id, f"an id that {earlier} has too", expected, ANOTHER_FILE)


def _searched(examples: list[Example], parallel: bool, raw: Path) -> list[Example]:
    """Queries and candidates, every gold there; of a parallel set (LAReQA), with gold in all languages."""
    found = cast(list[RetrievalExample], examples)
    pooled = retrieval.pool_gold(found) if parallel else found
    retrieval.check_gold(Reading(pooled), raw)
    return cast(list[Example], pooled)


def _check_languages_parallel(readings: Sequence[tuple[Source, Reading[Example]]]) -> None:
    asked: dict[str, tuple[Path, list[VqaExample]]] = {}
    for source, reading in readings:
        _, questions = asked.setdefault(source.language, (source.path, []))
        questions.extend(one for one in reading.examples if isinstance(one, VqaExample))
    first, *others = asked.values()
    for other in others:
        vqa.check_parallel(*first, *other)
