"""Loss terms beside a task's own; the setting `terms` names them with their weights: `terms: {public_distance: 0.1}`.

A new term is a class here (see `xstilts.model.multitask.Term`), its entry in `TERMS`, and its name in
`xstilts.train.settings.TERM_NAMES`, by which the check of parameters knows it. A term has neither trained
weights nor a state of its own: nothing of it is in a checkpoint, nor in the state from which a run resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from xstilts.base.errors import ParameterError, XstiltsError
from xstilts.model.batch import Batch
from xstilts.model.checkpoint import load_encoder
from xstilts.model.encoder import Encoded
from xstilts.model.feature_map import apply_map
from xstilts.model.heads import LabelHead
from xstilts.model.multitask import MultitaskModel, Over, Term
from xstilts.model.vocabulary import kept_ids
from xstilts.train.processes import Processes
from xstilts.train.settings import TERM_NAMES, TrainSettings

LIKELIEST = 10  # answers that count for `AnswerDistance`


class PublicDistance:
    """The squared distance of a text's mean state from the public encoder's, as a mean over `hidden`.

    It keeps the encoder close to the space that its languages share, which training on English pulls it out of. For an
    example with choices it is the mean over these. The public encoder reads the same batch, without dropout.
    """

    over: Over = "examples"

    def __init__(self, public: Path, model: MultitaskModel, device: torch.device) -> None:
        self.encoder = load_encoder(public, token_ids=kept_ids(model.encoder.words).numpy()).to(device).eval()
        self.encoder.requires_grad_(False)

    def __call__(self, model: MultitaskModel, batch: Batch, encoded: Encoded) -> Tensor:
        """The sum over the batch's examples, float32 scalar."""
        with torch.no_grad():
            public: Encoded = self.encoder(apply_map(model.inputs, batch))
        distances: Tensor = (encoded.text_mean() - public.text_mean()).square().mean(-1)
        distances = distances.view(-1, batch.choices)
        if batch.choice_mask is None:
            return distances.sum()
        means: Tensor = (distances * batch.choice_mask).sum(1) / batch.choice_mask.sum(1)
        return means.sum()


class AnswerDistance:
    """How far from the right answer the likeliest answers lie: their distances, weighted by their probabilities.

    It is the linguistic prior of Nooralahzadeh & Sennrich 2023 (Improving the Cross-Lingual Generalisation in Visual
    Question Answering): a wrong answer that means nearly the same costs less. The distance is 1 minus the cosine of the
    answers' vectors, and the `LIKELIEST` best answers count. Vectors are those that the head starts at, the public
    encoder's embeddings of the answers. An example whose answer is outside the vocabulary adds nothing.

    Raises:
        ParameterError: a task that is not answered from a vocabulary.
    """

    over: Over = "examples"

    def __init__(self, public: Path, model: MultitaskModel, device: torch.device) -> None:
        self.distances: dict[str, Tensor] = {}
        for task, card in model.cards.items():
            head = model.head(task)
            if card["kind"] != "vqa" or not isinstance(head, LabelHead):
                raise ParameterError(f"terms: answer_distance is for vqa tasks; {task} is of kind {card['kind']}")
            rows = F.normalize(head.output.weight.detach(), dim=-1)
            self.distances[task] = (1 - rows @ rows.T).to(device)

    def __call__(self, model: MultitaskModel, batch: Batch, encoded: Encoded) -> Tensor:
        """The sum over the batch's examples, float32 scalar."""
        chances = model.logits_of(encoded, batch).softmax(-1)
        likely, best = chances.topk(min(LIKELIEST, chances.shape[-1]), dim=-1)
        far = self.distances[batch.task][batch.label.clamp(min=0)].gather(1, best)
        total: Tensor = ((likely * far).sum(-1) * (batch.label >= 0)).sum()
        return total


TERMS: Mapping[str, Callable[[Path, MultitaskModel, torch.device], Term]] = {
    "public_distance": PublicDistance,
    "answer_distance": AnswerDistance,
}
if set(TERMS) != set(TERM_NAMES):
    raise XstiltsError(f"xstilts.train.settings.TERM_NAMES: {TERM_NAMES}, expected those of TERMS: {(*TERMS,)}")


def make_terms(
    settings: TrainSettings, public: Path, model: MultitaskModel, processes: Processes
) -> tuple[tuple[float, Term], ...]:
    """The terms that the settings name, each with its weight.

    Args:
        public: phase 0.
        model: the model as it will be trained, its vocabulary trimmed.

    Raises:
        ParameterError: a term over whole updates where an update is worked out in pieces.
    """
    made = {name: TERMS[name](public, model, processes.device) for name in settings.terms}
    for name, term in made.items():
        if term.over == "update" and (settings.accumulation > 1 or processes.count > 1):
            found = f"accumulation is {settings.accumulation} and there are {processes.count} processes"
            todo = "set accumulation to 1 (and raise batch_size and token_budget instead) and train in one process"
            raise ParameterError(f"terms: {name} needs every update in one piece, but {found}; {todo}")
    return tuple((settings.terms[name], term) for name, term in made.items())
