"""The tasks of XTREME and XTREME-R: their groups, metrics and languages.

Groups and languages are those of XTREME's evaluation script (google-research/xtreme, evaluate.py), with two differences
for XTREME-R. Its ten tasks stand in four groups, as in the paper (Ruder et al. 2021, table 1): the script counts XCOPA
in two groups. LAReQA has the languages of XQuAD-R: the script lists none, so that it never comes to an overall score.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Benchmark = Literal["xtreme", "xtreme_r"]
RETRIEVAL = "retrieval"
PART = "_small"  # ends the name of a task that is a part of a published set


@dataclass(frozen=True)
class BenchmarkTask:
    """A task of a benchmark.

    Attributes:
        metrics: whose mean is the task's number.
        languages: all that the benchmark's number is a mean over.
    """

    group: str
    metrics: tuple[str, ...]
    languages: tuple[str, ...]


def _task(group: str, metrics: str, languages: str) -> BenchmarkTask:
    return BenchmarkTask(group, tuple(metrics.split()), tuple(languages.split()))


_XNLI = "ar bg de el en es fr hi ru sw th tr ur vi zh"
_UDPOS = "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
_TATOEBA = "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur vi zh"
_PANX = f"{_TATOEBA} en ms my yo"
_XQUAD = "ar de el en es hi ru th tr vi zh"
_MLQA = _task("qa", "f1 exact_match", "ar de en es hi vi zh")
_TYDIQA = _task("qa", "f1 exact_match", "ar bn en fi id ko ru sw te")

BENCHMARKS: Mapping[str, Mapping[str, BenchmarkTask]] = {
    "xtreme": {
        "xnli": _task("classification", "accuracy", _XNLI),
        "pawsx": _task("classification", "accuracy", "de en es fr ja ko zh"),
        "udpos": _task("tagging", "pos_f1", _UDPOS),
        "panx": _task("tagging", "f1", _PANX),
        "xquad": _task("qa", "f1 exact_match", _XQUAD),
        "mlqa": _MLQA,
        "tydiqa": _TYDIQA,
        "bucc2018": _task(RETRIEVAL, "f1", "de fr ru zh"),
        "tatoeba": _task(RETRIEVAL, "accuracy", _TATOEBA),
    },
    "xtreme_r": {
        "xnli": _task("classification", "accuracy", _XNLI),
        "xcopa": _task("classification", "accuracy", "et ht id it qu sw ta th tr vi zh"),
        "udpos": _task("tagging", "pos_f1", f"{_UDPOS} lt pl ro uk wo"),
        "panx": _task("tagging", "f1", f"{_PANX} az gu lt pa pl qu ro uk"),
        "xquad": _task("qa", "f1 exact_match", f"{_XQUAD} ro"),
        "mlqa": _MLQA,
        "tydiqa": _TYDIQA,
        "tatoeba": _task(RETRIEVAL, "accuracy", f"{_TATOEBA} az lt pl ro uk"),
        "mewslix": _task(RETRIEVAL, "map_at_20", "ar de en es fa ja pl ro ta tr uk"),
        "lareqa": _task(RETRIEVAL, "map_at_20", _XQUAD),
    },
}


def own(published: Iterable[str], there: Iterable[str]) -> dict[str, str]:
    """{published set: the study's task}: the set itself, or a part of it, `xnli_small`, where the study has no more."""
    known = set(there)
    return {name: one for name in published for one in (f"{name}{PART}", name) if one in known}
