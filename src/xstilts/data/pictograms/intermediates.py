"""The raw sets of the intermediate tasks, all on the scenes and pictures of `gqa`; `gqa` itself is in build.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xstilts.data.layout import LAYOUT
from xstilts.data.pictograms.captions import captions_on, english_lines, karpathy_of, lines_of
from xstilts.data.pictograms.ccg import stagged_lines
from xstilts.data.pictograms.choices import choosing_of, cosmosqa_csv, visual7w_of
from xstilts.data.pictograms.entailment import hypotheses_on, mnli_rows, snli_ve_rows
from xstilts.data.pictograms.files import RawSet
from xstilts.data.pictograms.nlvr2 import judged_on, nlvr2_rows
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.squad import count_questions, squad_of
from xstilts.data.pictograms.squad_v2 import squad_v2_of
from xstilts.data.pictograms.world import World

OFFICIAL_SPLITS = {"train": "train", "val": "dev"}  # Visual7W's and Karpathy's names of the splits


def _squad(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["squad"].items():
        content = squad_of(world.questions("gqa", split), world.seed)
        raw.json(name, content, count_questions(content))


def _mnli(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["mnli"].items():
        raw.json_lines(name, mnli_rows(hypotheses_on(world.scenes("gqa", split), world.seed), world.seed))


def _snli_ve(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["snli_ve"].items():
        raw.json_lines(name, snli_ve_rows(hypotheses_on(world.scenes("gqa", split), world.seed)))


def _squad_v2(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["squad_v2"].items():
        content = squad_v2_of(world.questions("gqa", split), world.seed)
        raw.json(name, content, count_questions(content))


def _nlvr2(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["nlvr2"].items():
        raw.json_lines(name, nlvr2_rows(judged_on(world.scenes("gqa", split), split, world.seed)))


def _cosmosqa(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["cosmosqa"].items():
        choosing = choosing_of(world.questions("gqa", split), world.seed)
        raw.text(name, cosmosqa_csv(choosing, world.seed), len(choosing))


def _visual7w(world: World, raw: RawSet) -> None:
    splits = {name: choosing_of(world.questions("gqa", own), world.seed) for name, own in OFFICIAL_SPLITS.items()}
    raw.json(LAYOUT["visual7w"]["train"], visual7w_of(splits), sum(len(choosing) for choosing in splits.values()))


def _ccg(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["ccg"].items():
        raw.lines(name, stagged_lines(world.scenes("gqa", split), world.seed))


def _flickr30k(world: World, raw: RawSet) -> None:
    splits = {name: captions_on(world.scenes("gqa", own), world.seed) for name, own in OFFICIAL_SPLITS.items()}
    captions = sum(len(own) for scenes in splits.values() for own in scenes)
    raw.json(LAYOUT["flickr30k"]["train"], karpathy_of(splits), captions)


def _mlm(world: World, raw: RawSet) -> None:
    train = world.scenes("gqa", "train")
    for language in LANGUAGES:
        raw.lines(LAYOUT["mlm"]["train"].format(language=language), lines_of(train, language, world.seed))
    raw.lines(LAYOUT["mlm"]["dev"], english_lines(world.scenes("gqa", "dev"), world.seed))


INTERMEDIATES: Mapping[str, Callable[[World, RawSet], None]] = {
    "squad": _squad,
    "mnli": _mnli,
    "snli_ve": _snli_ve,
    "squad_v2": _squad_v2,
    "nlvr2": _nlvr2,
    "cosmosqa": _cosmosqa,
    "visual7w": _visual7w,
    "ccg": _ccg,
    "flickr30k": _flickr30k,
    "mlm": _mlm,
}
