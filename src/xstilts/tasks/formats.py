"""The formats that the files of a task kind may have: `FORMATS[kind][name]`; a kind's first is its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xstilts.base.kinds import covers

ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Format:
    """What a format is.

    Attributes:
        text: what the layout is, and whose.
        parts: how many files are read together, one after another in the task's list.
        every_language: whether one file holds several languages, each in its own rows or fields.
    """

    text: str
    parts: int = 1
    every_language: bool = False


_ROWS = Format("JSON lines with the kind's own fields, as the hub's data sets are written down")

FORMATS: Mapping[str, Mapping[str, Format]] = covers(
    {
        "vqa": {
            "gqa": Format("GQA's and xGQA's object of questions, by id"),
            "gqa_told": Format(
                "the same, and descriptions or GQA's scene graphs (told in words) by image",
                parts=2,
                every_language=True,
            ),
            "gqa_clues": Format(
                "the same, and JSON lines that tell of their images: image, clue, box?, score?, source?",
                parts=2,
                every_language=True,
            ),
            "lxmert": Format("LXMERT's list: question_id, sent, img_id, label {answer: score}"),
            "vqav2": Format("VQAv2's questions and its annotations, two files joined by question_id", parts=2),
            "havqa": Format("HaVQA's pairs as JSON lines, English and Hausa in a row, with split", every_language=True),
            ROWS: _ROWS,
        },
        "layout": {"gqa_program": Format("GQA's and xGQA's object of questions, by id, with programs"), ROWS: _ROWS},
        "classification": {
            "nli": Format(
                "MultiNLI's, SNLI's, SNLI-VE's JSON lines: pairID, gold_label, sentence1, sentence2, Flickr30K_ID"
            ),
            "anli": Format("ANLI's JSON lines: uid, context, hypothesis, label e, n or c"),
            "xvnli": Format("XVNLI's JSON lines (IGLUE): as nli, with the image under Flikr30kID"),
            "pairs": Format("XTREME's XNLI: premise, hypothesis, label; tab-separated; also translated, as XNLI-MT"),
            "xnli": Format("XNLI-1.0's xnli.dev.tsv and xnli.test.tsv, with a column language", every_language=True),
            "sick": Format("SICK.txt; the column SemEval_set says TRAIN, TRIAL or TEST"),
            "rte": Format("GLUE's RTE: index, sentence1, sentence2, label; tab-separated"),
            "qqp": Format("QQP as in GLUE: id, qid1, qid2, question1, question2, is_duplicate; tab-separated"),
            "pawsx": Format(
                "PAWS-X: id, sentence1, sentence2, label under a header, or without id and header (XTREME)"
            ),
            "nlvr": Format("NLVR's JSON lines: sentence, label, identifier; the image is its first permutation"),
            "nlvr_html": Format("NLVR's examples.html as tab-separated lines: directory, picture, sentence, label"),
            "flickr8k_told": Format("matching's flickr8k, as pairs of captions: one tells of a photo"),
            "nlvr2": Format("NLVR2's JSON lines: identifier, sentence, label; two images"),
            "marvl": Format("MaRVL's JSON lines: id, caption, label, left_img, right_img; English rows may be NLVR2's"),
            ROWS: _ROWS,
        },
        "span": {
            "squad": Format("SQuAD v1.1's and v2.0's JSON, which XQuAD and MLQA share"),
            "tydiqa": Format("TyDiQA-GoldP's JSON: SQuAD's, with numbers as ids that are not unique"),
            ROWS: _ROWS,
        },
        "tagging": {
            "columns": Format(
                "a token and its tag per line, a blank line after a sentence (XTREME's PAN-X, UDPOS; CoNLL-2003)"
            ),
            "conllu": Format("Universal Dependencies' CoNLL-U; the tag is the column UPOS"),
            "stagged": Format("CCGbank's supertags as C&C has them: word|POS|supertag, one sentence per line"),
            ROWS: _ROWS,
        },
        "choice": {
            "copa": Format("COPA's and XCOPA's JSON lines: premise, question cause or effect, choice1, choice2, label"),
            "hellaswag": Format("HellaSwag's JSON lines: ctx, endings, label"),
            "cosmosqa": Format("CosmosQA's CSV: id, context, question, answer0 to answer3, label"),
            "commonsenseqa": Format("CommonsenseQA's JSON lines: id, question {stem, choices}, answerKey"),
            "socialiqa": Format("SocialIQA v1.4's JSON lines: context, question, answerA to answerC, correct"),
            "visual7w": Format("Visual7W's telling questions: images with split and qa_pairs"),
            ROWS: _ROWS,
        },
        "matching": {
            "karpathy": Format(
                "Karpathy's split of Flickr30k, Flickr8k or COCO: images with filename, split, sentences"
            ),
            "flickr8k": Format("JSON lines: image, split, captions {language: [[source, text]]}", every_language=True),
            "xflickrco": Format("xFlickrCO's and Flickr30k's JSON lines (IGLUE): sentences, id, img_path"),
            ROWS: _ROWS,
        },
        "retrieval": {
            "tatoeba": Format("two aligned files of sentences: in the language, and in English", parts=2),
            "bucc": Format("BUCC's two files of id and sentence, and the gold pairs of ids", parts=3),
            "lareqa": Format("XQuAD-R: SQuAD's JSON with sentence_breaks, parallel in all languages"),
            "mewslix": Format("Mewsli-X as JSON lines in the format rows, made from its mentions and entities"),
            ROWS: _ROWS,
        },
        "mlm": {"lines": Format("plain text, one per line"), ROWS: _ROWS},
    },
    "xstilts.tasks.formats.FORMATS",
)
