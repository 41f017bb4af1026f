"""A description and two claims of which it makes one true, in XCOPA's layout; the question is always `effect`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from xstilts.data.pictograms.claims import Contrast, contrasts_on, word_claim
from xstilts.data.pictograms.scene import Scene
from xstilts.data.pictograms.telling import describe_in

SCENES: Mapping[str, int] = {"train": 1200, "dev": 150, "test": 200}  # at most, two contrasts each
PER_SCENE = 2


@dataclass(frozen=True)
class Alternative:
    """A contrast on a scene and which of the two choices is the true claim."""

    scene: Scene
    contrast: Contrast
    label: int


def alternatives_of(scenes: Sequence[Scene], split: str, seed: int) -> list[Alternative]:
    """Up to two contrasts a scene; of a scene's two the true claim is the first choice once."""
    found: list[Alternative] = []
    for scene, contrasts in contrasts_on(scenes[: SCENES[split]], PER_SCENE, seed, "alternatives"):
        labels = Random(f"{seed}:alternatives:order:{scene.id}").sample((0, 1), 2)
        found += [Alternative(scene, one, label) for one, label in zip(contrasts, labels, strict=False)]
    return found


def xcopa_rows(alternatives: Iterable[Alternative], language: str, seed: int) -> Iterator[dict[str, object]]:
    """Rows of XCOPA's jsonl."""
    for number, one in enumerate(alternatives):
        claims = [one.contrast.true, one.contrast.false][:: -1 if one.label else 1]
        choices = [word_claim(claim, language).text for claim in claims]
        yield {
            "premise": describe_in(language, one.scene, seed).text,
            "choice1": choices[0],
            "choice2": choices[1],
            "question": "effect",
            "label": one.label,
            "idx": number,
        }
