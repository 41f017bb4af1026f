"""The likeliest answer: sums over all layouts that run, and names that are learned from pictures."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import exp, log

import numpy as np
import pytest

from program_fixtures import Questions
from xstilts.base.errors import ParameterError
from xstilts.programs.layout import Layout, read_layout
from xstilts.programs.lexicon import Lexicon
from xstilts.programs.scene import Scene
from xstilts.programs.vocabulary import Vocabulary, collect_labels
from xstilts.score.beams import Beams
from xstilts.systems.modules import Modules
from xstilts.systems.naming import Parsed, learn_names
from xstilts.systems.posterior import Posterior
from xstilts.systems.settings import SystemSettings
from xstilts.systems.tables import Tables

WORLD = SystemSettings(name=0.5, relation=1.0, definite=True, answer="likeliest")


@pytest.fixture(scope="module")
def asked(world_questions: Questions) -> list[tuple[Layout, str]]:
    return [(read_layout(one["semantic"], "test", key), one["answer"]) for key, one in world_questions.items()]


@pytest.fixture(scope="module")
def posterior(asked: list[tuple[Layout, str]], world_lexicon: Lexicon) -> Posterior:
    labels = collect_labels([layout for layout, _ in asked])
    modules = Modules(world_lexicon, {}, WORLD)
    return Posterior(Tables(Vocabulary(tuple(labels)), modules, asked), modules, Beams(labels))


def scores_of(posterior: Posterior, questions: int, seed: int = 0) -> np.ndarray:
    """Log-probabilities of templates and of each column's concepts."""
    parts = [np.random.default_rng(seed).normal(0, 3, (questions, count)) for count in posterior.vocabulary.parts]
    return np.concatenate([part - np.log(np.exp(part).sum(1, keepdims=True)) for part in parts], axis=1)


def every_layout(posterior: Posterior, scores: np.ndarray, scene: Scene) -> list[tuple[int, str, float]]:
    """Template, answer and log-probability of each layout that runs and does not name one thing of the scene twice."""
    vocabulary, found = posterior.vocabulary, []
    templates, *columns = np.split(scores, np.cumsum(vocabulary.parts)[:-1])
    names = {thing_name for thing in scene.things for thing_name in thing.names}
    for index, template in enumerate(vocabulary.templates):
        own = [columns[vocabulary.columns.index(column)] for column in template.columns]
        concepts = [list(vocabulary.concepts[kind]) for kind, _ in template.columns]
        for places in product(*(range(len(some)) for some in concepts)):
            values = [some[place] for some, place in zip(concepts, places, strict=True)]
            twice = len(set(values)) < len(values) and names & posterior.modules.lexicon.names(values[0])
            if not twice and (answer := posterior.modules.answer(template.fill(values), scene)):
                chance = templates[index] + sum(column[place] for column, place in zip(own, places, strict=True))
                found.append((index, answer, float(chance)))
    return found


def expected(
    posterior: Posterior, asked: list[tuple[Layout, str]], scores: np.ndarray, scene: Scene
) -> dict[str, float]:
    """Each answer's share, one layout after the other."""
    ran = every_layout(posterior, scores, scene)
    here = Counter((index, answer) for index, answer, _ in ran)
    usual = Counter((posterior.vocabulary.encode(layout)[0], answer) for layout, answer in asked)
    shares: Counter[str] = Counter()
    for index, answer, chance in ran:
        all_here = sum(usual[index, other] + 0.5 for template, other in here if template == index)
        often = (usual[index, answer] + 0.5) / all_here
        shares[answer] += exp(chance + log(often / here[index, answer]) + size(posterior, index))
    return {answer: share / shares.total() for answer, share in shares.items()}


def size(posterior: Posterior, index: int) -> float:
    """The logarithm of how many layouts a template has."""
    vocabulary = posterior.vocabulary
    return sum(log(len(vocabulary.concepts[kind])) for kind, _ in vocabulary.templates[index].columns)


def test_answers_are_those_of_all_layouts_one_by_one(
    posterior: Posterior, asked: list[tuple[Layout, str]], world_scenes: dict[str, Scene]
) -> None:
    for seed, scene in enumerate(list(world_scenes.values())[:2]):
        (scores,) = scores_of(posterior, 1, seed)
        shares = expected(posterior, asked, scores, scene)
        found: Counter[str] = Counter()
        for weighed in posterior.weigh(scores[None], scene):
            for answer in set(weighed.table.texts) - {""}:
                found[answer] += float(weighed.shares[0][weighed.table.gives(answer)].sum())
        assert dict(found) == pytest.approx(shares, abs=2e-3)
        (solved,) = posterior.solve(scores[None], scene)
        assert solved.answer("none") == max(shares, key=lambda answer: shares[answer])


def test_a_sure_parse_is_run_as_it_is(
    posterior: Posterior, world_questions: Questions, world_scenes: dict[str, Scene], asked: list[tuple[Layout, str]]
) -> None:
    entries = list(world_questions.values())[:60]
    for entry, (layout, answer) in zip(entries, asked, strict=False):
        template, concepts = posterior.vocabulary.encode(layout)
        places = [template, *posterior.vocabulary.places(concepts)]
        sure = [np.full(count, -30.0) for count in posterior.vocabulary.parts]
        for part, place in zip(sure, places, strict=True):
            part[place if place >= 0 else 0] = 0.0
        (solved,) = posterior.solve(np.concatenate(sure)[None], world_scenes[entry["imageId"]])
        assert (solved.layout, solved.answer("none"), solved.rank) == (layout, answer, 0)


def test_concepts_add_up_to_the_slots_that_questions_have(posterior: Posterior, world_scenes: dict[str, Scene]) -> None:
    scores, scene = scores_of(posterior, 3), next(iter(world_scenes.values()))
    weighed = posterior.weigh(scores, scene)
    for place, found in enumerate(posterior.concepts(scores, scene)):
        has = [one.shares.reshape(3, -1).sum(1) for one in weighed if place in one.table.columns]
        np.testing.assert_allclose(found.sum(1), np.sum(has, axis=0), atol=1e-6)


def test_on_a_picture_without_objects_only_what_asks_whether_is_answered(posterior: Posterior) -> None:
    solved = posterior.solve(scores_of(posterior, 20), Scene("", ()))
    assert {one.answer("none") for one in solved} <= {"no", ""}


def test_names_are_learned_from_questions_and_their_pictures(
    posterior: Posterior, world_questions: Questions, world_scenes: dict[str, Scene], asked: list[tuple[Layout, str]]
) -> None:
    """A language whose words for things are nobody's: what was read of a thing is a vector of its own."""
    vocabulary, random = posterior.vocabulary, np.random.default_rng(0)
    names = {kind: np.eye(128)[: len(values)] for kind, values in vocabulary.concepts.items()}
    foreign = {kind: np.eye(128)[::-1][: len(values)] for kind, values in vocabulary.concepts.items()}
    scores, read, languages = [], [], []
    for language, spoken in (("en", names), ("xx", foreign)):
        for layout, _ in asked:
            template, concepts = vocabulary.encode(layout)
            first = np.full(len(vocabulary.templates), -20.0)
            first[template] = 0.0
            columns = list(zip(vocabulary.columns, vocabulary.places(concepts), strict=True))
            vectors = [spoken[kind][max(place, 0)] for (kind, _), place in columns]
            read.append(np.stack(vectors) + random.normal(0, 0.01, (len(columns), 128)))
            scores.append(np.concatenate([first, *(np.zeros(count) for count in vocabulary.parts[1:])]))
            languages.append(language)
    spans = np.stack(read) / np.linalg.norm(np.stack(read), axis=2, keepdims=True)
    ids = [*world_questions] * 2
    scenes = [world_scenes[one["imageId"]] for one in world_questions.values()] * 2
    parsed = Parsed(np.stack(scores).astype(np.float32), spans, names, 10.0)
    learned = learn_names(parsed, np.array(languages, object), ids, scenes, posterior)
    english = np.array(languages) == "en"
    np.testing.assert_array_equal(learned.scores[english], parsed.scores[english])
    rows = np.flatnonzero(~english)
    before, after = (right(posterior, one.scores[rows], scenes, asked) for one in (parsed, learned))
    assert after > before + 0.2


def right(posterior: Posterior, scores: np.ndarray, scenes: list[Scene], asked: list[tuple[Layout, str]]) -> float:
    """The share of right answers."""
    found = [posterior.solve(row[None], scene)[0] for row, scene in zip(scores, scenes, strict=False)]
    return float(np.mean([one.answer("none") == answer for one, (_, answer) in zip(found, asked, strict=True)]))


def test_names_are_learned_by_probabilities_only() -> None:
    with pytest.raises(ParameterError, match="names is pictures"):
        SystemSettings(names="pictures", answer="first")
