"""Sentences on scenes: captions (Flickr30k in Karpathy's layout, xFlickrCO), bare lines, and translations (Tatoeba).

A caption names every object; which facts it gives varies, but never so few that it would be true of another scene of
the split.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from xstilts.data.pictograms.nouns import LANGUAGES
from xstilts.data.pictograms.questions import Question
from xstilts.data.pictograms.scene import Placed, Scene
from xstilts.data.pictograms.telling import describe_in, tell
from xstilts.data.pictograms.wording import word

PER_SCENE = 2
# What each style says about an object.
_FACTS: Mapping[str, Callable[[Placed], Hashable]] = {
    "places": lambda placed: (placed.slot, placed.noun),
    "cards": lambda placed: (placed.noun, placed.colour, placed.size),
    "full": lambda placed: (placed.slot, placed.noun, placed.colour, placed.size),
}
SENTENCES = 500  # of Tatoeba, at most


@dataclass(frozen=True)
class Caption:
    """A caption before it is worded: what it says about a scene's objects, and in which order."""

    scene: Scene
    style: str
    objects: tuple[Placed, ...]

    def text(self, language: str) -> str:
        """The caption in a language."""
        return tell(language, self.style, self.objects).text


def captions_on(scenes: Sequence[Scene], seed: int) -> list[list[Caption]]:
    """Two captions per scene, in different styles if two styles fit no other scene.

    A scene has none if another one shows everything that it shows: every caption would fit both.
    """
    fitting = {style: _fitting(scenes, style) for style in _FACTS}
    styles = [[style for style in _FACTS if scene.id in fitting[style]] for scene in scenes]
    return [_captions(scene, own, seed) for scene, own in zip(scenes, styles, strict=True) if own]


def _captions(scene: Scene, styles: list[str], seed: int) -> list[Caption]:
    random = Random(f"{seed}:captions:{scene.id}")
    chosen = random.sample(styles, min(PER_SCENE, len(styles)))
    return [Caption(scene, style, tuple(random.sample(scene.objects, len(scene.objects)))) for style in chosen]


def _fitting(scenes: Sequence[Scene], style: str) -> set[str]:
    """The ids of the scenes whose caption in this style is true of no other scene."""
    told = {scene.id: _numbered(scene, style) for scene in scenes}
    showing: dict[Hashable, set[str]] = {}
    for identifier, facts in told.items():
        for fact in facts:
            showing.setdefault(fact, set()).add(identifier)
    return {one for one, facts in told.items() if set.intersection(*(showing[fact] for fact in facts)) == {one}}


def _numbered(scene: Scene, style: str) -> list[Hashable]:
    """The facts of a scene, with a number for repeated ones: two red dogs fit a scene with two or more."""
    seen: Counter[Hashable] = Counter()
    facts: list[Hashable] = []
    for placed in scene.objects:
        fact = _FACTS[style](placed)
        facts.append((fact, seen[fact]))
        seen[fact] += 1
    return facts


def karpathy_of(splits: Mapping[str, Sequence[Sequence[Caption]]]) -> dict[str, Any]:
    """Flickr30k's split file, in English.

    Args:
        splits: captions scene by scene, by the name of the split in that file (`train`, `val`).
    """
    images: list[dict[str, Any]] = []
    for split, scenes in splits.items():
        for captions in scenes:
            number = len(images)
            sentences = [
                {"raw": caption.text("en"), "imgid": number, "sentid": number * PER_SCENE + place}
                for place, caption in enumerate(captions)
            ]
            name = f"{captions[0].scene.id}.png"
            images.append({"filename": name, "imgid": number, "split": split, "sentences": sentences})
    return {"images": images, "dataset": "flickr30k"}


def xflickrco_rows(scenes: Iterable[Sequence[Caption]], language: str) -> Iterator[dict[str, Any]]:
    """Rows of xFlickrCO's jsonl, one per image."""
    for captions in scenes:
        scene = captions[0].scene.id
        yield {"sentences": [one.text(language) for one in captions], "id": scene, "img_path": f"{scene}.png"}


def turn_of(scenes: Sequence[Scene], language: str) -> Sequence[Scene]:
    """Every eighth scene: languages take turns, so that no scene is described in two."""
    return scenes[LANGUAGES.index(language) :: len(LANGUAGES)] or scenes[:1]


def lines_of(scenes: Sequence[Scene], language: str, seed: int) -> list[str]:
    """Descriptions and captions of scenes."""
    descriptions = [describe_in(language, scene, seed).text for scene in scenes]
    return descriptions + [captions[0].text(language) for captions in captions_on(scenes, seed)]


def parallel(questions: Iterable[Question]) -> list[Question]:
    """The first questions whose wording is unique in every language, so that each has exactly one right translation."""
    worded = [(question, tuple(word(question, language) for language in LANGUAGES)) for question in questions]
    seen = [Counter(texts[place] for _, texts in worded) for place in range(len(LANGUAGES))]
    unique = [one for one, texts in worded if all(own[text] == 1 for own, text in zip(seen, texts, strict=True))]
    return unique[:SENTENCES]
