"""Making the raw sets of the embedded world, each from the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from xstilts.base.files import whole_directory
from xstilts.data.layout import LAYOUT
from xstilts.data.pictograms.files import RawSet
from xstilts.data.pictograms.gqa import questions_in, scene_graphs
from xstilts.data.pictograms.intermediates import INTERMEDIATES
from xstilts.data.pictograms.names import naming
from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.render import Renderer
from xstilts.data.pictograms.targets import TARGETS
from xstilts.data.pictograms.world import World

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


DATASETS: Mapping[str, Callable[[World, RawSet], None]] = {
    "names": _names,
    "gqa": _gqa,
    "xgqa": _xgqa,
    **INTERMEDIATES,
    **TARGETS,
}
