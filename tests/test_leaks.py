"""What training and a target share is found, by image and by text; what they do not share is not."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from xstilts import leaks
from xstilts.encode.fingerprints import fingerprints
from xstilts.encode.write import FINGERPRINTS, write_cache
from xstilts.leaks import Leak, leak_facts, not_compared, overlaps, print_leaks
from xstilts.tasks import read_split
from xstilts.tasks.examples import ClassificationExample, Example, MatchingExample, VqaExample
from xstilts.tasks.schema import EncodeSection, TaskSpec

ROOT = Path(__file__).parents[1]
HATS = "a man in an orange hat"


def make_cache(tokenized: Path, name: str, kind: str, **splits: Sequence[Example]) -> None:
    """The fingerprints and the card of a task's caches."""
    learn = {split: examples for split, examples in splits.items() if split != "test"}
    card = {"name": name, "kind": kind, "tasks": {name: {"kind": kind}}}
    write_cache(tokenized / name / "learn", card, {}, fingerprints(kind, learn))
    if "test" in splits:
        write_cache(tokenized / name / "test", card, {}, fingerprints(kind, {"test": splits["test"]}))


def caption(text: str, image: str, language: str = "en") -> MatchingExample:
    return MatchingExample(f"{image}:{text}", language, text, image)


@pytest.fixture
def tokenized(tmp_path: Path) -> Path:
    """Inference over captions, captions, questions, and a target with captions of the same images."""
    sentences = [ClassificationExample(str(n), "en", text, "a", second=f"{text} {n}") for n, text in enumerate([HATS])]
    make_cache(tmp_path, "pairs", "classification", train=sentences, dev=[])
    train = [caption(HATS, "1007129816_e794419615"), caption("two dogs on a beach", "22_abcdef0123")]
    make_cache(tmp_path, "captions", "matching", train=train, dev=[caption("nothing of this is anywhere", "9")])
    asked = [VqaExample("1", "en", "is it a man in a hat?", "gqa-1", "yes")]
    make_cache(tmp_path, "questions", "vqa", train=asked, dev=[])
    test = [caption("A man in an orange hat .", "1007129816"), caption("das ist etwas ganz anderes", "33", "de")]
    dev = [caption("a girl on a red swing", "44")]
    make_cache(
        tmp_path, "target", "matching", train=[caption("something else again is here", "55")], dev=dev, test=test
    )
    mixture = {"name": "both", "kind": "mixture", "tasks": {"pairs": {}, "questions": {}}}
    write_cache(tmp_path / "both" / "learn", mixture, {})
    write_cache(tmp_path / "none" / "learn", {"name": "none", "kind": "mixture", "tasks": {}}, {})
    return tmp_path


def found(tokenized: Path, *intermediates: str) -> list[Leak]:
    return overlaps(tokenized, intermediates, ["target"])


def test_the_file_is_the_one_that_caches_have() -> None:
    assert leaks.FILE == FINGERPRINTS


def test_images_and_texts_are_found_whatever_the_field(tokenized: Path) -> None:
    assert found(tokenized, "captions", "pairs", "questions") == [
        Leak("captions", "captions", "target", "test", "image", "", "", 1, 0.5),
        Leak("captions", "captions", "target", "test", "text", "caption", "caption", 1, 0.5),
        Leak("pairs", "pairs", "target", "test", "text", "caption", "premise", 1, 0.5),
    ]


def test_a_mixture_stands_for_its_members(tokenized: Path) -> None:
    assert found(tokenized, "both") == [Leak("both", "pairs", "target", "test", "text", "caption", "premise", 1, 0.5)]
    assert found(tokenized, "none") == []


def test_a_target_is_compared_with_its_own_test_split(tokenized: Path) -> None:
    assert found(tokenized) == []
    same = [caption(HATS, "66"), caption("a dog on a green lawn", "77")]
    make_cache(tokenized, "target", "matching", train=same[:1], dev=[], test=same)
    assert found(tokenized) == [
        Leak("target", "target", "target", "test", "image", "", "", 1, 0.5),
        Leak("target", "target", "target", "test", "text", "caption", "caption", 1, 0.5),
    ]


def test_the_same_task_in_both_phases_is_found(tokenized: Path) -> None:
    shared = [(one.split, one.kind, one.fraction) for one in found(tokenized, "target")]
    assert shared == [("train", "image", 1.0), ("train", "text", 1.0)]


def test_dev_and_training_splits_of_the_target_are_compared_too(tokenized: Path) -> None:
    make_cache(
        tokenized, "captions", "matching", train=[caption("a girl on a red swing", "1"), caption("x", "55")], dev=[]
    )
    assert [(one.split, one.kind, one.shared) for one in found(tokenized, "captions")] == [
        ("train", "image", 1),
        ("dev", "text", 1),
    ]


def test_a_question_about_another_image_is_no_leak(tmp_path: Path) -> None:
    question = "is the man in a hat on the left?"
    make_cache(tmp_path, "gqa", "vqa", train=[VqaExample("1", "en", question, "a", "yes")], dev=[])
    asked = [VqaExample("1", "en", question, image, "yes") for image in ("a", "b", "c", "d")]
    make_cache(tmp_path, "xgqa", "vqa", train=[], dev=[], test=asked)
    assert [(one.kind, one.field, one.shared, one.fraction) for one in overlaps(tmp_path, ["gqa"], ["xgqa"])] == [
        ("image", "", 1, 0.25),
        ("text", "question on image", 1, 0.25),
    ]


def test_caches_that_are_not_there_are_named(tokenized: Path) -> None:
    assert overlaps(tokenized, ["absent", "captions"], ["target", "missing"]) == found(tokenized, "captions")
    assert not_compared(tokenized, ["absent", "both", "captions"], ["target", "missing"]) == ["absent", "missing"]
    (tokenized / "pairs" / "learn" / leaks.FILE).unlink()  # a cache of an earlier version
    assert not_compared(tokenized, ["both"], ["target"]) == ["pairs"]


def test_the_table_says_what_was_met_where(
    tokenized: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_leaks(found(tokenized, "both", "captions"), ["absent"])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip(" ─")]
    assert lines == [
        "target split trained on what shared of the split",
        "target test both: pairs caption (there premise) 1 50.0%",
        "target test captions image 1 50.0%",
        "target test captions caption 1 50.0%",
        "Not compared, since they have no cache: absent.",
    ]
    print_leaks([])
    assert capsys.readouterr().out == "No overlap found.\n"


def real(raw: Path, kind: str, files: dict[str, str], languages: Sequence[str] = ("en",), **section: Any) -> Any:
    """The examples of the splits of a real set."""
    task = TaskSpec("real", kind, EncodeSection(list(languages), "", {**files}, **section))
    return {split: read_split(task, split, raw).examples for split in files}


def xflickrco(shared_data: Path) -> Any:
    test, languages = {"test": "xflickrco:annotations/{language}/test.jsonl"}, "en de es id ja ru tr zh".split()
    return real(shared_data / "xflickrco", "matching", test, languages, features="xflickrco")


@pytest.fixture(scope="module")
def real_caches(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SICK, Recognizing Textual Entailment, Flickr8k and xFlickrCO."""
    root = tmp_path_factory.mktemp("real")
    inference = {"labels": ["entailment", "neutral", "contradiction"]}
    sick = real(shared_data / "sick", "classification", {"train": "sick:SICK.txt"}, **inference)
    make_cache(root, "sick", "classification", dev=[], **sick)
    with (shared_data / "sick" / "SICK.txt").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    columns = ("pair_ID", "sentence_A_original", "sentence_B_original")
    originals = [[row[column] for column in columns] for row in rows]
    examples = [ClassificationExample(key, "en", first, "neutral", second=second) for key, first, second in originals]
    make_cache(root, "sick_originals", "classification", train=examples, dev=[])
    rte = real(
        shared_data / "rte", "classification", {"train": "rte:train.tsv"}, labels=["entailment", "not_entailment"]
    )
    make_cache(root, "rte", "classification", dev=[], **rte)
    files = dict.fromkeys(("train", "dev", "test"), "flickr8k:captions.jsonl")
    make_cache(root, "flickr8k", "matching", **real(shared_data / "flickr8k", "matching", files, features="flickr8k"))
    make_cache(root, "xflickrco", "matching", train=[], dev=[], **xflickrco(shared_data))
    return root


def test_sick_is_made_of_captions_of_flickr8k(real_caches: Path) -> None:
    found = overlaps(real_caches, ["sick", "sick_originals"], ["flickr8k"])
    shared = {(one.source, one.split, one.met_as): one.shared for one in found if one.source != "flickr8k"}
    assert {"premise", "hypothesis"} == {met_as for _, _, met_as in shared}
    assert all(shared["sick_originals", split, "premise"] > 0 for split in ("train", "dev", "test"))
    assert shared["sick_originals", "test", "premise"] > shared["sick", "test", "premise"] > 0
    assert not [one for one in found if one.kind != "text"]


def test_photos_are_met_under_their_two_names(shared_data: Path, tmp_path: Path) -> None:
    """`1007129816_e794419615` in Flickr8k is `1007129816` in xFlickrCO."""
    files = {"test": "flickr8k:captions.jsonl"}
    photos = real(shared_data / "flickr8k", "matching", files, features="flickr8k")["test"]
    make_cache(tmp_path, "flickr8k", "matching", train=photos, dev=[])
    make_cache(tmp_path, "xflickrco", "matching", train=[], dev=[], **xflickrco(shared_data))
    image, text = overlaps(tmp_path, ["flickr8k"], ["xflickrco"])
    assert (image.kind, image.shared, image.fraction) == (
        "image",
        243,
        pytest.approx(243 / 2000, abs=1e-3),
    )  # not exactly: some captions are empty
    assert (text.field, text.met_as) == ("caption", "caption")
    assert text.shared >= 200


def test_the_training_photos_of_flickr8k_are_none_of_xflickrco(real_caches: Path) -> None:
    found = overlaps(real_caches, ["flickr8k"], ["xflickrco"])
    assert [one for one in found if one.kind != "text"] == []


def test_unrelated_sets_share_nothing(real_caches: Path) -> None:
    found = overlaps(real_caches, ["rte"], ["flickr8k", "xflickrco"])
    assert [one for one in found if one.source == "rte"] == []
    assert not_compared(real_caches, ["rte"], ["flickr8k", "xflickrco"]) == []


def test_facts_of_a_cell_are_json(tokenized: Path) -> None:
    """Of one route: a mixture's members, and not what the target shares with itself."""
    facts = leak_facts(tokenized, "both", "target")
    assert json.loads(json.dumps(facts)) == facts
    assert {key: facts[key] for key in ("route", "target", "kind")} == {
        "route": "both", "target": "target", "kind": "matching",
    }  # fmt: skip
    assert {leak["member"] for leak in facts["shared"]} == {"pairs"}
    assert facts["not_compared"] == []
    assert leak_facts(tokenized, "none", "target")["shared"] == []
    assert leak_facts(tokenized, "absent", "target")["not_compared"] == ["absent"]
