"""Hypotheses on scenes: true of the scene, false, or decided neither by the image nor by the text.

In English on the scenes of `gqa`, in the layouts of MultiNLI and SNLI-VE. These are twins: the same hypotheses and
labels, about the description and about the image. In eight languages on the scenes of `xgqa`, in the layouts of XVNLI
(on the image) and XNLI (on a text).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from xstilts.data.pictograms.claims import Claim, contrasts_on, undecided_on, word_claim
from xstilts.data.pictograms.families import FAMILIES, Candidate, absent_nouns, all_candidates, present_nouns
from xstilts.data.pictograms.nouns import load_nouns, read_package_yaml
from xstilts.data.pictograms.questions import Balance
from xstilts.data.pictograms.scene import COLOURS, Scene
from xstilts.data.pictograms.telling import counted, describe, describe_in
from xstilts.data.pictograms.wording import arguments, capitalise, noun_forms, pick

ENTAILMENT, NEUTRAL, CONTRADICTION = LABELS = ("entailment", "neutral", "contradiction")
NUMBERS = {"1": "one", "2": "two", "3": "three", "4": "four"}
_CLAIMING = ("side", "half", "beside", "stacked", "which_size", "count")
_RELATING = ("left_of", "right_of", "above", "below")
Row = dict[str, object]
SCENES: Mapping[str, int] = {"train": 1200, "dev": 100, "test": 150}  # at most, three hypotheses each


@dataclass(frozen=True)
class Statement(Candidate):
    """A hypothesis before it is worded; `answer` is its label.

    Attributes:
        claim: what the template's field `claim` is filled with.
    """

    claim: str = ""


@dataclass(frozen=True)
class EnglishHypothesis:
    """A worded hypothesis on a scene."""

    id: str
    scene: Scene
    label: str
    sentence: str


def hypotheses_on(scenes: Iterable[Scene], seed: int) -> list[EnglishHypothesis]:
    """Three hypotheses per scene, one for each label, in random order; families take turns."""
    english = read_package_yaml("english.yaml")
    templates = {**english["statements"], **english["neutral"]}
    shares, answers = dict.fromkeys(templates, 1.0), dict.fromkeys(templates, ())
    balances: dict[str, Balance[Statement]] = {label: Balance(shares, answers) for label in LABELS}
    found: list[EnglishHypothesis] = []
    for scene in scenes:
        random = Random(f"{seed}:hypotheses:{scene.id}")
        statements = [*_decided(scene, random), *_undecided(scene, random)]
        for number, label in enumerate(random.sample(LABELS, len(LABELS))):
            own = [one for one in statements if one.answer == label]
            [chosen] = balances[label].choose(own, 1, random)
            key = f"{scene.id}-h{number}"
            template = pick(templates[chosen.family], key)
            sentence = template.format(claim=chosen.claim, **arguments(chosen, "en"))
            found.append(EnglishHypothesis(key, scene, label, capitalise(sentence)))
    return found


def mnli_rows(hypotheses: Iterable[EnglishHypothesis], seed: int) -> Iterator[Row]:
    """Rows of MultiNLI's jsonl: the premise is the scene's description."""
    for one in hypotheses:
        text = {"sentence1": describe(one.scene, seed).text, "sentence2": one.sentence}
        yield {**_labels(one), "genre": "pictograms", "promptID": one.scene.id, **text}


def snli_ve_rows(hypotheses: Iterable[EnglishHypothesis]) -> Iterator[Row]:
    """Rows of SNLI-VE's jsonl: the premise is the image."""
    for one in hypotheses:
        yield {**_labels(one), "Flickr30K_ID": one.scene.id, "sentence2": one.sentence}


def _labels(one: EnglishHypothesis) -> Row:
    return {"annotator_labels": [one.label], "gold_label": one.label, "pairID": one.id}


def _decided(scene: Scene, random: Random) -> Iterator[Statement]:
    """Statements that the scene makes true or false."""
    for asked in all_candidates(scene, random):
        family, nouns, colours = asked.family, asked.nouns, asked.colours
        if FAMILIES[family].answers == ("yes", "no"):
            yield Statement(family, _label(asked.answer == "yes"), nouns, colours)
        if family == "exist":
            yield Statement("absent", _label(asked.answer == "no"), nouns)
        if family == "exist" and asked.answer == "no":  # else "exactly one" would nearly always be true
            yield Statement("count", CONTRADICTION, nouns, (), _claim("count", "1", nouns))
        if family in _CLAIMING:
            for claim in FAMILIES[family].answers:
                label, worded = _label(claim == asked.answer), _claim(family, claim, nouns)
                yield Statement(family, label, nouns, colours, worded)
        if family in _RELATING:
            shown = sorted(set(present_nouns(scene)) - set(nouns))
            for noun in [*shown, *absent_nouns(scene, random)[:1]]:
                yield Statement(family, _label(noun == asked.answer), nouns, (), noun_forms(noun, "en").a)


def _undecided(scene: Scene, random: Random) -> Iterator[Statement]:
    """Statements about which neither image nor description says anything."""
    for noun in absent_nouns(scene, random):
        yield Statement("outside", NEUTRAL, (noun,))
    names = [placed.noun for placed in scene.unique()]
    for name in names:
        yield Statement(load_nouns()[name].kind, NEUTRAL, (name,))
        yield Statement("yesterday", NEUTRAL, (name,), (), random.choice(("left", "right")))
        for family in ("back_colour", "earlier_colour"):
            yield Statement(family, NEUTRAL, (name,), (random.choice(COLOURS),))
        for family in ("older", "same_artist"):
            yield from (Statement(family, NEUTRAL, (name, other)) for other in names if other != name)
        yield Statement("back_noun", NEUTRAL, (name, random.choice(absent_nouns(scene, random))))


def _claim(family: str, claim: str, nouns: tuple[str, ...]) -> str:
    return counted(nouns[0], NUMBERS[claim]) if family == "count" else claim


def _label(true: bool) -> str:
    return ENTAILMENT if true else CONTRADICTION


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
    """Three hypotheses per scene, one for each label, in random order."""
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
    """Rows of XVNLI's jsonl (the image's key is misspelt there); `sentence1` is a description of the image."""
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
