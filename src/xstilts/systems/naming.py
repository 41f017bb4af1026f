"""What a language calls the concepts, learned from its questions and the pictures that they are asked of.

Nobody says which word means what. But where a picture shows four things, a question about one of them is likelier to
name one of the four; over many questions and pictures that tells the words apart, as it does for children (Siskind
1996, A Computational Study of Cross-Situational Techniques for Learning Word-to-Meaning Mappings). Here it is some
rounds of expectation-maximisation: of each question, the concepts that its words and its picture make likely; and then
each concept's vector, moved from its English name to the mean of what was read where it is likely.

It uses no labels, but unlabelled questions of the language with their pictures, so it is *transductive*: what is
learned from one half of the test questions is used for the other, never for themselves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xstilts.model.batch import Batch
from xstilts.model.encoder import Encoded
from xstilts.model.layouts import LayoutHead
from xstilts.programs.scene import Scene
from xstilts.score.halves import ENGLISH
from xstilts.systems.posterior import Posterior

ROUNDS = 3
NAME = 3.0  # how many readings the English name counts as


@dataclass(frozen=True)
class Parsed:
    """What a parser says of questions.

    Attributes:
        scores: log-probabilities, float32 `[questions, outputs]`.
        spans: what each of its queries read, as unit vectors, float32 `[questions, columns, hidden]`.
        names: by type, the concepts' vectors, unit vectors, float32 `[concepts, hidden]`.
        scale: what cosines of the two are multiplied by.
    """

    scores: np.ndarray
    spans: np.ndarray
    names: Mapping[str, np.ndarray]
    scale: float

    def take(self, rows: np.ndarray) -> Parsed:
        """Some of the questions."""
        return replace(self, scores=self.scores[rows], spans=self.spans[rows])


def spans(head: LayoutHead, encoded: Encoded) -> Tensor:
    """What the queries of a layout head read in each text, as it compares it with names: `[batch, columns, hidden]`."""
    states, mask = encoded.text(), encoded.text_mask()
    attention = head.focus.exp() * head.queries(F.layer_norm(states, states.shape[-1:])).transpose(1, 2)
    weights = attention.masked_fill(~mask[:, None], torch.finfo(attention.dtype).min).softmax(-1)
    centres = torch.stack([head.centres[kind] for kind, _ in head.vocabulary.columns])
    return F.normalize(weights @ head.read(states) - centres, dim=-1)


@contextmanager
def also_spans(head: LayoutHead) -> Iterator[None]:
    """Within it, the head returns what its queries read behind its log-probabilities: `columns * hidden` numbers."""

    def widen(module: nn.Module, inputs: tuple[Encoded, Batch], output: Tensor) -> Tensor:
        return torch.cat([output, spans(head, inputs[0]).flatten(1)], dim=1)

    hook = head.register_forward_hook(widen)
    try:
        yield
    finally:
        hook.remove()


Groups = Mapping[tuple[str, int], np.ndarray]  # rows by language and half
Names = Mapping[str, np.ndarray]  # unit vectors of the concepts, by type


def learn_names(
    parsed: Parsed, languages: np.ndarray, ids: Sequence[str], scenes: Sequence[Scene], posterior: Posterior
) -> Parsed:
    """The questions as they are parsed with names learned from the other half of their language; English as it was.

    Args:
        languages, ids, scenes: of each question; halves are of ids, so they are the same in every language.
    """
    halves = np.array([zlib.crc32(one.encode()) % 2 for one in ids])
    keys = product(sorted(set(languages) - {ENGLISH}), (0, 1))
    groups = {(code, half): np.flatnonzero((languages == code) & (halves == half)) for code, half in keys}
    names: dict[tuple[str, int], Names] = dict.fromkeys(groups, parsed.names)
    for _ in range(ROUNDS):
        likely = _concepts(_rescored(parsed, groups, names, posterior), scenes, languages != ENGLISH, posterior)
        names = {group: _named(parsed, rows, likely, posterior) for group, rows in groups.items()}
    other_half = {(code, half): names[code, 1 - half] for code, half in groups}
    return replace(parsed, scores=_rescored(parsed, groups, other_half, posterior))


def _concepts(
    scores: np.ndarray, scenes: Sequence[Scene], chosen: np.ndarray, posterior: Posterior
) -> list[np.ndarray]:
    """How likely each concept fills each column, see `Posterior.concepts`; zeros in rows that are not chosen."""
    found = [np.zeros((len(scores), count)) for count in posterior.vocabulary.parts[1:]]
    for rows in rows_by_scene(scenes, chosen):
        for column, likely in zip(found, posterior.concepts(scores[rows], scenes[rows[0]]), strict=True):
            column[rows] = likely
    return found


def _named(parsed: Parsed, rows: np.ndarray, likely: Sequence[np.ndarray], posterior: Posterior) -> Names:
    """The concepts as some questions name them: mean of what was read where each is likely, and of its English name."""
    read = {kind: NAME * own for kind, own in parsed.names.items()}
    for place, (kind, _) in enumerate(posterior.vocabulary.columns):
        read[kind] = read[kind] + likely[place][rows].T @ parsed.spans[rows, place]
    return {kind: own / np.linalg.norm(own, axis=1, keepdims=True) for kind, own in read.items()}


def _rescored(
    parsed: Parsed, groups: Groups, names: Mapping[tuple[str, int], Names], posterior: Posterior
) -> np.ndarray:
    """The scores of all questions, those of each group with its own names: float32 `[questions, outputs]`."""
    found, count = parsed.scores.copy(), len(posterior.vocabulary.templates)
    for group, rows in groups.items():
        columns = [
            log_softmax(parsed.scale * parsed.spans[rows, place] @ names[group][kind].T)
            for place, (kind, _) in enumerate(posterior.vocabulary.columns)
        ]
        found[rows, count:] = np.concatenate(columns, axis=1)
    return found


def rows_by_scene(scenes: Sequence[Scene], chosen: np.ndarray | None = None) -> list[np.ndarray]:
    """The questions, or those of them that are chosen, of each scene: int64 `[questions]` each."""
    found: dict[str, list[int]] = {}
    for row, scene in enumerate(scenes):
        if chosen is None or chosen[row]:
            found.setdefault(scene.id, []).append(row)
    return [np.array(rows) for rows in found.values()]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities, `[rows, classes]`."""
    shifted = logits - logits.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))
