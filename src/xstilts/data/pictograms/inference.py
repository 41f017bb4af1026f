"""Hypotheses in eight languages on xGQA's scenes, in the layouts of XVNLI (on the image) and XNLI (on a text).

Of every scene one claim is true, its twin false, and one claim is decided by neither the image nor the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from xstilts.data.pictograms.claims import NEUTRAL, Claim, contrasts_on, undecided_on, word_claim
from xstilts.data.pictograms.scene import Scene
from xstilts.data.pictograms.telling import describe_in

SCENES: Mapping[str, int] = {"train": 1200, "dev": 100, "test": 150}  # at most, three hypotheses each
Row = dict[str, object]


@dataclass(frozen=True)
class Hypothesis:
    """A claim on a scene, its label, and the section of the language files that words it."""

    id: str
    scene: Scene
    label: str
    claim: Claim
    section: str

    def text(self, language: str) -> str:
        """The hypothesis in a language."""
        return word_claim(self.claim, language, self.section).text


def hypotheses_of(scenes: Sequence[Scene], split: str, seed: int) -> list[Hypothesis]:
    """Three hypotheses a scene, one of each label, in random order."""
    own, found = scenes[: SCENES[split]], list[Hypothesis]()
    decided, undecided = contrasts_on(own, 1, seed, "inference"), undecided_on(own, seed, "inference")
    for (scene, [contrast]), (_, neutral) in zip(decided, undecided, strict=True):
        labelled = [("entailment", contrast.true), ("contradiction", contrast.false), ("neutral", neutral)]
        random = Random(f"{seed}:inference:order:{scene.id}")
        for number, (label, claim) in enumerate(random.sample(labelled, len(labelled))):
            section = NEUTRAL if label == "neutral" else "statements"
            found.append(Hypothesis(f"{scene.id}-n{number}", scene, label, claim, section))
    return found


def xvnli_rows(hypotheses: Iterable[Hypothesis], language: str, seed: int) -> Iterator[Row]:
    """Rows of XVNLI's jsonl (the image's key is spelt as there); `sentence1` is a description of the image."""
    for one in hypotheses:
        yield {**_row(one, language, seed), "Flikr30kID": one.scene.id}


def xnli_rows(hypotheses: Iterable[Hypothesis], language: str, seed: int) -> Iterator[Row]:
    """Rows of MultiNLI's jsonl; the premise is the description."""
    for one in hypotheses:
        yield {**_row(one, language, seed), "promptID": one.scene.id}


def pair_lines(hypotheses: Iterable[Hypothesis], language: str, seed: int) -> Iterator[str]:
    """Lines of XTREME's XNLI files: premise, hypothesis, label."""
    for one in hypotheses:
        yield "\t".join((describe_in(language, one.scene, seed).text, one.text(language), one.label))


def _row(one: Hypothesis, language: str, seed: int) -> Row:
    texts = {"sentence1": describe_in(language, one.scene, seed).text, "sentence2": one.text(language)}
    return {"pairID": one.id, "gold_label": one.label, **texts}
