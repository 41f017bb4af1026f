"""Every format of every kind as small as it can be: the files of two or three rows, as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

NLI = ["entailment", "neutral", "contradiction"]


def jsonl(*rows: Mapping[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def whole(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def tsv(*rows: str) -> bytes:
    return "".join("\t".join(row.split("/")) + "\n" for row in rows).encode()


def each(row: Mapping[str, Any], key: str, *values: Any) -> list[dict[str, Any]]:
    """The row with other values of a key."""
    return [{**row, key: value} for value in values]


ASKED = {"question": "Is the cat red ?", "imageId": "n1", "answer": "yes", "types": {"structural": "verify"}}
PROGRAM = [
    {"operation": "select", "dependencies": [], "argument": "cat (7)"},
    {"operation": "verify color", "dependencies": [0], "argument": "red"},
]
LAYOUT = {"question": "Is there a cat ?", "image": "n1", "layout": "select[]>exist[0] | cat", "answer": "yes"}
CLUE = {"image": "n1.jpg", "clue": "a red cat", "box": [0.1, 0, 0.4, 1], "score": 0.9}
RELATED = [{"name": "on", "object": "2"}]
THING = {"name": "cat", "x": 5, "y": 5, "w": 10, "h": 10, "attributes": ["red"], "relations": RELATED}
GRAPH = {"width": 100, "height": 80, "objects": {"1": THING, "2": {**THING, "name": "mat", "relations": []}}}
PAIR = {
    "gold_label": "neutral",
    "sentence1": "A cat .",
    "sentence2": "A dog .",
    "Flickr30K_ID": "n1",
    "Flikr30kID": "n1",
}
MARVL = {"caption": "Two cats .", "label": True, "left_img": "52-x/52-1.jpg", "right_img": "52-x/52-2.jpg"}
CONTEXT = "The red cat sleeps . The dog runs ."
QAS = [{"id": f"q{n}", "question": "Who ?", "answers": [{"answer_start": 8, "text": "cat"}]} for n in (1, 2)]
PARAGRAPH = {"context": CONTEXT, "qas": QAS, "sentence_breaks": [[0, 20], [21, 35]]}
SQUAD = {"data": [{"title": "t", "paragraphs": [PARAGRAPH]}]}
COPA = {"premise": "I ran .", "question": "cause", "choice1": "b", "choice2": "c", "label": 0}
COMMON = {"question": {"stem": "Who ?", "choices": [{"label": "A", "text": "a"}, {"label": "B", "text": "b"}]}}
SOCIAL = {"context": "I ran .", "question": "Why ?", "answerA": "a", "answerB": "b", "answerC": "c"}
SENTENCES = [{"raw": "A cat .", "sentid": 1}, {"raw": "A dog .", "sentid": 2}]
V7W = [{"qa_id": n, "question": "Who ?", "answer": "a", "multiple_choices": ["b", "c", "d"]} for n in (1, 2)]
HAVQA = {"image_id": "n1", "question_en": "Who ?", "question_ha": "Wa ?", "answer_en": "Cat.", "split": "test"}
WORDS = "1\tThe\t_\tDET\t_\t_\t0\t_\t_\t_\n2\tcat\t_\tNOUN\t_\t_\t0\t_\t_\t_\n\n"

# The parts of each format: most have one file.
SAMPLES: Mapping[tuple[str, str], Sequence[bytes]] = {
    ("vqa", "gqa"): [whole({"1": ASKED, "2": ASKED})],
    ("vqa", "gqa_told"): [whole({"1": ASKED, "2": {**ASKED, "imageId": "n2"}}), whole({"n1": "A cat .", "n2": GRAPH})],
    ("vqa", "gqa_clues"): [whole({"1": ASKED, "2": ASKED}), jsonl(*each(CLUE, "clue", "a red cat", "It rains!"))],
    ("vqa", "lxmert"): [
        whole(each({"sent": "Who ?", "img_id": "n1", "label": {"cat": 1.0, "dog": 0.3}}, "question_id", 1, 2))
    ],
    ("vqa", "vqav2"): [
        whole({"data_subtype": "val2014", "questions": [{"question_id": 1, "image_id": 9, "question": "Who ?"}]}),
        whole(
            {
                "annotations": [
                    {
                        "question_id": 1,
                        "answer_type": "other",
                        "question_type": "who",
                        "answers": [{"answer": "cat"}, {"answer": "dog"}],
                    }
                ]
            }
        ),
    ],
    ("vqa", "havqa"): [jsonl(*each(HAVQA, "qa_id", "1", "2"))],
    ("vqa", "rows"): [jsonl(*each({"question": "Who ?", "image": "n1", "answer": "cat"}, "id", 1, 2))],
    ("layout", "gqa_program"): [whole({name: {**ASKED, "semantic": PROGRAM} for name in ("1", "2")})],
    ("layout", "rows"): [jsonl(*each(LAYOUT, "id", 1, 2))],
    ("classification", "nli"): [jsonl(*each(PAIR, "pairID", "1", "2"), {"gold_label": "-"})],
    ("classification", "anli"): [jsonl(*each({"context": "A .", "hypothesis": "B .", "label": "e"}, "uid", "1", "2"))],
    ("classification", "xvnli"): [jsonl(*each(PAIR, "pairID", "1", "2"))],
    ("classification", "pairs"): [tsv("A cat ./A dog ./neutral", "NS/A dog ./neutral")],
    ("classification", "xnli"): [
        tsv("language/gold_label/pairID/sentence1/sentence2", "en/neutral/1/A ./B .", "de/neutral/1/C ./D .")
    ],
    ("classification", "sick"): [
        tsv(
            "pair_ID/sentence_A/sentence_B/entailment_label/SemEval_set",
            "1/A ./B ./NEUTRAL/TEST",
            "2/A/B/NEUTRAL/TRAIN",
        )
    ],
    ("classification", "rte"): [tsv("index/sentence1/sentence2/label", "0/A ./B ./neutral", "1/A ./B ./entailment")],
    ("classification", "qqp"): [
        tsv("id/qid1/qid2/question1/question2/is_duplicate", "0/1/2/Who ?/Why ?/0", "1/1/2//Why ?/1", "2/1")
    ],
    ("classification", "pawsx"): [tsv("id/sentence1/sentence2/label", "1/A ./B ./0", "2/NS/B ./1")],
    ("classification", "nlvr"): [jsonl(*each({"sentence": "A cat .", "label": "true"}, "identifier", "1-0", "2-0"))],
    ("classification", "nlvr_html"): [tsv("1/train-1-0-4/A cat ./true", "1/train-2-0-4/A dog ./false")],
    ("classification", "flickr8k_told"): [
        jsonl(*each({"split": "test", "captions": {"en": [["x", "A cat ."], ["x", "It naps ."]]}}, "image", "a", "b"))
    ],
    ("classification", "nlvr2"): [
        jsonl(*each({"sentence": "A .", "label": "True"}, "identifier", "dev-1-0-0", "dev-1-0-1"))
    ],
    ("classification", "marvl"): [jsonl(*each(MARVL, "id", "de-0", "de-1"))],
    ("classification", "rows"): [
        jsonl(*each({"text": "A .", "second": "B .", "label": "neutral", "image": "n1"}, "id", 1, 2))
    ],
    ("span", "squad"): [whole(SQUAD)],
    ("span", "tydiqa"): [whole(SQUAD)],
    ("span", "rows"): [
        jsonl(
            *each(
                {"question": "Who ?", "context": CONTEXT, "answers": {"text": ["cat"], "answer_start": [8]}}, "id", 1, 2
            )
        )
    ],
    ("tagging", "columns"): [b"The\tO\ncat\tB-PER\n\nA\tO\n"],
    ("tagging", "conllu"): [("# text\n" + WORDS * 2).encode()],
    ("tagging", "stagged"): [b"The|DT|NP cat|NN|N\nA|DT|NP\n"],
    ("tagging", "rows"): [jsonl(*each({"words": ["The", "cat"], "tags": ["O", "B-PER"]}, "id", 1, 2))],
    ("choice", "copa"): [jsonl(*each(COPA, "idx", 0, 1))],
    ("choice", "hellaswag"): [jsonl(*each({"ctx": "I", "endings": ["ran", "sat"], "label": 1}, "ind", 1, 1))],
    ("choice", "cosmosqa"): [
        b'id,context,question,answer0,answer1,answer2,answer3,label\n1,"I, too",Why ?,a,b,c,d,1\n2,I,Why,a,b,c,d,0\n'
    ],
    ("choice", "commonsenseqa"): [jsonl(*each({**COMMON, "answerKey": "A"}, "id", "1", "2"))],
    ("choice", "socialiqa"): [jsonl(*each(SOCIAL, "correct", "A", "B"))],
    ("choice", "visual7w"): [whole({"images": [{"split": "test", "filename": "n1.jpg", "qa_pairs": V7W}]})],
    ("choice", "rows"): [jsonl(*each({"text": "I", "choices": ["ran", "sat"], "label": 1}, "id", 1, 2))],
    ("matching", "karpathy"): [whole({"images": [{"split": "test", "filename": "n1.jpg", "sentences": SENTENCES}]})],
    ("matching", "flickr8k"): [
        jsonl(
            *each(
                {"split": "test", "captions": {"en": [["x", "A cat ."]], "de": [["x", "B ."]]}},
                "image",
                "a.jpg",
                "b.jpg",
            )
        )
    ],
    ("matching", "xflickrco"): [
        jsonl(*each({"sentences": ["A cat .", "A dog ."], "id": "1"}, "img_path", "a.jpg", "b.jpg"))
    ],
    ("matching", "rows"): [jsonl(*each({"text": "A cat .", "image": "n1"}, "id", 1, 2))],
    ("retrieval", "tatoeba"): [b"Die Katze .\nDer Hund .\n", b"The cat .\nThe dog .\n"],
    ("retrieval", "bucc"): [b"de-1\tDie Katze .\nde-2\tDer Hund .\n", b"en-1\tThe cat .\n", b"de-1\ten-1\n"],
    ("retrieval", "lareqa"): [whole(SQUAD)],
    ("retrieval", "mewslix"): [
        jsonl(
            {"id": "1", "text": "A .", "side": "query", "gold": ["2"]}, {"id": "2", "text": "B .", "side": "candidate"}
        )
    ],
    ("retrieval", "rows"): [
        jsonl(
            {"id": "1", "text": "A .", "side": "query", "gold": ["2"]}, {"id": "2", "text": "B .", "side": "candidate"}
        )
    ],
    ("mlm", "lines"): [b"The cat sleeps .\n\nA dog runs .\n"],
    ("mlm", "rows"): [jsonl(*each({"text": "The cat ."}, "id", 1, 2))],
}
LABELS: Mapping[str, list[str]] = {
    **{name: ["different", "paraphrase"] for name in ("pawsx",)},
    **{name: ["false", "true"] for name in ("nlvr", "nlvr_html", "nlvr2", "marvl")},
    **{name: ["match", "no match"] for name in ("flickr8k_told",)},
    **{name: ["not_duplicate", "duplicate"] for name in ("qqp",)},
}
# Formats with one row per line that is not blank: what is read and what is left out is then all that there is. The
# lines that name the columns are no rows.
LINE_BY_LINE: Mapping[tuple[str, str], int] = {
    **{("classification", name): 0 for name in ("nli", "anli", "xvnli", "nlvr", "nlvr2", "marvl", "rows", "nlvr_html")},
    **{("classification", name): 1 for name in ("rte", "pawsx")},
    **{("choice", name): 0 for name in ("copa", "hellaswag", "commonsenseqa", "socialiqa", "rows")},
    **{(kind, "rows"): 0 for kind in ("vqa", "layout", "span", "tagging", "matching", "retrieval", "mlm")},
    ("retrieval", "mewslix"): 0,
    ("mlm", "lines"): 0,
}
