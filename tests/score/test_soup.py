"""The mean of a route's seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from xstilts.base.cells import Cell
from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json, write_json
from xstilts.model.checkpoint import read_weights, save_checkpoint
from xstilts.score.settings import ScoreSettings
from xstilts.score.soup import mean_weights, score_soup, soup_card

TRAINING = {"updates": 3, "examples": 40, "tokens": 500, "english_dev": 0.5, "curve": [], "settings": {}, "rows": 9}
Make, Untrained = Callable[..., Path], Callable[[Path], Path]


@pytest.fixture
def members(make_cache: Make, untrained: Untrained, tmp_path: Path) -> list[Path]:
    """Two seeds: an untrained checkpoint, and the same with all weights moved."""
    first = untrained(make_cache("looks"))
    card = {**read_json(first / "checkpoint.json"), "training": TRAINING}
    paths = []
    for seed in (0, 1):
        paths.append(tmp_path / f"s{seed}")
        paths[-1].mkdir()
        weights = {name: weight + seed for name, weight in read_weights(first).items()}
        save_checkpoint(paths[-1], weights, card)
    return paths


def test_every_weight_is_the_mean_of_the_seeds(members: list[Path], public: Path) -> None:
    first, found = read_weights(members[0]), mean_weights(members, public)
    assert set(found) == set(first)
    for name, weight in first.items():
        torch.testing.assert_close(found[name], weight + 0.5)


def test_trained_word_embeddings_are_averaged_too(members: list[Path], public: Path) -> None:
    """A seed in whose training a word did not occur has the public encoder's row of it."""
    words, rows = "encoder.text.embeddings.word_embeddings.weight", torch.tensor([4])
    for value, path in enumerate(members):
        changed = {f"{words}.rows": rows + value, f"{words}.values": torch.full((1, 32), 6.0)}
        weights = {name: weight.clone() for name, weight in read_weights(path).items() if name != words}
        save_checkpoint(path, {**weights, **changed}, read_json(path / "checkpoint.json"))
    found = mean_weights(members, public)[words]
    whole = mean_weights(members[:1], public)[words]
    torch.testing.assert_close(found[4], (6 + mean_weights(members[1:], public)[words][4]) / 2)
    torch.testing.assert_close(found[:4], whole[:4])


def test_the_soup_of_one_checkpoint_twice_scores_as_it_does(
    members: list[Path], public: Path, make_cache: Make, score: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = read_json(score(make_cache("looks"), members[0], "alone", precision="fp32") / "scores.json")
    twice = [members[0], members[0]]
    cell = Cell("soup", "none", 0, "looks")
    monkeypatch.chdir(members[0].parent)
    cell.test_cache.parent.mkdir(parents=True)
    cell.test_cache.symlink_to(make_cache("looks"))
    score_soup(twice, public, cell, ScoreSettings(precision="fp32"))
    assert read_json(cell.scores / "scores.json")["scores"] == alone["scores"]
    assert read_json(cell.scores / "training.json")["target"]["updates"] == 2 * TRAINING["updates"]


def test_a_soup_takes_what_all_its_members_took_in_both_phases(members: list[Path]) -> None:
    for path, phase_1 in zip(members, (TRAINING, {**TRAINING, "updates": 5}), strict=True):
        card = read_json(path / "checkpoint.json")
        write_json(path / "checkpoint.json", {**card, "intermediate": {"tasks": {}, "training": phase_1}})
    found = soup_card(members)
    assert (found["intermediate"]["training"]["updates"], found["training"]["updates"]) == (8, 6)
    assert found["training"]["tokens"] == 2 * TRAINING["tokens"]


def test_only_seeds_of_one_task_are_averaged(members: list[Path]) -> None:
    card = read_json(members[1] / "checkpoint.json")
    card["tasks"]["looks"]["labels"][0] = "hen"
    write_json(members[1] / "checkpoint.json", card)
    with pytest.raises(DataError, match="found other tasks or labels"):
        soup_card(members)
    with pytest.raises(ParameterError, match="soup is 1, expected 0"):
        ScoreSettings(soup=1)


def test_the_stage_depends_on_the_seeds_of_the_recipe() -> None:
    root = Path(__file__).parents[2]
    seeds = yaml.safe_load((root / "stages/recipes/soup.yaml").read_text())["score"]["soup"]
    stage = yaml.safe_load((root / "stages/score/dvc.yaml").read_text())["stages"]["score_soup"]
    found = {one for one in stage["deps"] if one.startswith("data/target")}
    assert found == {f"data/target/plain/${{item.route}}-s{seed}/${{item.target}}" for seed in range(seeds)}
    assert stage["matrix"]["seed"] == [0]
