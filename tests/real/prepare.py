"""Cut the real files of a folder like `shared/data` to what a run of minutes needs, still in their official formats.

    python tests/real/prepare.py <folder of real data> <folder to write>

English dev rows are cut from the English training files, so that nothing is chosen on the rows that are scored.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LIMIT = 400  # sentences, pairs or questions a language that are scored
TRAIN = 6000  # tagged sentences that are trained on
QUESTIONS = 12  # articles of XQuAD that are scored, a quarter of them
XNLI = "en ar bg de el es fr hi ru sw th tr ur vi zh".split()
TAGGED = {"udpos": "en de es ru zh ar hi tr vi fi".split(), "panx": "en de es ru zh ar hi bn ko sw".split()}
XGQA = "en de pt ru id bn ko zh".split()


def write(path: Path, text: str) -> None:
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def link(source: Path, target: Path) -> None:
    """Let `target` stand for a file or folder that stays as it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(source.resolve())


def sentences(path: Path) -> list[str]:
    """The blocks of a file with a blank line behind every sentence."""
    return [block for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]


def tagging(shared: Path, out: Path) -> None:
    """UDPOS and PAN-X: 6,000 English sentences for training, 600 others of them for dev; dev sentences are scored."""
    for name, languages in TAGGED.items():
        train = sentences(shared / "xtreme" / name / "train-en.tsv")
        write(out / name / "train.tsv", "\n\n".join(train[:TRAIN]) + "\n\n")
        write(out / name / "dev.tsv", "\n\n".join(train[-600:]) + "\n\n")
        for language in languages:
            kept = sentences(shared / "xtreme" / name / f"dev-{language}.tsv")[:LIMIT]
            write(out / name / f"test-{language}.tsv", "\n\n".join(kept) + "\n\n")


def questions(shared: Path, out: Path) -> None:
    """TyDiQA: of the English training articles a tenth becomes dev and another one test; XQuAD is trained on the same.

    The answers of TyDiQA's dev files are blank in these data, so that nothing can be scored in other languages.
    """
    train = read(shared / "xtreme" / "tydiqa" / "tydiqa-goldp-v1.1-train" / "tydiqa.goldp.en.train.json")
    articles = train["data"]
    cut = len(articles) // 10
    parts = {"dev": articles[:cut], "test": articles[cut : 2 * cut], "train": articles[2 * cut :]}
    for name in ("tydiqa", "xquad"):
        for split, kept in parts.items():
            write(out / name / f"{split}.json", json.dumps({**train, "data": kept}))
    for path in sorted((shared / "xtreme" / "xquad").glob("xquad.*.json")):
        content = read(path)
        write(out / "xquad" / path.name, json.dumps({**content, "data": content["data"][:QUESTIONS]}))


def inference(shared: Path, out: Path) -> None:
    """XNLI's first dev pairs a language, trained on SICK; RTE as it is."""
    for language in XNLI:
        rows = (shared / "xtreme" / "xnli" / f"dev-{language}.tsv").read_text(encoding="utf-8").split("\n")[:LIMIT]
        write(out / "xnli" / f"test-{language}.tsv", "\n".join(rows) + "\n")
    link(shared / "sick" / "SICK.txt", out / "xnli" / "SICK.txt")
    link(shared / "rte", out / "rte")


def choice(shared: Path, out: Path) -> None:
    """COPA and SocialIQA for training, XCOPA for scores."""
    for folder in ("xcopa", "siqa"):
        for path in sorted((shared / "xtreme" / folder).glob("*.jsonl")):
            link(path, out / "xcopa" / path.name)


def captions(shared: Path, out: Path) -> None:
    """Flickr8k with one caption a photograph in every language."""
    lines = (shared / "flickr8k" / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    write(out / "flickr8k" / "captions.jsonl", "".join(f"{json.dumps(fewer(json.loads(line)))}\n" for line in lines))
    link(shared / "flickr8k" / "images", out / "flickr8k" / "images")


def fewer(row: dict[str, Any]) -> dict[str, Any]:
    """A photograph with fewer captions."""
    return {**row, "captions": {language: texts[:1] for language, texts in row["captions"].items()}}


def blind_xgqa(shared: Path, out: Path) -> None:
    """GQA test-dev less the 98 few-shot images for training (30 images of it for dev), those 98 images for scores."""
    folder = shared / "xgqa" / "few_shot"
    scored = {
        language: {**read(folder / language / "dev.json"), **read(folder / language / "train_48.json")}
        for language in XGQA
    }
    images = {question["imageId"] for question in scored["en"].values()}
    rows = [row for row in read(shared / "gqa_text" / "testdev.json") if row["img_id"] not in images]
    dev = set(sorted({row["img_id"] for row in rows})[:30])
    write(out / "xgqa_blind" / "train.json", json.dumps([row for row in rows if row["img_id"] not in dev]))
    write(out / "xgqa_blind" / "dev.json", json.dumps([row for row in rows if row["img_id"] in dev]))
    for language, content in scored.items():
        write(out / "xgqa_blind" / "test" / f"{language}.json", json.dumps(content, ensure_ascii=False))


def read(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def whole(shared: Path, out: Path, names: Iterable[str] = ("nlvr", "havqa", "xtreme")) -> None:
    """Sets that are read as they are."""
    for name in names:
        link(shared / name, out / name)


def main(shared: Path, out: Path) -> None:
    """Prepare every set."""
    for prepare in (tagging, questions, inference, choice, captions, blind_xgqa, whole):
        prepare(shared, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
