"""The schema of a task file, and the readers of every task kind: official formats in, typed examples out."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

from xstilts.base.errors import DataError
from xstilts.base.kinds import covers
from xstilts.tasks import choice, classification, layouts, matching, sentences, span, tagging, texts, told, vqa
from xstilts.tasks.examples import Example, LayoutExample, Reading, RetrievalExample, VqaExample
from xstilts.tasks.files import SplitFile, groups, split_files, with_raw_languages
from xstilts.tasks.formats import FORMATS
from xstilts.tasks.overlap import check_disjoint, drop_overlap
from xstilts.tasks.parallel import differences
from xstilts.tasks.rows import ANOTHER_FILE
from xstilts.tasks.schema import EDITED, TaskSpec
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
Readings = Sequence[tuple[Source, Reading[Example]]]  # of the files of a split


def _readers(kind: str, *modules: ModuleType) -> Mapping[str, Reader]:
    """For every format of a kind the function `read_<format>`, of the first of these modules that has one."""
    names = {name: f"read_{name}" for name in FORMATS[kind]}
    return {name: next(getattr(one, own) for one in modules if hasattr(one, own)) for name, own in names.items()}


READERS: Mapping[str, Mapping[str, Reader]] = covers(
    {
        "vqa": _readers("vqa", vqa),
        "layout": _readers("layout", layouts),
        "classification": _readers("classification", classification, told),
        "span": _readers("span", span),
        "tagging": _readers("tagging", tagging),
        "choice": _readers("choice", choice),
        "matching": _readers("matching", matching),
        "retrieval": _readers("retrieval", sentences),
        "mlm": _readers("mlm", texts),
    },
    "xstilts.tasks.READERS",
)


def read_split(task: TaskSpec, split: str, raw: Path, images: Collection[str] | None = None) -> Reading[Example]:
    """Read one split of a task: all its files in all its languages (`files.split_files`).

    Args:
        split: `train`, `dev` or `test`, a key of `encode.files` in the task's file.
        raw: the folder that those paths are relative to, data/raw/<task>.
        images: the ids of the available images; None skips the check.

    Returns:
        The examples, language by language, in the order in which the task lists the languages; of test, with notes of
            what differs between them (`parallel.differences`).

    Raises:
        DataError: naming file and row; also for a file without a row of the split, an id in two files of a language,
            and test questions of a VQA task that are not the same in every language.
    """
    sources = list(_sources(task, split, raw, images))
    readings = [(source, source.some(READERS[task.kind][name](source))) for source, name in sources]
    _check_ids(readings)
    skipped: Counter[str] = Counter()
    for source, reading in readings:  # a reader may build on another, which counts in the source
        skipped.update({**source.left_out, **reading.skipped})
    parallel = any(name == "lareqa" for _, name in sources)
    examples = COLLECTED[task.kind](readings, split, parallel, raw)
    notes = differences(task.kind, split, examples) if split == "test" else {}
    return Reading(examples, dict(skipped), notes)


def _sources(task: TaskSpec, split: str, raw: Path, images: Collection[str] | None) -> Iterable[tuple[Source, str]]:
    """The sources of a split, each with the name of its format."""
    found = list(groups(split_files(task, split, raw), task.kind))
    totals, numbers = Counter(file.language for file, _ in found), Counter[str]()
    for file, paths in found:
        numbers[file.language] += 1
        number = numbers[file.language] if totals[file.language] > 1 else 0
        yield Source(paths, file.language, split, task, images, number), file.format


def _check_ids(readings: Readings) -> None:
    """Refuse an id in two files of a language, because results are told apart by it."""
    if len(readings) == 1:  # `Source.each` has seen to it
        return
    places: dict[tuple[str, str, str], Path] = {}
    for source, reading in readings:
        for example in reading.examples:
            side = example.side if isinstance(example, RetrievalExample) else ""
            earlier = places.setdefault((example.language, side, example.id), source.path)
            if earlier != source.path:
                expected = "ids used once"
                raise DataError(source.path, example.id, f"an id that is also in {earlier}", expected, ANOTHER_FILE)


def _one_after_another(readings: Readings, split: str, parallel: bool, raw: Path) -> list[Example]:
    return [one for _, reading in readings for one in reading.examples]


def _same_questions(readings: Readings, split: str, parallel: bool, raw: Path) -> list[Example]:
    """The questions; those of test must be the same in every language."""
    asked: dict[str, tuple[Path, list[vqa.Question]]] = {}
    for source, reading in readings if split in ("test", EDITED) else ():
        _, questions = asked.setdefault(source.language, (source.path, []))
        questions.extend(one for one in reading.examples if isinstance(one, VqaExample | LayoutExample))
    for other in list(asked.values())[1:]:
        vqa.check_parallel(*next(iter(asked.values())), *other)
    return _one_after_another(readings, split, parallel, raw)


def _with_gold(readings: Readings, split: str, parallel: bool, raw: Path) -> list[Example]:
    """Queries and candidates, with every gold candidate present; for a parallel set (LAReQA), gold in all languages."""
    found = cast(list[RetrievalExample], _one_after_another(readings, split, parallel, raw))
    pooled = sentences.pool_gold(found) if parallel else found
    sentences.check_gold(Reading(pooled), raw)
    return cast(list[Example], pooled)


# How a split's examples are put together from those of its files, and what must be true of them together.
COLLECTED: Mapping[str, Callable[[Readings, str, bool, Path], list[Example]]] = covers(
    {
        **dict.fromkeys(("vqa", "layout"), _same_questions),
        **dict.fromkeys(("classification", "span", "tagging", "choice", "matching", "mlm"), _one_after_another),
        "retrieval": _with_gold,
    },
    "xstilts.tasks.COLLECTED",
)
