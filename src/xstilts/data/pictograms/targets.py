"""The raw sets of the target tasks, on the scenes and pictures of `xgqa` split by split; `xgqa` itself is in build.py.

Each is trained on English and tested on the same rows in eight languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from xstilts.base.languages import LANGUAGE3
from xstilts.data.layout import LAYOUT
from xstilts.data.pictograms.captions import captions_on, xflickrco_rows
from xstilts.data.pictograms.copa import alternatives_of, xcopa_rows
from xstilts.data.pictograms.files import RawSet
from xstilts.data.pictograms.inference import Hypothesis, hypotheses_of, pair_lines, xnli_rows, xvnli_rows
from xstilts.data.pictograms.nlvr2 import judged_on, marvl_rows, nlvr2_rows
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.squad import count_questions
from xstilts.data.pictograms.tagging import columns, sentences_on, tagged
from xstilts.data.pictograms.tatoeba import parallel, sentences
from xstilts.data.pictograms.world import World
from xstilts.data.pictograms.xquad import xquad_of

ENGLISH = "en"


def _files(dataset: str) -> Iterator[tuple[str, str, str]]:
    """Split, language and name of every file: train and dev in English, test in every language."""
    for split in ("train", "dev", "test"):
        name = LAYOUT[dataset][split]
        for language in LANGUAGES if split == "test" else (ENGLISH,):
            yield split, language, name.format(language=language)


def _marvl(world: World, raw: RawSet) -> None:
    for split, language, name in _files("marvl"):
        judged = judged_on(world.scenes("xgqa", split), split, world.seed)
        raw.json_lines(name, marvl_rows(judged, language) if split == "test" else nlvr2_rows(judged))
    raw.languages(LANGUAGES)


def _xvnli(world: World, raw: RawSet) -> None:
    hypotheses = _hypotheses(world)
    for split, language, name in _files("xvnli"):
        raw.json_lines(name, xvnli_rows(hypotheses[split], language, world.seed))
    raw.languages(LANGUAGES)


def _xnli(world: World, raw: RawSet) -> None:
    hypotheses = _hypotheses(world)
    for split, language, name in _files("xnli"):
        if split == "train":
            raw.json_lines(name, xnli_rows(hypotheses[split], language, world.seed))
        else:
            raw.lines(name, pair_lines(hypotheses[split], language, world.seed))
    raw.languages(LANGUAGES)


def _hypotheses(world: World) -> dict[str, list[Hypothesis]]:
    splits = ("train", "dev", "test")
    return {split: hypotheses_of(world.scenes("xgqa", split), split, world.seed) for split in splits}


def _panx(world: World, raw: RawSet) -> None:
    for split, language, name in _files("panx"):
        found = [tagged(one, language) for one in sentences_on(world.scenes("xgqa", split), split, world.seed)]
        raw.text(name, columns(found), len(found))
    raw.languages(LANGUAGES)


def _xquad(world: World, raw: RawSet) -> None:
    for split, language, name in _files("xquad"):
        content = xquad_of(world.questions("xgqa", split), split, language, world.seed)
        raw.json(name, content, count_questions(content))
    raw.languages(LANGUAGES)


def _xcopa(world: World, raw: RawSet) -> None:
    for split, language, name in _files("xcopa"):
        alternatives = alternatives_of(world.scenes("xgqa", split), split, world.seed)
        raw.json_lines(name, xcopa_rows(alternatives, language, world.seed))
    raw.languages(LANGUAGES)


def _xflickrco(world: World, raw: RawSet) -> None:
    captions = {split: captions_on(world.scenes("xgqa", split), world.seed) for split in ("train", "dev", "test")}
    for split, language, name in _files("xflickrco"):
        raw.json_lines(name, xflickrco_rows(captions[split], language))
    raw.languages(LANGUAGES)


def _tatoeba(world: World, raw: RawSet) -> None:
    questions = parallel(world.questions("xgqa", "test"))
    others = [language for language in LANGUAGES if language != ENGLISH]
    for language in others:
        code = LANGUAGE3[language]
        raw.lines(LAYOUT["tatoeba"]["test"].format(language3=code), sentences(questions, language))
        raw.lines(LAYOUT["tatoeba"]["english"].format(language3=code), sentences(questions, ENGLISH))
    raw.languages(others)


TARGETS: Mapping[str, Callable[[World, RawSet], None]] = {
    "marvl": _marvl,
    "xvnli": _xvnli,
    "xnli": _xnli,
    "panx": _panx,
    "xquad": _xquad,
    "xcopa": _xcopa,
    "xflickrco": _xflickrco,
    "tatoeba": _tatoeba,
}
