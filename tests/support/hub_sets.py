"""Tiny datasets with the repositories, configurations, splits, columns and types that the published ones have."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from hub_server import HubServer, classes, parquet, readme
from xstilts.base.languages import LANGUAGE3, LANGUAGE_NAME

Row = dict[str, Any]
NLI = classes("entailment", "neutral", "contradiction")
XNLI = "ar bg de el en es fr hi ru sw th tr ur vi zh".split()
PAWSX = "de en es fr ja ko zh".split()
XQUAD = "ar de el en es hi ro ru th tr vi zh".split()
MLQA = "ar de en es hi vi zh".split()
PANX = """en af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th tl tr
ur vi yo zh""".split()
UDPOS = """en af ar bg de el es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh""".split()
TATOEBA = """af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur vi
zh""".split()
TYDIQA = "english arabic bengali finnish indonesian korean russian swahili telugu".split()
UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
WIKIANN = "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC".split()


def picture(number: int, kind: str = "JPEG") -> Row:
    """A picture as a column of the hub has it; each number looks different."""
    sink = io.BytesIO()
    Image.new("RGB", (24, 24), (number * 37 % 256, number * 91 % 256, number * 53 % 256)).save(sink, kind)
    return {"bytes": sink.getvalue(), "path": None}


def configured(parts: dict[str, dict[str, Sequence[Row]]], features: dict[str, Any] | None = None) -> dict[str, bytes]:
    """A repository with configurations, and a card that names their files."""
    files, configs = {}, []
    for config, splits in parts.items():
        for split, rows in splits.items():
            files[f"{config}/{split}-00000-of-00001.parquet"] = parquet(list(rows), features)
        data = [{"split": split, "path": f"{config}/{split}-*"} for split in splits]
        configs.append({"config_name": config, "data_files": data})
    return {"README.md": readme({"license": "cc-by-4.0", "configs": configs}), **files}


def plain(splits: dict[str, Sequence[Row]], features: dict[str, Any] | None = None) -> dict[str, bytes]:
    """A repository with one configuration, in the folder `data`."""
    return {f"data/{name}-00000-of-00001.parquet": parquet(list(rows), features) for name, rows in splits.items()}


def converted(
    config: str, splits: dict[str, Sequence[Row]], features: dict[str, Any] | None = None
) -> dict[str, bytes]:
    """The branch refs/convert/parquet, which has no card."""
    return {f"{config}/{name}/0000.parquet": parquet(list(rows), features) for name, rows in splits.items()}


def made(count: int, row: Callable[[int], Row]) -> list[Row]:
    return [row(number) for number in range(count)]


def premises(count: int) -> list[Row]:
    return made(count, lambda n: {"premise": f"p{n}", "hypothesis": f"h{n}", "label": n % 3})


def questions(count: int, start: str, lost: int = 0) -> list[Row]:
    """SQuAD's columns; `lost` characters of white space stood before the context."""
    answers = {"text": ["Pau"], "answer_start": [3 + lost]}
    return made(
        count,
        lambda n: {
            "id": f"{start}{n}",
            "title": "t",
            "context": "In Pau",
            "question": f"Where {n}?",
            "answers": answers,
        },
    )


def captions(count: int) -> list[Row]:
    split = ("train", "train", "val", "test")
    return made(
        count,
        lambda n: {
            "image": picture(n),
            "caption": [f"a dog {n}", f"a big dog {n}"],
            "sentids": ["1", "2"],
            "split": split[n % 4],
            "img_id": str(n),
            "filename": f"{1000 + n}.jpg",
        },
    )


def gqa(count: int, start: str) -> list[Row]:
    types = {"structural": "query", "semantic": "obj", "detailed": "x"}
    return made(
        count,
        lambda n: {
            "id": f"{start}{n}",
            "imageId": f"{start}i{n % 2}",
            "question": f"what {n}",
            "answer": "dog",
            "fullAnswer": "A dog.",
            "isBalanced": True,
            "types": types,
        },
    )


def xgqa(count: int) -> list[Row]:
    return made(
        count,
        lambda n: {
            "question": f"was {n}",
            "answer": "dog",
            "full_answer": "",
            "image_id": f"n{n % 2}",
            "question_id": str(n),
            "image": picture(n % 2),
        },
    )


def marvl(language: str) -> list[Row]:
    """MaRVL's pictures have the same names in several languages, and are others."""
    shift = 10 * (1 + ["id", "sw", "ta", "tr", "zh"].index(language))
    return made(
        3,
        lambda n: {
            "id": str(n),
            "hypothesis": f"h{n}",
            "hypo_en": "e",
            "language": language,
            "label": n % 2 == 0,
            "left_img_id": f"{n}-0.jpg",
            "right_img_id": f"{n}-1.jpg",
            "left_img": picture(shift + n),
            "right_img": picture(shift + n + 3),
        },
    )


def copa(count: int) -> list[Row]:
    asked = ("cause", "effect")
    return made(
        count,
        lambda n: {
            "premise": f"p{n}",
            "choice1": "a",
            "choice2": "b",
            "question": asked[n % 2],
            "label": n // 2 % 2,
            "idx": n,
        },
    )


def csv(rows: Iterable[Row]) -> bytes:
    listed = list(rows)
    lines = [",".join(listed[0]), *(",".join(map(str, row.values())) for row in listed)]
    return "\n".join(lines).encode()


def json_lines(rows: Iterable[Row]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def snli_ve(count: int, start: str) -> list[Row]:
    gold = ("entailment", "neutral", "contradiction")
    return made(
        count,
        lambda n: {
            "Flickr30K_ID": str(1000 + n),
            "pairID": f"{start}{n}",
            "sentence1": "p",
            "sentence2": f"h{n}",
            "gold_label": gold[n % 3],
        },
    )


def xtreme() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    configs = []

    def add(config: str, splits: dict[str, list[Row]], features: dict[str, Any] | None = None) -> None:
        part = configured({config: splits}, features)
        configs.append(
            {"config_name": config, "data_files": [{"split": split, "path": f"{config}/{split}-*"} for split in splits]}
        )
        files.update({name: content for name, content in part.items() if name != "README.md"})

    def tagged(column: str, count: int) -> list[Row]:
        return made(count, lambda n: {"tokens": ["Pau", f"is{n}"], column: [1, 0], "langs": ["x", "x"]})

    for language in PANX:
        add(
            f"PAN-X.{language}",
            {split: tagged("ner_tags", 2) for split in ("train", "validation", "test")},
            {"ner_tags": {"feature": classes(*WIKIANN), "_type": "Sequence"}},
        )
    for language in UDPOS:
        add(
            f"udpos.{LANGUAGE_NAME[language]}",
            {split: tagged("pos_tags", 2) for split in ("train", "validation", "test")},
            {"pos_tags": {"feature": classes(*UPOS), "_type": "Sequence"}},
        )
    for language in TATOEBA:
        row = {"source_sentence": "eins\n", "target_sentence": "one\n", "source_lang": "x", "target_lang": "eng"}
        add(f"tatoeba.{LANGUAGE3[language]}", {"validation": [row, {**row, "target_sentence": "two\n"}]})
    for language in MLQA:
        add(f"MLQA.{language}.{language}", {"test": questions(3, "t"), "validation": questions(2, "v", lost=1)})
    files["README.md"] = readme({"configs": configs})
    return files


def wikipedia() -> dict[str, bytes]:
    languages = "en de pt ru id bn ko zh".split()
    rows = made(510, lambda n: {"id": str(n), "url": "", "title": "t", "text": f"Line {n}.\n\nAnd another {n}."})
    return configured({f"20231101.{language}": {"train": rows} for language in languages})


def by_language(languages: str, rows: Callable[[str], list[Row]]) -> dict[str, bytes]:
    return plain({language: rows(language) for language in languages.split()})


def listed_captions(key: str, column: str) -> Callable[[str], list[Row]]:
    return lambda language: made(
        2, lambda n: {key: f"{n:04d}", "image_locale": language, column: [f"c{n}", f"d{n}"], "image": picture(n)}
    )


def bucc(language: str) -> dict[str, list[Row]]:
    """Twelve sentences of each side, eight of them pairs: enough for both halves of the sentences to have some."""
    sides = {"sentence1": [f"{language} {n}" for n in range(12)], "sentence2": [f"it is {n}" for n in range(12)]}
    return {"test": [{**sides, "gold": [[n, n % 8 + 1] for n in range(1, 9)]}]}


def flickrco(language: str) -> list[Row]:
    names = ("1007.jpg", "COCO_val2014_000000000042.jpg")
    sentences = ("1犬が2走る", "犬 2 匹") if language == "ja" else ("a dog", "two dogs")
    return made(2, lambda n: {"id": names[n], "sentences": [sentences[n]], "image": picture(50 + n)})


def nlvr2(count: int) -> list[Row]:
    return made(
        count,
        lambda n: {
            "question_id": f"test1-{n}",
            "question": f"q{n}",
            "answer": str(n % 2 == 0),
            "left_image": picture(n),
            "right_image": picture(n + 5),
        },
    )


def with_key(content: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every mapping in a content that has a key."""
    if isinstance(content, dict):
        if key in content:
            yield content
        content = list(content.values())
    if isinstance(content, list):
        for one in content:
            yield from with_key(one, key)


def publish(hub: HubServer, tasks: Path) -> None:
    """Put every set on a hub.

    Args:
        tasks: folder of the task files, which name the commits.
    """
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(tasks.glob("*.yaml"))]
    commits = {one["repo"]: one["revision"] for one in with_key(found, "revision")}
    assert len(commits) > 20
    repositories: dict[str, dict[str, bytes]] = {
        "stanfordnlp/snli": configured(
            {
                "plain_text": {
                    "train": [*premises(3), {"premise": "p", "hypothesis": "h", "label": -1}],
                    "validation": premises(3),
                }
            },
            {"label": NLI},
        ),
        "nyu-mll/multi_nli": plain(
            {
                split: [{**row, "pairID": f"{split}{n}", "promptID": n} for n, row in enumerate(premises(3))]
                for split in ("train", "validation_matched")
            },
            {"label": NLI},
        ),
        "facebook/anli": configured(
            {
                "plain_text": {
                    f"{split}_r{n}": [
                        {**row, "uid": f"{split}{n}{m}", "reason": ""} for m, row in enumerate(premises(2))
                    ]
                    for split in ("train", "dev")
                    for n in (1, 2, 3)
                }
            },
            {"label": NLI},
        ),
        "nyu-mll/glue": configured(
            {
                "qqp": {
                    split: [
                        {"question1": "a", "question2": "b", "label": 0, "idx": 0},
                        {"question1": "", "question2": "b", "label": 1, "idx": 1},
                        {"question1": "c", "question2": "d", "label": 1, "idx": 2},
                    ]
                    for split in ("train", "validation")
                }
            },
            {"label": classes("not_duplicate", "duplicate")},
        ),
        "rajpurkar/squad": configured({"plain_text": {"train": questions(4, "a"), "validation": questions(4, "b")}}),
        "rajpurkar/squad_v2": configured(
            {
                "squad_v2": {
                    split: [
                        *questions(2, split),
                        {**questions(1, f"{split}x")[0], "answers": {"text": [], "answer_start": []}},
                    ]
                    for split in ("train", "validation")
                }
            }
        ),
        "Rowan/hellaswag": plain(
            {
                split: made(4, lambda n: {"ind": 4, "ctx": f"c{n}", "endings": list("abcd"), "label": str(n)})
                for split in ("train", "validation")
            }
        ),
        "allenai/cosmos_qa": converted(
            "default",
            {
                split: made(
                    4,
                    lambda n: {
                        "id": f"{n}",
                        "context": "It rains.",
                        "question": "Why?",
                        **{f"answer{m}": f"a{m}" for m in range(4)},
                        "label": n,
                    },
                )
                for split in ("train", "validation")
            },
        ),
        "allenai/social_i_qa": converted(
            "default",
            {
                split: made(
                    3,
                    lambda n: {
                        "context": "It rains.",
                        "question": "Why?",
                        **{f"answer{m}": m for m in "ABC"},
                        "label": str(n + 1),
                    },
                )
                for split in ("train", "validation")
            },
        ),
        "tau/commonsense_qa": plain(
            {
                split: made(
                    5,
                    lambda n: {
                        "id": f"{n}",
                        "question": "Where?",
                        "question_concept": "x",
                        "choices": {"label": list("ABCDE"), "text": list("vwxyz")},
                        "answerKey": "ABCDE"[n],
                    },
                )
                for split in ("train", "validation")
            }
        ),
        "wikimedia/wikipedia": wikipedia(),
        "lmms-lab-encoder/GQA": {
            **{
                f"{split}_balanced_instructions/{split}-00000-of-00001.parquet": parquet(gqa(3, split))
                for split in ("train", "val")
            },
            **{
                f"{split}_balanced_images/{split}-00000-of-00001.parquet": parquet(
                    made(2, lambda n, split=split: {"id": f"{split}i{n}", "image": picture(n)})
                )
                for split in ("train", "val")
            },
        },
        "floschne/xgqa": by_language("en de pt ru id bn ko zh", lambda _: xgqa(4)),
        "HuggingFaceM4/SNLI-VE": {
            "SNLI-VE.py": b"raise SystemExit",
            "snli_ve_train.jsonl": json_lines([*snli_ve(3, "t"), {**snli_ve(1, "x")[0], "gold_label": "-"}]),
            "snli_ve_dev.jsonl": json_lines(snli_ve(3, "d")),
        },
        "floschne/xvnli": by_language(
            "ar en es fr ru",
            lambda _: made(
                3,
                lambda n: {
                    "label": NLI["names"][n],
                    "caption": "c",
                    "hypothesis": f"h{n}",
                    "caption_id": "1",
                    "flikr30k_id": str(2000 + n),
                    "image": picture(n),
                },
            ),
        ),
        "nlphuji/flickr30k": converted("TEST", {"test": captions(8)}),
        "floschne/xflickrco": by_language("de en es id ja ru tr zh", flickrco),
        "jxie/flickr8k": plain(
            {
                split: made(
                    2,
                    lambda n, base=base, split=split: {
                        "image": picture(base + n),
                        **{f"caption_{m}": f"{split} {n} {m}" for m in range(5)},
                    },
                )
                for base, split in ((0, "train"), (2, "validation"), (4, "test"))
            }
        ),
        "yerevann/coco-karpathy": plain(
            {
                split: made(
                    2,
                    lambda n, split=split: {
                        "filepath": "train2014",
                        "sentids": [1, 2],
                        "filename": f"COCO_{split}_{n}.jpg",
                        "split": split,
                        "sentences": [f"a{n}", f"b{n}"],
                        "cocoid": n,
                        "url": "",
                    },
                )
                for split in ("train", "restval", "validation", "test")
            }
        ),
        "facebook/xnli": configured(
            {one: {split: premises(3) for split in ("train", "validation", "test")} for one in XNLI}, {"label": NLI}
        ),
        "google-research-datasets/paws-x": configured(
            {
                one: {
                    split: made(2, lambda n: {"id": n + 1, "sentence1": f"a{n}", "sentence2": f"b{n}", "label": n})
                    for split in ("train", "validation", "test")
                }
                for one in PAWSX
            },
            {"label": classes("0", "1")},
        ),
        "google/xtreme": xtreme(),
        "google/xquad": configured(
            {f"xquad.{one}": {"validation": questions(3, "q", lost=int(one in ("de", "el")))} for one in XQUAD}
        ),
        "google-research-datasets/tydiqa": configured(
            {
                "secondary_task": {
                    split: [row for one in TYDIQA for row in questions(2, f"{one}-{split}-")]
                    for split in ("train", "validation")
                }
            }
        ),
        "mteb/BUCC": configured({f"{one}-en": bucc(one) for one in ("de", "fr", "ru", "zh")}),
        "aps/super_glue": configured({"copa": {"train": copa(4), "validation": copa(4)}}),
        "pkavumba/balanced-copa": {"README.md": readme({}), "test.csv": csv(copa(4)), "train.csv": csv(copa(4))},
        "cambridgeltl/xcopa": configured(
            {one: {"validation": copa(2), "test": copa(4)} for one in "et ht id it qu sw ta th tr vi zh".split()}
        ),
        "floschne/marvl": by_language("id sw ta tr zh", marvl),
        "lmms-lab/NLVR2": plain({"balanced_test_public": nlvr2(3)}),
        "floschne/xm3600": by_language(
            """ar bn cs da de el en es fa fi fil fr he hi hr hu id it ja ko mi nl no pl pt quz
            ro ru sv sw te th tr uk vi zh""",
            listed_captions("image_id", "captions"),
        ),
        "mteb/wit": by_language("ar bg da el en et id ja ko tr vi", listed_captions("image_id", "captions")),
    }
    for repo, files in repositories.items():
        hub.add(repo, files, commits.get(repo))
