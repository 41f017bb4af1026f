"""The test questions of a target as a system sees them: parsed, and beside them the scenes that they are asked of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import open_rows
from xstilts.model.layouts import LayoutHead
from xstilts.programs.scene import Scene, read_scenes
from xstilts.score.predictions import each_batch
from xstilts.score.scoring import SHOWN, Scoring, open_scoring
from xstilts.score.settings import ScoreSettings
from xstilts.systems.choosing import System, make_system
from xstilts.systems.naming import Parsed, also_spans, learn_names
from xstilts.systems.posterior import Posterior
from xstilts.systems.settings import SystemSettings
from xstilts.train.examples import Examples
from xstilts.train.pictures import Shown


@dataclass(frozen=True)
class Parser:
    """Where a parser and what belongs to it lie.

    Attributes:
        checkpoint: of the layout task.
        public: phase 0.
        cache: the layout task's, with the same test questions as the target's.
        perception: of the target's images.
    """

    checkpoint: Path
    public: Path
    cache: Path
    perception: Path


@dataclass(frozen=True)
class Questions:
    """The test questions of a target.

    Attributes:
        target, parsing: what is scored, and the layout task whose questions are the same.
        system: that answers.
        examples: the target's rows, by what is done to their pictures.
        scenes: likewise, the scene of each row, an empty one where it is shown none.
        names: see `SystemSettings`.
    """

    target: Scoring
    parsing: Scoring
    system: System
    examples: Mapping[Shown, Examples]
    scenes: Mapping[Shown, Sequence[Scene]]
    names: str

    @classmethod
    def open(
        cls, target: Scoring, parser: Parser, settings: SystemSettings, score: ScoreSettings, pictures: Sequence[Shown]
    ) -> Questions:
        """The questions of a target with a parser.

        Raises:
            DataError: an image that perception does not have.
            ParameterError: an option of `score` that is for an answer head alone.
        """
        if score.prior != "none":
            raise ParameterError("score.prior is for recipes without a system; set it to none")
        parsing = open_scoring(parser.checkpoint, parser.public, parser.cache / "test", score)
        system = make_system(parsing.card["labels"], open_rows(parser.cache / "learn/train.arrow"), settings)
        known, examples = read_scenes(parser.perception), {one: target.examples(one) for one in pictures}
        scenes = {one: _pictured(some, known, parser.perception) for one, some in examples.items()}
        return cls(target, parsing, system, examples, scenes, settings.names)

    def parse(self, parsing: Scoring) -> Parsed:
        """What the parser says of each row; `DataError` for a question that it has not been given.

        Args:
            parsing: of the layout task, with states centred or not.
        """
        parses, found = parse_all(parsing)
        places = {key: row for row, key in enumerate(zip(parses.languages, parses.ids, strict=True))}
        rows, examples = [], self.examples[SHOWN]
        for key in zip(examples.languages, examples.ids, strict=True):
            if key not in places:
                lacks, expected = f"a question in '{key[0]}' without a layout", "the same questions in the layout task"
                raise DataError(self.target.path, key[1], lacks, expected, "compare both")
            rows.append(places[key])
        return found.take(np.array(rows))

    def renamed(self, parsed: Parsed) -> Parsed | None:
        """The same with names learned from pictures; None where names are English ones."""
        if self.names == "english" or not isinstance(self.system, Posterior):
            return None
        examples = self.examples[SHOWN]
        return learn_names(parsed, examples.languages, examples.ids, self.scenes[SHOWN], self.system)


def parse_all(parsing: Scoring) -> tuple[Examples, Parsed]:
    """The rows of a layout task, and what its parser says of each."""
    model, examples = parsing.model(), parsing.examples()
    head = model.head(parsing.task)
    assert isinstance(head, LayoutHead)
    scores = np.zeros((len(examples), sum(head.vocabulary.parts)), np.float32)
    read = np.zeros((len(examples), len(head.vocabulary.columns), model.encoder.hidden), np.float32)
    with also_spans(head):
        for rows, _, logits in each_batch(model, examples, parsing.settings, parsing.task):
            found = logits.float().cpu().numpy()
            scores[rows] = found[:, : scores.shape[1]]
            read[rows] = found[:, scores.shape[1] :].reshape(len(rows), *read.shape[1:])
    names = {kind: own.detach().float().cpu().numpy() for kind, own in head.names.items()}
    return examples, Parsed(scores, read, names, float(head.scale.detach().exp()))


def _pictured(examples: Examples, scenes: Mapping[str, Scene], perception: Path) -> list[Scene]:
    """The scene that each row is shown; of a target without features, that of its image."""
    names: list[str] = examples.table["image_id"].to_pylist()
    for features in examples.pictures.features.values():
        names = [features.images[image] if image >= 0 else "" for image in examples.pictures.images[:, 0]]
    if missing := sorted(set(names) - set(scenes) - {""}):
        found, expected = f"no scene of image {missing[0]}", "one of every image of the target"
        raise DataError(perception, None, found, expected, "run `dvc repro`")
    return [scenes[name] if name else Scene("", ()) for name in names]
