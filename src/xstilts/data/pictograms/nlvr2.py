"""Claims about two pictures in the layouts of NLVR2 and MaRVL.

The pictures are those of `gqa` and `xgqa`, so a row names them itself (`left_img`, `right_img`, as MaRVL's do).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from xstilts.data.pictograms.claims import word_claim
from xstilts.data.pictograms.pairs import ROUNDS, Judged, judged_of, pairs_of
from xstilts.data.pictograms.scene import Scene

Row = dict[str, object]


def judged_on(scenes: Sequence[Scene], split: str, seed: int) -> list[Judged]:
    """The claims of a split and the pairs they are judged of; ids in NLVR2's form, `train-12-0-3`."""
    name = {"test": "test1"}.get(split, split)
    return judged_of(pairs_of(scenes, name, ROUNDS[split], seed), seed)


def nlvr2_rows(judged: Iterable[Judged]) -> Iterator[Row]:
    """Rows of NLVR2's jsonl."""
    for one in judged:
        sentence = word_claim(one.claim, "en", "pairs").text
        yield {"identifier": one.id, "sentence": sentence, "label": str(one.true), **_images(one)}


def marvl_rows(judged: Iterable[Judged], language: str) -> Iterator[Row]:
    """Rows of MaRVL's jsonl; ids and pictures are the same in every language."""
    for one in judged:
        concept, caption = "-".join(one.claim.nouns) or "card", word_claim(one.claim, language, "pairs").text
        said = {"concept": concept, "language": language, "caption": caption}
        yield {**said, **_images(one), "id": one.id, "label": one.true}


def _images(one: Judged) -> Row:
    return {"left_img": f"{one.pair.left.id}.png", "right_img": f"{one.pair.right.id}.png"}
