"""Cut published sets to what the study in this folder takes: `python stages/text/cut.py FOLDER`.

FOLDER holds the sets as they were published (`SETS` below). Rows that belong together, because they share a sentence, a
context or a picture, stay together: train, dev and test have none of them in common, nor do the two tasks that one set
is dealt to. Which ones are taken depends on a hash of their text alone. How many stands in cut.yaml, the languages in
the task files.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parents[1] / "src")

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import typer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xstilts.base.errors import DataError, run_stage
from xstilts.base.files import whole_directory
from xstilts.base.languages import LANGUAGE3
from xstilts.base.parameters import read_yaml
from xstilts.encode.fingerprints import normalised

Splits = Mapping[str, list[Any]]  # {split: rows}
XTREME = "udpos, panx, tydiqa, xquad, xnli, siqa, xcopa, pawsx, tatoeba and bucc2018"
SETS = f"sick, rte, cosmosqa, gqa_text, and xtreme with {XTREME}"


class Cut:
    """The cut of one folder of published sets.

    Attributes:
        published: that folder.
        out: the folder that is written.
        wanted: {task: {split: rows}}, what cut.yaml says.
    """

    def __init__(self, published: Path, out: Path, wanted: Mapping[str, Mapping[str, int]]) -> None:
        self.published, self.out, self.wanted = published, out, wanted

    def read(self, name: str) -> str:
        """The text of a published file."""
        path = self.published / name
        if not path.is_file():
            raise DataError(path, None, "no such file", "a published one", f"the folder must hold {SETS}")
        return path.read_text(encoding="utf-8")

    def lines(self, name: str) -> list[str]:
        """The lines of a published file, none of which is left out."""
        return self.read(name).removesuffix("\n").split("\n")

    def table(self, name: str, **form: Any) -> list[dict[str, str]]:
        """The rows of a published table under their header."""
        return list(csv.DictReader(self.read(name).splitlines(keepends=True), **form))

    def write(self, task: str, name: str, text: str, rows: int) -> None:
        """Write a file of a task, and say how many rows it has."""
        path = self.out / task / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{task}/{name}: {rows} rows")

    def languages(self, task: str) -> list[str]:
        """The languages of a task, English first, as its file lists them."""
        return list(read_yaml(HERE / "stages" / "tasks" / f"{task}.yaml")["encode"]["languages"])

    def deal(
        self, groups: Iterable[Sequence[Any]], *tasks: str, splits: Sequence[str] = ("train", "dev")
    ) -> list[Splits]:
        """Deal groups of rows to the splits of some tasks, in an order that depends on nothing but their text.

        Raises:
            DataError: there are too few rows.
        """
        order = iter(sorted(groups, key=lambda group: hashlib.sha256(repr(group).encode()).digest()))
        dealt: list[Splits] = []
        for task in tasks:
            rows: dict[str, list[Any]] = {split: [] for split in splits}
            for split in splits:
                while len(rows[split]) < self.wanted[task][split]:
                    group = next(order, None)
                    if group is None:
                        found = f"{len(rows[split])} rows for {split} of {task}"
                        expected = f"at least {self.wanted[task][split]}"
                        raise DataError(self.published, None, found, expected, "correct stages/text/cut.yaml")
                    rows[split] += group
            dealt.append(rows)
        return dealt


def together(rows: Iterable[Any], texts: Callable[[Any], Iterable[str]]) -> list[list[Any]]:
    """Rows in groups: those that have a text in common, also by way of others, are in one.

    Letters and digits decide, as in the report of what training has seen of the test data.
    """
    listed, numbers = list(rows), dict[str, int]()
    said = ((row, normalised(text)) for row, one in enumerate(listed) for text in texts(one))
    edges = [(row, numbers.setdefault(text, len(numbers))) for row, text in said]
    at, key = np.array(edges).T
    shape = (len(listed) + len(numbers),) * 2
    _, group_of = connected_components(coo_array((np.ones(len(at)), (at, len(listed) + key)), shape), directed=False)
    groups: dict[int, list[Any]] = {}
    for one, group in zip(listed, group_of, strict=False):
        groups.setdefault(int(group), []).append(one)
    return list(groups.values())


def words(sentence: str) -> str:
    """The words of a tagged sentence."""
    return " ".join(line.split("\t")[0] for line in sentence.split("\n"))


def tagging(cut: Cut) -> None:
    """UD and WikiANN: English training sentences for a target and for an intermediate task, dev sentences as test."""
    for name, tasks in {"udpos": ("udpos_small", "pos_small"), "panx": ("panx_small", "ner_small")}.items():

        def sentences(file: str, name: str = name) -> list[str]:
            found = cut.read(f"xtreme/{name}/{file}.tsv").split("\n\n")
            return [one.strip("\n") for one in found if one.strip()]

        english = sentences("train-en")
        for task, splits in zip(tasks, cut.deal(together(english, lambda one: [words(one)]), *tasks), strict=True):
            for split, rows in splits.items():
                cut.write(task, f"{split}-en.tsv", "\n\n".join(rows) + "\n\n", len(rows))
        seen = {normalised(words(one)) for one in english}
        for language in cut.languages(tasks[0]):
            new = [one for one in sentences(f"dev-{language}") if normalised(words(one)) not in seen]
            rows = cut.deal(together(new, lambda one: [words(one)]), tasks[0], splits=["test"])[0]["test"]
            cut.write(tasks[0], f"test-{language}.tsv", "\n\n".join(rows) + "\n\n", len(rows))


def spans(cut: Cut) -> None:
    """XQuAD, the same articles in every language, trained on TyDiQA's English questions: its dev answers are blank."""
    published = json.loads(cut.read("xtreme/tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json"))
    contexts = together(published["data"], lambda one: [part["context"] for part in one["paragraphs"]])
    for split, rows in cut.deal(contexts, "xquad_small")[0].items():
        cut.write("xquad_small", f"{split}.json", json.dumps({**published, "data": rows}), len(rows))
    xquad = {one: json.loads(cut.read(f"xtreme/xquad/xquad.{one}.json")) for one in cut.languages("xquad_small")}
    asked = [(number, part) for number, article in enumerate(xquad["en"]["data"]) for part in article["paragraphs"]]
    articles = together(
        [(number, one["id"]) for number, part in asked for one in part["qas"]], lambda one: [str(one[0])]
    )
    kept = {number for number, _ in cut.deal(articles, "xquad_small", splits=["test"])[0]["test"]}
    for language, content in xquad.items():
        data = [article for number, article in enumerate(content["data"]) if number in kept]
        count = sum(len(part["qas"]) for article in data for part in article["paragraphs"])
        cut.write("xquad_small", f"xquad.{language}.json", json.dumps({**content, "data": data}), count)


def pairs_of(rows: Iterable[Mapping[str, str]]) -> str:
    """SICK's rows as XTREME writes pairs: premise, hypothesis, label."""
    return "".join(f"{row['sentence_A']}\t{row['sentence_B']}\t{row['entailment_label'].lower()}\n" for row in rows)


def inference(cut: Cut) -> None:
    """SICK dealt to a target and an intermediate task; RTE; XNLI's dev pairs, three on each premise, as test."""
    named = ("sentence_A", "sentence_B", "sentence_A_original", "sentence_B_original")
    sick = cut.table("sick/SICK.txt", delimiter="\t", quoting=csv.QUOTE_NONE)
    tasks = ("xnli_small", "sick_small")
    for task, splits in zip(
        tasks, cut.deal(together(sick, lambda row: [row[key] for key in named]), *tasks), strict=True
    ):
        for split, rows in splits.items():
            cut.write(task, f"{split}-en.tsv", pairs_of(rows), len(rows))
    rte = [cut.lines(f"rte/{name}.tsv") for name in ("train", "test", "dev")]
    rest = [row for lines in rte for row in lines[1:]]
    for split, rows in cut.deal(together(rest, lambda row: row.split("\t")[1:3]), "rte_small")[0].items():
        numbered = ["\t".join([str(number), *row.split("\t")[1:]]) for number, row in enumerate(rows)]
        cut.write("rte_small", f"{split}.tsv", "\n".join([rte[0][0], *numbered]) + "\n", len(rows))
    xnli = {language: cut.lines(f"xtreme/xnli/dev-{language}.tsv") for language in cut.languages("xnli_small")}
    numbered_pairs = list(enumerate(xnli["en"]))
    premises = [numbered_pairs[start : start + 3] for start in range(0, len(numbered_pairs), 3)]
    kept = sorted(number for number, _ in cut.deal(premises, "xnli_small", splits=["test"])[0]["test"])
    for language, lines in xnli.items():
        cut.write("xnli_small", f"test-{language}.tsv", "".join(f"{lines[one]}\n" for one in kept), len(kept))


def paraphrases(cut: Cut) -> None:
    """PAWS-X: the English dev pairs dealt to train, dev and test, and the translations of the test pairs.

    Left out of test are pairs of which a language lacks a sentence (`NS`) or has another label.
    """
    pawsx = {language: cut.lines(f"xtreme/pawsx/dev-{language}.tsv") for language in cut.languages("pawsx_small")}
    english = list(enumerate(pawsx["en"]))
    whole = {
        number
        for number, row in english
        if all(
            row.split("\t")[2:] == lines[number].split("\t")[2:] and "NS" not in lines[number].split("\t")
            for lines in pawsx.values()
        )
    }
    groups = together(english, lambda one: one[1].split("\t")[:2])
    splits = cut.deal(groups, "pawsx_small", splits=["train", "dev", "test"])[0]
    for split in ("train", "dev"):
        cut.write("pawsx_small", f"{split}-en.tsv", "".join(f"{row}\n" for _, row in splits[split]), len(splits[split]))
    kept = sorted(number for number, _ in splits["test"] if number in whole)
    print(f"pawsx_small: {len(splits['test']) - len(kept)} test pairs left out, which not every language has alike")
    for language, lines in pawsx.items():
        cut.write("pawsx_small", f"test-{language}.tsv", "".join(f"{lines[one]}\n" for one in kept), len(kept))


def choices(cut: Cut) -> None:
    """COPA's English training questions and XCOPA's validation questions; SocialIQA; CosmosQA's validation set."""
    splits = cut.deal([[row] for row in cut.lines("xtreme/xcopa/train-en.jsonl")], "xcopa_small")[0]
    tests = {f"test-{one}": cut.lines(f"xtreme/xcopa/val-{one}.jsonl") for one in cut.languages("xcopa_small")}
    for split, rows in {**splits, **tests}.items():
        cut.write("xcopa_small", f"{split}.jsonl", "".join(f"{row}\n" for row in rows), len(rows))
    social = [row for name in ("dev", "tst") for row in cut.lines(f"xtreme/siqa/socialIQa_v1.4_{name}.jsonl")]
    for split, rows in cut.deal(together(social, lambda row: [json.loads(row)["context"]]), "socialiqa_small")[
        0
    ].items():
        cut.write("socialiqa_small", f"{split}.jsonl", "".join(f"{row}\n" for row in rows), len(rows))
    cosmos = cut.table("cosmosqa/data/valid.csv")
    for split, asked in cut.deal(together(cosmos, lambda row: [row["context"]]), "cosmosqa_small")[0].items():
        path = cut.out / "cosmosqa_small" / f"{split}.csv"
        cut.write("cosmosqa_small", path.name, "", len(asked))
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(cosmos[0]))
            table.writeheader()
            table.writerows(asked)


def questions(cut: Cut) -> None:
    """GQA's English test-dev questions, whose pictures are not there; those on one picture stay together."""
    groups = together(json.loads(cut.read("gqa_text/testdev.json")), lambda one: [one["img_id"]])
    for split, rows in cut.deal(groups, "gqa_blind_small")[0].items():
        cut.write("gqa_blind_small", f"{split}.json", json.dumps(rows), len(rows))


def retrieval(cut: Cut) -> None:
    """Tatoeba's pairs as they are; of BUCC all pairs that are translations, among a part of the other sentences."""
    for code in (LANGUAGE3[one] for one in cut.languages("tatoeba_small")):
        for name in (f"tatoeba.{code}-eng.{code}", f"tatoeba.{code}-eng.eng"):
            rows = cut.lines(f"xtreme/tatoeba/{name}")
            cut.write("tatoeba_small", name, "\n".join(rows) + "\n", len(rows))
    gold = cut.lines("xtreme/bucc2018/zh-en.dev.gold")
    cut.write("bucc2018_small", "zh-en.gold", "\n".join(gold) + "\n", len(gold))
    for side, language in enumerate(("zh", "en")):
        paired = {row.split("\t")[side] for row in gold}
        lines = cut.lines(f"xtreme/bucc2018/zh-en.dev.{language}")
        others = [[row] for row in lines if row.split("\t")[0] not in paired]
        drawn = set(cut.deal(others, "bucc2018_small", splits=[language])[0][language])
        kept = [row for row in lines if row in drawn or row.split("\t")[0] in paired]
        cut.write("bucc2018_small", f"zh-en.{language}", "\n".join(kept) + "\n", len(kept))


def main(published: Annotated[Path, typer.Argument(help=f"a folder with {SETS}")]) -> None:
    """Write stages/text/data/cut."""

    def stage() -> None:
        with whole_directory(HERE / "data" / "cut") as draft:
            cut = Cut(published, draft, read_yaml(HERE / "cut.yaml"))
            for part in (tagging, spans, inference, paraphrases, choices, questions, retrieval):
                part(cut)

    run_stage(stage)


if __name__ == "__main__":
    typer.run(main)
