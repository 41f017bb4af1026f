"""Making the raw sets of the embedded world, each from nothing but the seed.

The intermediate tasks are all on the scenes and pictures of `gqa`. The target tasks are on those of `xgqa`, split by
split: each is trained on English and tested on the same rows in eight languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from xstilts.base.files import whole_directory
from xstilts.base.languages import LANGUAGE3
from xstilts.data.pictograms.choices import alternatives_of, choice_questions, cosmosqa_csv, visual7w_of, xcopa_rows
from xstilts.data.pictograms.edits import clues_on, edits_of
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.inference import (
    Hypothesis,
    hypotheses_of,
    hypotheses_on,
    mnli_rows,
    pair_lines,
    snli_ve_rows,
    xnli_rows,
    xvnli_rows,
)
from xstilts.data.pictograms.nlvr2 import judged_on, marvl_rows, nlvr2_rows
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.render import Renderer, naming
from xstilts.data.pictograms.sentences import (
    captions_on,
    english_lines,
    karpathy_of,
    lines_of,
    parallel,
    worded_in,
    xflickrco_rows,
)
from xstilts.data.pictograms.squad import count_questions, squad_of, squad_v2_of, xquad_of
from xstilts.data.pictograms.tagging import columns, sentences_on, stagged_lines, tagged
from xstilts.data.pictograms.telling import describe
from xstilts.data.pictograms.world import LAYOUT, RawSet, World

OFFICIAL_SPLITS = {"train": "train", "val": "dev"}  # Visual7W's and Karpathy's names of the splits
ENGLISH = "en"
__all__ = ["DATASETS", "World", "make"]


def make(dataset: str, world: World, out: Path) -> None:
    """Write the raw set `dataset` (a key of `DATASETS`) into `out`, which appears whole or not at all."""
    with whole_directory(out) as draft:
        raw = RawSet(draft)
        DATASETS[dataset](world, raw)
        raw.finish()


def _names(world: World, raw: RawSet) -> None:
    entries, images = naming(Renderer(world.assets))
    raw.json("names.json", entries, len(entries))
    raw.images("images.zip", images)


def _gqa(world: World, raw: RawSet) -> None:
    _gqa_blind(world, raw)
    _write_scenes(world, raw, "gqa")


def _gqa_blind(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["gqa"].items():
        _write_questions(raw, name, world.questions("gqa", split))


def _gqa_told(world: World, raw: RawSet) -> None:
    _gqa_blind(world, raw)
    for split in LAYOUT["gqa"]:
        told = {scene.id: describe(scene, world.seed).text for scene in world.scenes("gqa", split)}
        raw.json(LAYOUT["gqa_told"][f"{split} told"], told, len(told))


def _xgqa(world: World, raw: RawSet) -> None:
    _xgqa_questions(world, raw)
    _write_scenes(world, raw, "xgqa")


def _xgqa_questions(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["xgqa"].items():
        _write_questions(raw, name, world.questions("xgqa", split))
    raw.languages(LANGUAGES)


def _write_questions(raw: RawSet, name: str, questions: Sequence[Question]) -> None:
    """Write questions in English, or in every language if the name stands for all."""
    for language in LANGUAGES if "{language}" in name else (ENGLISH,):
        raw.json(name.format(language=language), questions_in(language, questions), len(questions))


def _xgqa_clues(world: World, raw: RawSet) -> None:
    _xgqa_questions(world, raw)
    scenes = [scene for split in LAYOUT["xgqa"] for scene in world.scenes("xgqa", split)]
    edited = edits_of(world.questions("xgqa", "test"), world.seed)
    _write_questions(raw, LAYOUT["xgqa_clues"]["edited"], edited)
    raw.json_lines(LAYOUT["xgqa_clues"]["clues"], clues_on([*scenes, *(question.scene for question in edited)]))


def _write_scenes(world: World, raw: RawSet, dataset: str) -> None:
    scenes = [scene for split in LAYOUT[dataset] for scene in world.scenes(dataset, split)]
    raw.json("scene_graphs.json", scene_graphs(scenes), len(scenes))
    renderer = Renderer(world.assets)
    raw.images("images.zip", ((scene.id, renderer.scene(scene)) for scene in scenes))


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
        questions = choice_questions(world.questions("gqa", split), world.seed)
        raw.text(name, cosmosqa_csv(questions, world.seed), len(questions))


def _visual7w(world: World, raw: RawSet) -> None:
    splits = {name: choice_questions(world.questions("gqa", own), world.seed) for name, own in OFFICIAL_SPLITS.items()}
    raw.json(LAYOUT["visual7w"]["train"], visual7w_of(splits), sum(len(questions) for questions in splits.values()))


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
    "gqa_told": _gqa_told,
    "gqa_blind": _gqa_blind,
    "gqa_layout": _gqa_blind,
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
        raw.lines(LAYOUT["tatoeba"]["test"].format(language3=code), worded_in(questions, language))
        raw.lines(LAYOUT["tatoeba"]["english"].format(language3=code), worded_in(questions, ENGLISH))
    raw.languages(others)


TARGETS: Mapping[str, Callable[[World, RawSet], None]] = {
    "xgqa_clues": _xgqa_clues,
    "xgqa_layout": _xgqa_questions,
    "marvl": _marvl,
    "xvnli": _xvnli,
    "xnli": _xnli,
    "panx": _panx,
    "xquad": _xquad,
    "xcopa": _xcopa,
    "xflickrco": _xflickrco,
    "tatoeba": _tatoeba,
}


DATASETS: Mapping[str, Callable[[World, RawSet], None]] = {
    "names": _names,
    "gqa": _gqa,
    "xgqa": _xgqa,
    **INTERMEDIATES,
    **TARGETS,
}
