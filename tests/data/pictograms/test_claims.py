"""Claims about pictures: labels that an oracle gives too, and words that do not give them away."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.choices import alternatives_of
from xstilts.data.pictograms.claims import contrasts_on
from xstilts.data.pictograms.families import FAMILIES
from xstilts.data.pictograms.inference import hypotheses_of
from xstilts.data.pictograms.nlvr2 import pairs_of

Graphs = dict[str, dict[str, Any]]
LABELS = ("entailment", "neutral", "contradiction")
TWO_PICTURES = ["nlvr2/train", "nlvr2/dev", "marvl/train", "marvl/dev", "marvl/marvl-en"]


def rows(twins: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (twins / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def sentence(row: dict[str, Any]) -> str:
    return str(row.get("sentence") or row["caption"])


@pytest.mark.parametrize("split", ["train", "dev", "test-en"])
def test_an_oracle_labels_the_hypotheses_alike(
    twins: Path, graphs: Graphs, claims_oracle: ModuleType, split: str
) -> None:
    found = rows(twins, f"xvnli/{split}")
    assert Counter(row["gold_label"] for row in found) == dict.fromkeys(LABELS, len(found) / 3)
    for row in found:
        undecided = bool(claims_oracle.UNDECIDED.search(row["sentence2"]))
        assert undecided == (row["gold_label"] == "neutral"), row
        if not undecided:
            true = claims_oracle.true_of(row["sentence2"], graphs[row["Flikr30kID"]])
            assert true == (row["gold_label"] == "entailment"), row


@pytest.mark.parametrize("split", ["train", "dev", "test-en"])
def test_an_oracle_makes_the_same_choices(
    twins: Path, world: World, graphs: Graphs, claims_oracle: ModuleType, split: str
) -> None:
    own = split.split("-")[0]
    scenes = [one.scene.id for one in alternatives_of(world.scenes("xgqa", own), own, world.seed)]
    found = rows(twins, f"xcopa/{split}")
    assert len(found) > 20
    for row, scene in zip(found, scenes, strict=True):
        true = [claims_oracle.true_of(row[key], graphs[scene]) for key in ("choice1", "choice2")]
        assert true == [row["label"] == 0, row["label"] == 1], row
    assert abs(sum(row["label"] for row in found) - len(found) / 2) <= 1


@pytest.mark.parametrize("name", TWO_PICTURES)
def test_an_oracle_judges_the_pairs_alike(twins: Path, graphs: Graphs, claims_oracle: ModuleType, name: str) -> None:
    for row in rows(twins, name):
        pair = [graphs[row[key].removesuffix(".png")] for key in ("left_img", "right_img")]
        assert claims_oracle.true_of_pair(sentence(row), *pair) == (str(row["label"]) == "True"), row


@pytest.mark.parametrize("name", TWO_PICTURES)
def test_every_sentence_on_two_pictures_is_as_often_true_as_false(twins: Path, name: str) -> None:
    found = rows(twins, name)
    assert len(found) >= 16
    labels: dict[str, Counter[str]] = {}
    for row in found:
        labels.setdefault(sentence(row), Counter())[str(row["label"])] += 1
    assert all(counts["True"] == counts["False"] > 0 for counts in labels.values())
    shown = [(row["left_img"], row["right_img"], sentence(row)) for row in found]
    assert len(set(shown)) == len(shown)


def test_pairs_are_of_two_scenes_each_time_two_others(world: World) -> None:
    scenes = world.scenes("gqa", "train")
    pairs = pairs_of(scenes, "train", 3, seed=0)
    together = [frozenset((pair.left.id, pair.right.id)) for pair in pairs]
    assert all(len(pair) == 2 for pair in together)
    assert len(set(together)) == len(together) >= 3 * (len(scenes) // 2) - 3
    shared = sum(bool({p.noun for p in pair.left.objects} & {p.noun for p in pair.right.objects}) for pair in pairs)
    assert shared > len(pairs) / 2


def test_what_is_true_of_a_family_is_even() -> None:
    scenes = World(Path("unused")).scenes("xgqa", "train")
    chosen = [one for _, own in contrasts_on(scenes, 1, 0, "inference") for one in own]
    by_family: dict[str, Counter[str]] = {}
    for one in chosen:
        by_family.setdefault(one.family, Counter())[one.answer] += 1
    assert len(by_family) == 10
    for family, answers in by_family.items():
        assert max(answers.values()) / answers.total() < 1.3 / len(FAMILIES[family].answers), (family, answers)
        assert answers.total() > 90


def test_both_tasks_on_inference_have_the_same_hypotheses(twins: Path) -> None:
    for split in ("train", "dev", "test-de", "test-zh"):
        images = [(row["sentence1"], row["sentence2"], row["gold_label"]) for row in rows(twins, f"xvnli/{split}")]
        if split == "train":
            texts = [(row["sentence1"], row["sentence2"], row["gold_label"]) for row in rows(twins, "xnli/train")]
        else:
            name = "dev-en" if split == "dev" else split
            lines = (twins / "xnli" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
            texts = [tuple(line.split("\t")) for line in lines]
        assert texts == images
        assert len(texts) > 40


def test_true_and_false_twins_share_their_nouns(world: World) -> None:
    own = hypotheses_of(world.scenes("xgqa", "train"), "train", seed=0)
    for place in range(0, len(own), 3):
        decided = {one.label: one.claim for one in own[place : place + 3] if one.label != "neutral"}
        assert decided["entailment"].nouns == decided["contradiction"].nouns
        assert decided["entailment"] != decided["contradiction"]
