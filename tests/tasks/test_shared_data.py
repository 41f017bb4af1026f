"""Real files in official formats: every row is read or counted, or the error is the one that the file deserves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks.matching import NO_CAPTION, SAME_CAPTION
from xstilts.tasks.source import PLACEHOLDER_REASON
from xstilts.tasks.vqa import check_parallel

Read = Callable[..., Any]
NLI = ["entailment", "neutral", "contradiction"]
UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
NER = "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC".split()
XGQA_LANGUAGES = ("bn", "de", "en", "id", "ko", "pt", "ru", "zh")


class File(NamedTuple):
    """A real file (or those read together) and how many of its rows are read and left out."""

    kind: str
    format: str
    paths: tuple[str, ...]
    language: str
    rows: int
    skipped: dict[str, int]
    split: str = "test"
    labels: tuple[str, ...] = ()


def each(
    kind: str, name: str, path: str, rows: str, labels: list[str] | None = None, split: str = "test"
) -> Iterator[File]:
    """One file a language; `rows` reads `en 10 de 20` or, for several languages alike, `en,de 10`."""
    words = rows.split()
    for languages, number in zip(words[::2], words[1::2], strict=True):
        for language in languages.split(","):
            file = path.replace("{language}", language)
            yield File(kind, name, (file,), language, int(number), {}, split, tuple(labels or ()))


def by_split(
    kind: str, name: str, path: str, rows: dict[str, int], labels: list[str], language: str = "en"
) -> Iterator[File]:
    for split, number in rows.items():
        yield File(kind, name, (path.replace("{split}", split),), language, number, {}, split, tuple(labels))


TATOEBA = (
    "afr,ara,ben,bul,cmn,deu,ell,est,eus,fin,fra,heb,hin,hun,ind,ita,jpn,kor,mar,nld,pes,por,rus,spa,tgl,tur,urd,vie "
    "2000 jav 410 kat 1492 kaz 1150 mal 1374 swh 780 tam 614 tel 468 tha 1096"
)


def flickr8k() -> Iterator[File]:
    """Captions in three splits and ten languages, and how often an image has the same caption twice."""
    found = {
        ("train", "en"): (15043, 2957),
        ("train", "zh"): (16142, 703),
        ("dev", "en"): (2008, 392),
        ("dev", "zh"): (2153, 92),
        ("test", "en"): (1227, 474),
        ("test", "zh"): (1531, 77),
        ("test", "de"): (485, 1),
        **{("train", language): (3000, 0) for language in ("de", "fr", "cs")},
        **{("dev", language): (400, 0) for language in ("de", "fr", "cs")},
        **{("test", language): (243, 0) for language in ("fr", "cs", "es", "id", "ja", "ru", "tr")},
    }
    for (split, language), (rows, same) in found.items():
        skipped = {SAME_CAPTION: same} if same else {}
        yield File("matching", "flickr8k", ("flickr8k/captions.jsonl",), language, rows, skipped, split)


def pawsx() -> Iterator[File]:
    """PAWS-X, whose translators left some sentences out: `NS` stands in their places."""
    rows = each(
        "classification",
        "pawsx",
        "xtreme/pawsx/dev-{language}.tsv",
        "de 1932 en 2000 es 1962 fr 1992 ja 1980 ko 1965 zh 1984",
        ["different", "paraphrase"],
    )
    for file in rows:
        left_out = 2000 - file.rows
        yield file._replace(skipped={PLACEHOLDER_REASON: left_out} if left_out else {})


FILES = [
    *each("vqa", "gqa", "xgqa/few_shot/{language}/dev.json", f"{','.join(XGQA_LANGUAGES)} 1422"),
    *each("vqa", "gqa", "xgqa/few_shot/{language}/train_48.json", f"{','.join(XGQA_LANGUAGES)} 1490"),
    *each("vqa", "lxmert", "gqa_text/testdev.json", "en 12578"),
    *each("vqa", "gqa", "gqa_text/testdev_balanced_questions.json", "en 1944"),
    *by_split("vqa", "havqa", "havqa/derived_havqa_pairs.jsonl", {"train": 4235, "dev": 579, "test": 1204}, []),
    *by_split("vqa", "havqa", "havqa/derived_havqa_pairs.jsonl", {"train": 4235, "dev": 579, "test": 1204}, [], "ha"),
    *by_split("classification", "sick", "sick/SICK.txt", {"train": 4439, "dev": 495, "test": 4906}, NLI),
    *by_split(
        "classification",
        "rte",
        "rte/{split}.tsv",
        {"train": 1244, "dev": 139, "test": 1384},
        ["entailment", "not_entailment"],
    ),
    *by_split(
        "classification",
        "nlvr",
        "nlvr/{split}/{split}.json",
        {"dev": 989, "test": 990, "hidden": 985},
        ["false", "true"],
    ),
    *by_split(
        "classification", "nlvr_html", "nlvr/train/train_sample_1000.derived.tsv", {"train": 1000}, ["false", "true"]
    ),
    *each(
        "classification",
        "pairs",
        "xtreme/xnli/dev-{language}.tsv",
        "ar,bg,de,el,en,es,fr,hi,ru,sw,th,tr,ur,vi,zh 2490",
        NLI,
    ),
    *pawsx(),
    *flickr8k(),
    *each("matching", "xflickrco", "xflickrco/annotations/{language}/test.jsonl", "en,es,ja,ru,tr,zh 2000"),
    *(
        File("matching", "xflickrco", (f"xflickrco/annotations/{one}/test.jsonl",), one, 1999, {NO_CAPTION: 1})
        for one in ("de", "id")
    ),
    *each("choice", "cosmosqa", "cosmosqa/data/valid.csv", "en 2985"),
    *each("choice", "socialiqa", "xtreme/siqa/socialIQa_v1.4_dev.jsonl", "en 1954"),
    *each("choice", "socialiqa", "xtreme/siqa/socialIQa_v1.4_tst.jsonl", "en 2224"),
    *each("choice", "copa", "xtreme/xcopa/train-en.jsonl", "en 400"),
    *each("choice", "copa", "xtreme/xcopa/val-{language}.jsonl", "en,et,ht,id,it,qu,sw,ta,th,tr,vi,zh 100"),
    *each("span", "squad", "xtreme/xquad/xquad.{language}.json", "ar,de,el,en,es,hi,ro,ru,th,tr,vi,zh 1190"),
    *each(
        "span",
        "squad",
        "xtreme/mlqa/MLQA_V1/dev/dev-context-{language}-question-{language}.json",
        "ar 517 de 512 en 1148 es 500 hi 507 vi 511 zh 504",
    ),
    *each(
        "span", "tydiqa", "xtreme/tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json", "en 3696", split="train"
    ),
    *each("tagging", "columns", "xtreme/panx/train-en.tsv", "en 20000", NER),
    *each(
        "tagging",
        "columns",
        "xtreme/panx/dev-{language}.tsv",
        "ar,bg,de,el,en,es,fi,fr,id,ja,ko,pt,ru,tr,vi,zh 10000 bn,hi,sw,te,ur 1000",
        NER,
    ),
    *each("tagging", "columns", "xtreme/udpos/train-en.tsv", "en 21253", UPOS),
    *each(
        "tagging",
        "columns",
        "xtreme/udpos/dev-{language}.tsv",
        "ar 909 bg 1115 de 19233 el 403 en 3974 es 3054 fi 3239 fr 2903 hi 1659 id 559 ja 511 ko 3016 pt 1770 ru 8108 "
        "te 131 tr 988 ur 552 vi 800 zh 1000",
        UPOS,
    ),
    *(
        file._replace(paths=(file.paths[0], file.paths[0].rpartition(".")[0] + ".eng"))
        for file in each("retrieval", "tatoeba", "xtreme/tatoeba/tatoeba.{language}-eng.{language}", TATOEBA)
    ),
    File(
        "retrieval", "bucc", tuple(f"xtreme/bucc2018/zh-en.dev.{one}" for one in ("zh", "en", "gold")), "zh", 22213, {}
    ),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{Path(file.paths[0]).name}-{file.language}-{file.split}")
def test_every_row_is_read_or_counted(file: File, shared_data: Path, read: Read) -> None:
    paths = [shared_data / path for path in file.paths]
    reading = read(file.kind, file.format, *paths, language=file.language, split=file.split, labels=file.labels)
    assert (len(reading.examples), reading.skipped) == (file.rows, file.skipped)


def test_every_set_is_in_the_table(shared_data: Path) -> None:
    """No set of real data is left out of the table above, but for those that cannot be scored."""
    others = {
        "xtreme",
        "hub",
        "iglue_xgqa",
    }  # a folder of sets; where sets lie on the hub; predictions (tests/external)
    sets = {path.name for path in shared_data.iterdir() if path.is_dir() and path.name not in others}
    sets |= {path.name for path in (shared_data / "xtreme").iterdir() if path.is_dir()}
    assert len(sets) >= 18
    assert sets <= {part for file in FILES for part in Path(file.paths[0]).parts}


@pytest.mark.parametrize("language", "en et ht id it qu sw ta th tr vi zh".split())
def test_xtreme_s_xcopa_test_files_have_no_labels(language: str, shared_data: Path, read: Read) -> None:
    with pytest.raises(DataError, match=r"test-\w\w\.jsonl: found the label 0 in all 500 rows"):
        read("choice", "copa", shared_data / "xtreme" / "xcopa" / f"test-{language}.jsonl", language=language)


@pytest.mark.parametrize("language", "ar bn en fi id ko ru sw te".split())
def test_xtreme_s_tydiqa_dev_files_have_no_answers(language: str, shared_data: Path, read: Read) -> None:
    path = shared_data / "xtreme" / "tydiqa" / "tydiqa-goldp-v1.1-dev" / f"tydiqa.goldp.{language}.dev.json"
    with pytest.raises(DataError, match=r"row \w+-\S+: found the answer .*; give the file with the answers"):
        read("span", "tydiqa", path, language=language)


@pytest.mark.parametrize(("split", "images"), [("dev", 50), ("train_48", 48)])
def test_xgqa_asks_the_same_questions_in_every_language(split: str, images: int, shared_data: Path, read: Read) -> None:
    folder = shared_data / "xgqa" / "few_shot"
    english = read("vqa", "gqa", folder / "en" / f"{split}.json").examples
    assert len({one.image for one in english}) == images
    assert {one.structural for one in english} == {"query", "verify", "logical", "choose", "compare"}
    assert tuple(sorted(path.name for path in folder.iterdir())) == XGQA_LANGUAGES
    for language in XGQA_LANGUAGES:
        path = folder / language / f"{split}.json"
        check_parallel(folder / "en", english, path, read("vqa", "gqa", path, language=language).examples)


def test_gqa_test_dev_is_the_same_in_both_layouts(shared_data: Path, read: Read) -> None:
    whole = read("vqa", "lxmert", shared_data / "gqa_text" / "testdev.json").examples
    part = read("vqa", "gqa", shared_data / "gqa_text" / "testdev_balanced_questions.json").examples
    assert len({one.image for one in whole}) == 398
    answers = {one.id: (one.question, one.image, one.answer) for one in whole}
    common = [one for one in part if one.id in answers]
    assert common
    assert all(answers[one.id] == (one.question, one.image, one.answer) for one in common)


def test_the_pictures_and_vectors_of_real_sets_are_found(shared_data: Path, read: Read) -> None:
    """Ids of rows are those of the files beside them, so that no row is without its image."""
    pictures = {path.stem for path in (shared_data / "nlvr").glob("*/images/*/*.png")}
    for split in ("dev", "test", "hidden"):
        path = shared_data / "nlvr" / split / f"{split}.json"
        assert read("classification", "nlvr", path, labels=["false", "true"], images=pictures).examples
    photos = {path.stem for path in (shared_data / "flickr8k" / "images").glob("*.jpg")}
    path = shared_data / "flickr8k" / "captions.jsonl"
    assert len({one.image for one in read("matching", "flickr8k", path, split="train", images=photos).examples}) == 3000


def test_japanese_captions_of_flickr30k_lose_their_ascii_digits_only(shared_data: Path, read: Read) -> None:
    path = shared_data / "xflickrco" / "annotations" / "ja" / "test.jsonl"
    examples = read("matching", "xflickrco", path, language="ja").examples
    coco = [one for one in examples if one.image.startswith("COCO_")]
    others = [one for one in examples if not one.image.startswith("COCO_")]
    assert (len(coco), len(others)) == (1000, 1000)
    ascii_digits = set("0123456789")
    assert not any(ascii_digits & set(one.text) for one in others)
    assert sum(bool(ascii_digits & set(one.text)) for one in coco) == 89
    assert any("１１人" in one.text for one in others)
