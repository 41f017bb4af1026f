"""Making the raw sets of the embedded world, each from the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xstilts.cache import whole_directory
from xstilts.data.layout import LAYOUT
from xstilts.data.pictograms.entailment import hypotheses_on, mnli_rows, snli_ve_rows
from xstilts.data.pictograms.files import RawSet
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.names import naming
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.questions import Question, questions_on
from xstilts.data.pictograms.render import Renderer
from xstilts.data.pictograms.scene import Scene, scenes_of
from xstilts.data.pictograms.squad import count_questions, squad_of


@dataclass(frozen=True)
class World:
    """What the embedded world is made from.

    Attributes:
        assets: directory with the downloaded wheels (drawings).
        seed: the same seed gives the same bytes.
        share: the part of every split's scenes that is made, over 0, up to 1.
    """

    assets: Path
    seed: int = 0
    share: float = 1.0

    def scenes(self, dataset: str, split: str) -> list[Scene]:
        """The scenes of a split."""
        return scenes_of(dataset, split, self.seed, self.share)

    def questions(self, dataset: str, split: str) -> list[Question]:
        """The questions of a split."""
        return questions_on(self.scenes(dataset, split), split, self.seed)


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
    for split, name in LAYOUT["gqa"].items():
        questions = world.questions("gqa", split)
        raw.json(name, questions_in("en", questions), len(questions))
    _write_scenes(world, raw, "gqa")


def _xgqa(world: World, raw: RawSet) -> None:
    for split, name in LAYOUT["xgqa"].items():
        questions = world.questions("xgqa", split)
        for language in LANGUAGES if "{language}" in name else ("en",):
            raw.json(name.format(language=language), questions_in(language, questions), len(questions))
    _write_scenes(world, raw, "xgqa")


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


DATASETS: Mapping[str, Callable[[World, RawSet], None]] = {
    "names": _names,
    "gqa": _gqa,
    "xgqa": _xgqa,
    "squad": _squad,
    "mnli": _mnli,
    "snli_ve": _snli_ve,
}
