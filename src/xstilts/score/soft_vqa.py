"""Accuracy of visual question answering with several annotators (VQAv2): an answer is right in as far as they agree.

The formula and the normalisation of answers are those of the official script (GT-Vision-Lab/VQA, `vqaEval.py`; Antol et
al. 2015, section 3): an answer scores min(1, matches / 3), averaged over the sets of annotators that leave one out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_ENOUGH = 3  # annotators who must give an answer for it to be wholly right
_ARTICLES = frozenset(("a", "an", "the"))
_NUMBERS = {
    word: str(number) for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
} | {"none": "0"}
_SIGNS = ';/[]"{}()=+\\_-><@`,?!'
_THOUSANDS = re.compile(r"\d,\d")
_POINT = re.compile(r"\.(?!\d)")  # a full stop, not the point of a decimal fraction

# The contractions that the script restores where one apostrophe is missing. Some common ones (I'm, we'd, she'd, let's)
# are not among them: the script would have to guess.
_CONTRACTIONS = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've must've mustn't needn't not've
    o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's
    someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've
    there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's
    what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
""".split()


def _misspellings(word: str) -> list[str]:
    """The word with one of its apostrophes left out, for each of them."""
    return [word[:place] + word[place + 1 :] for place, sign in enumerate(word) if sign == "'"]


_RESTORED = {wrong: word for word in _CONTRACTIONS for wrong in _misspellings(word)}
_RESTORED["somebody'd"] = "somebodyd"  # the script has this one the wrong way round


def soft_accuracy(prediction: str, golds: Mapping[str, float]) -> float:
    """Return the score of an answer, 0..1; 0.0 if nobody gave it.

    Args:
        prediction: in the spelling of `golds`.
        golds: {answer: score}, as a set of questions and scores comes, or from `answer_scores`.
    """
    return float(golds.get(prediction, 0.0))


def annotator_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """Return the official VQAv2 accuracy of an answer, 0..1, given what the (ten) annotators answered.

    As in the script, both sides are normalised unless all annotators gave one and the same answer.

    Args:
        answers: as they stand in the annotation file, one an annotator; at least one.
    """
    prediction, golds = _clean(prediction), [_clean(answer) for answer in answers]
    if len(set(golds)) > 1:
        prediction, golds = normalise_vqa_answer(prediction), [normalise_vqa_answer(answer) for answer in golds]
    matches = [gold == prediction for gold in golds]
    left_out = [min(1.0, (sum(matches) - match) / _ENOUGH) for match in matches]
    return sum(left_out) / len(left_out)


def answer_scores(answers: Sequence[str]) -> dict[str, float]:
    """Return {normalised answer: official accuracy} for every answer that annotators gave, best first."""
    scores = {normalise_vqa_answer(answer): annotator_accuracy(answer, answers) for answer in answers}
    return dict(sorted(scores.items(), key=lambda one: -one[1]))


def normalise_vqa_answer(answer: str) -> str:
    """Return an answer in lower case without punctuation and articles, with digits and contractions.

    A sign beside a space, or any sign in an answer with a thousands comma, is deleted; elsewhere it becomes a space.
    """
    answer = _without_signs(_clean(answer))
    words = (_NUMBERS.get(word, word) for word in answer.lower().split())
    return " ".join(_RESTORED.get(word, word) for word in words if word not in _ARTICLES)


def _clean(answer: str) -> str:
    return answer.replace("\n", " ").replace("\t", " ").strip()


def _without_signs(answer: str) -> str:
    thousands = _THOUSANDS.search(answer) is not None
    stripped = answer
    for sign in _SIGNS:
        beside_space = f"{sign} " in answer or f" {sign}" in answer
        stripped = stripped.replace(sign, "" if beside_space or thousands else " ")
    return _POINT.sub("", stripped)
