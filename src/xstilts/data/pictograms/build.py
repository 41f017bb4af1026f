"""Making the raw sets of the embedded world, each from nothing but the seed.

The intermediate tasks are all on the scenes and pictures of `gqa`. The target tasks are on those of `xgqa`, split by
split: each is trained on English and tested on the same rows in eight languages.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from xstilts.base.files import whole_directory
from xstilts.base.languages import LANGUAGE3
from xstilts.data.pictograms.choices import alternatives_of, choice_questions, cosmosqa_csv, visual7w_of, xcopa_rows
from xstilts.data.pictograms.edits import clues_on, edits_of
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.inference import (
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
from xstilts.data.pictograms.sentences import captions_on, karpathy_of, lines_of, parallel, turn_of, xflickrco_rows
from xstilts.data.pictograms.squad import count_questions, squad_of, squad_v2_of, xquad_of
from xstilts.data.pictograms.tagging import columns, sentences_on, stagged_lines, tagged
from xstilts.data.pictograms.telling import describe
from xstilts.data.pictograms.wording import word
from xstilts.data.pictograms.world import LAYOUT, RawSet, World

OFFICIAL_SPLITS = {"train": "train", "val": "dev"}  # Visual7W's and Karpathy's names of the splits
ENGLISH = "en"

__all__ = ["DATASETS", "World", "make"]

Files = Mapping[str, str]  # of a set, as in `LAYOUT`
Write = Callable[[World, RawSet, Files], None]
Content = Callable[[World, str, str], Any]  # what a file holds, of a split and a language


def make(dataset: str, world: World, out: Path) -> None:
    """Write the raw set `dataset` (a key of `DATASETS`) into `out`, which appears whole or not at all."""
    files = LAYOUT.get(dataset, {})
    with whole_directory(out) as draft:
        raw = RawSet(draft)
        DATASETS[dataset](world, raw, files)
        if "{language}" in files.get("test", ""):
            raw.languages(LANGUAGES)
        raw.finish()


def _each(files: Files) -> Iterator[tuple[str, str, str]]:
    """Split, language and name of every file of the splits; a name without `{language}` is of one in English."""
    for split in (split for split in ("train", "dev", "test") if split in files):
        for language in LANGUAGES if "{language}" in files[split] else (ENGLISH,):
            yield split, language, files[split].format(language=language)


def _json_lines(rows: Content) -> Write:
    """A set of files of JSON lines."""

    def write(world: World, raw: RawSet, files: Files) -> None:
        for split, language, name in _each(files):
            raw.json_lines(name, rows(world, split, language))

    return write


def _paragraphs(content: Content) -> Write:
    """A set of files in SQuAD's layout."""

    def write(world: World, raw: RawSet, files: Files) -> None:
        for split, language, name in _each(files):
            found = content(world, split, language)
            raw.json(name, found, count_questions(found))

    return write


def _names(world: World, raw: RawSet, files: Files) -> None:
    entries, images = naming(Renderer(world.assets))
    raw.json("names.json", entries, len(entries))
    raw.images("images.zip", images)


def _questions(scenes_of: str) -> Write:
    """GQA's files of questions on the scenes of a set."""

    def write(world: World, raw: RawSet, files: Files) -> None:
        for split, language, name in _each(files):
            _write_questions(raw, language, name, world.questions(scenes_of, split))

    return write


def _write_questions(raw: RawSet, language: str, name: str, questions: list[Question]) -> None:
    raw.json(name, questions_in(language, questions), len(questions))


def _with_pictures(dataset: str) -> Write:
    """The questions of a set, with its scene graphs and pictures."""

    def write(world: World, raw: RawSet, files: Files) -> None:
        _questions(dataset)(world, raw, files)
        scenes = [scene for split in files for scene in world.scenes(dataset, split)]
        raw.json("scene_graphs.json", scene_graphs(scenes), len(scenes))
        renderer = Renderer(world.assets)
        raw.images("images.zip", ((scene.id, renderer.scene(scene)) for scene in scenes))

    return write


def _gqa_told(world: World, raw: RawSet, files: Files) -> None:
    _questions("gqa")(world, raw, files)
    for split in ("train", "dev"):
        told = {scene.id: describe(scene, world.seed).text for scene in world.scenes("gqa", split)}
        raw.json(files[f"{split} told"], told, len(told))


def _xgqa_clues(world: World, raw: RawSet, files: Files) -> None:
    _questions("xgqa")(world, raw, files)
    scenes = [scene for split in ("train", "dev", "test") for scene in world.scenes("xgqa", split)]
    edited = edits_of(world.questions("xgqa", "test"), world.seed)
    for language in LANGUAGES:
        _write_questions(raw, language, files["edited"].format(language=language), edited)
    raw.json_lines(files["clues"], clues_on([*scenes, *(question.scene for question in edited)]))


def _cosmosqa(world: World, raw: RawSet, files: Files) -> None:
    for split, name in files.items():
        questions = choice_questions(world.questions("gqa", split), world.seed)
        raw.text(name, cosmosqa_csv(questions, world.seed), len(questions))


def _visual7w(world: World, raw: RawSet, files: Files) -> None:
    splits = {name: choice_questions(world.questions("gqa", own), world.seed) for name, own in OFFICIAL_SPLITS.items()}
    raw.json(files["train"], visual7w_of(splits), sum(len(questions) for questions in splits.values()))


def _ccg(world: World, raw: RawSet, files: Files) -> None:
    for split, name in files.items():
        raw.lines(name, stagged_lines(world.scenes("gqa", split), world.seed))


def _flickr30k(world: World, raw: RawSet, files: Files) -> None:
    splits = {name: captions_on(world.scenes("gqa", own), world.seed) for name, own in OFFICIAL_SPLITS.items()}
    raw.json(files["train"], karpathy_of(splits), sum(len(own) for scenes in splits.values() for own in scenes))


def _mlm(world: World, raw: RawSet, files: Files) -> None:
    for split, language, name in _each(files):
        scenes = world.scenes("gqa", split)
        raw.lines(name, lines_of(turn_of(scenes, language) if split == "train" else scenes, language, world.seed))


INTERMEDIATES: Mapping[str, Write] = {
    "gqa_told": _gqa_told,
    "gqa_blind": _questions("gqa"),
    "gqa_layout": _questions("gqa"),
    "squad": _paragraphs(lambda world, split, _: squad_of(world.questions("gqa", split), world.seed)),
    "mnli": _json_lines(
        lambda world, split, _: mnli_rows(hypotheses_on(world.scenes("gqa", split), world.seed), world.seed)
    ),
    "snli_ve": _json_lines(lambda world, split, _: snli_ve_rows(hypotheses_on(world.scenes("gqa", split), world.seed))),
    "squad_v2": _paragraphs(lambda world, split, _: squad_v2_of(world.questions("gqa", split), world.seed)),
    "nlvr2": _json_lines(lambda world, split, _: nlvr2_rows(judged_on(world.scenes("gqa", split), split, world.seed))),
    "cosmosqa": _cosmosqa,
    "visual7w": _visual7w,
    "ccg": _ccg,
    "flickr30k": _flickr30k,
    "mlm": _mlm,
}


def _marvl(world: World, split: str, language: str) -> Iterable[Mapping[str, Any]]:
    judged = judged_on(world.scenes("xgqa", split), split, world.seed)
    return marvl_rows(judged, language) if split == "test" else nlvr2_rows(judged)


def _xvnli(world: World, split: str, language: str) -> Iterable[Mapping[str, Any]]:
    return xvnli_rows(hypotheses_of(world.scenes("xgqa", split), split, world.seed), language, world.seed)


def _xcopa(world: World, split: str, language: str) -> Iterable[Mapping[str, Any]]:
    return xcopa_rows(alternatives_of(world.scenes("xgqa", split), split, world.seed), language, world.seed)


def _xquad(world: World, split: str, language: str) -> dict[str, Any]:
    return xquad_of(world.questions("xgqa", split), split, language, world.seed)


def _xnli(world: World, raw: RawSet, files: Files) -> None:
    for split, language, name in _each(files):
        hypotheses = hypotheses_of(world.scenes("xgqa", split), split, world.seed)
        if split == "train":
            raw.json_lines(name, xnli_rows(hypotheses, language, world.seed))
        else:
            raw.lines(name, pair_lines(hypotheses, language, world.seed))


def _panx(world: World, raw: RawSet, files: Files) -> None:
    for split, language, name in _each(files):
        found = [tagged(one, language) for one in sentences_on(world.scenes("xgqa", split), split, world.seed)]
        raw.text(name, columns(found), len(found))


def _tatoeba(world: World, raw: RawSet, files: Files) -> None:
    questions = parallel(world.questions("xgqa", "test"))
    others = [language for language in LANGUAGES if language != ENGLISH]
    for language in others:
        for part, spoken in (("test", language), ("english", ENGLISH)):
            name = files[part].format(language3=LANGUAGE3[language])
            raw.lines(name, [word(question, spoken) for question in questions])
    raw.languages(others)


TARGETS: Mapping[str, Write] = {
    "xgqa_clues": _xgqa_clues,
    "xgqa_layout": _questions("xgqa"),
    "marvl": _json_lines(_marvl),
    "xvnli": _json_lines(_xvnli),
    "xnli": _xnli,
    "panx": _panx,
    "xquad": _paragraphs(_xquad),
    "xcopa": _json_lines(_xcopa),
    "xflickrco": _json_lines(
        lambda world, split, language: xflickrco_rows(captions_on(world.scenes("xgqa", split), world.seed), language)
    ),
    "tatoeba": _tatoeba,
}

DATASETS: Mapping[str, Write] = {
    "names": _names,
    "gqa": _with_pictures("gqa"),
    "xgqa": _with_pictures("xgqa"),
    **INTERMEDIATES,
    **TARGETS,
}
