"""Hashes of what a split's examples show and say, for the leak report to compare."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.base.kinds import covers
from xstilts.encode.images import ImageIndex
from xstilts.tasks.examples import ChoiceExample, ClassificationExample, Example, VqaExample
from xstilts.tasks.overlap import images_of

SCHEMA = pa.schema(
    [
        ("split", pa.string()),
        ("what", pa.string()),  # image, image content or text
        ("field", pa.string()),  # of a text: premise, hypothesis, pair, question on image, ...; else ""
        ("key", pa.int64()),
        ("examples", pa.int32()),  # of the split that have it
    ]
)
ON_IMAGE = "on image"  # at the end of the name of a field that counts together with the images
Fields = dict[str, tuple[str, ...]]  # {name: the text, or the texts that count together}
WORDS = 4  # a shorter text recurs by chance
CHARACTERS = 8  # the same for scripts without spaces between words
# Thai and Lao, Burmese, Khmer, kana, Chinese characters
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_COCO = re.compile(r"(?:coco_\w+?_)?0*(\d+)")
_FLICKR = re.compile(r"(\d+)_[0-9a-f]{6,}")


def fingerprints(kind: str, splits: Mapping[str, Sequence[Example]], images: ImageIndex | None = None) -> pa.Table:
    """The fingerprints of a task's splits, one row per split, field and hash, in a fixed order; `SCHEMA`.

    Texts of fewer than four words (eight characters in a script without spaces) recur by chance and have none.

    Args:
        images: the features of the examples' images; None: contents of images are left out.
    """
    tables = [SCHEMA.empty_table()]
    for split, examples in splits.items():
        found = _keys(kind, examples, images)
        for what, field in sorted(found):
            keys, numbers = np.unique(np.frombuffer(found[what, field], np.int64), return_counts=True)
            named = [pa.repeat(name, len(keys)) for name in (split, what, field)]
            tables.append(pa.Table.from_arrays([*named, pa.array(keys), pa.array(numbers, pa.int32())], schema=SCHEMA))
    return pa.concat_tables(tables)


def repeated(kind: str, prints: pa.Table) -> dict[str, dict[str, int]]:
    """{split: {an earlier split that has the same contents: rows}}, in the order dev, test.

    Compared is all that an example says, together with its images; short texts (see `fingerprints`) are not.

    Args:
        prints: fingerprints of all splits of a task.
    """
    whole, counted = pc.is_in(prints["field"], pa.array(WHOLE[kind])), prints.select(["key", "examples"])
    of = {split: pc.equal(prints["split"], split) for split in ("train", "dev", "test")}
    keys = {split: counted.filter(pc.and_(whole, mask)) for split, mask in of.items()}
    found: dict[str, dict[str, int]] = {}
    for split, earlier in (("dev", "train"), ("test", "train"), ("test", "dev")):
        same = keys[split].filter(pc.is_in(keys[split]["key"], keys[earlier]["key"].combine_chunks()))
        if rows := pc.sum(same["examples"]).as_py():
            found.setdefault(split, {})[f"with the contents of a row of {earlier}"] = rows
    return found


def _keys(kind: str, examples: Sequence[Example], images: ImageIndex | None) -> dict[tuple[str, str], array[int]]:
    """{(what, field): a key for every example that has one}: eight bytes each, whatever the number of examples."""
    keys: dict[tuple[str, str], array[int]] = defaultdict(lambda: array("q"))
    shown: Counter[str] = Counter()
    for example in examples:
        seen, fields = images_of(kind, example), fields_of(kind, example)
        shown.update(set(seen))
        for name, number in _texts(fields, seen):
            keys["text", name].append(number)
    for image, number in shown.items():
        keys["image", ""].extend([key(image_name(image))] * number)
    for image, content in (images.contents(shown) if images else {}).items():
        keys["image content", ""].extend([key(content)] * shown[image])
    return keys


def _texts(fields: Fields, images: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The names and keys of the fields; the order of the texts in a field makes no difference."""
    for name, texts in fields.items():
        if name.endswith(ON_IMAGE):
            yield name, key("\n".join([*map(image_name, images), *map(normalised, texts)]))
        elif is_telling(" ".join(texts)):
            yield name, key("\n".join(sorted(map(normalised, texts))))


def fields_of(kind: str, example: Any) -> Fields:
    """The texts of an example, by the names that the leak report uses.

    A question may well recur about another image or context, so it only counts together with that.
    """
    return FIELDS[kind](example)


def _vqa(example: VqaExample) -> Fields:
    asked: Fields = {f"question {ON_IMAGE}": (example.question,)}
    return asked if example.description is None else {**asked, "description": (example.description,)}


def _classification(example: ClassificationExample) -> Fields:
    if example.images:
        return {"sentence": (example.text,), f"sentence {ON_IMAGE}": (example.text,)}
    if example.second is None:
        return {"sentence": (example.text,)}
    both = (example.text, example.second)
    return {"premise": both[:1], "hypothesis": both[1:], "pair": both}


def _choice(example: ChoiceExample) -> Fields:
    whole = (example.text, *example.choices)
    if example.image is not None:
        return {f"text and choices {ON_IMAGE}": whole}
    return {"text": (example.text,), "text and choices": whole}


FIELDS: Mapping[str, Callable[[Any], Fields]] = covers(
    {
        "vqa": _vqa,
        "layout": lambda example: {f"question {ON_IMAGE}": (example.question,)},
        "classification": _classification,
        "span": lambda example: {
            "context": (example.context,),
            "question on context": (example.question, example.context),
        },
        "tagging": lambda example: {"sentence": (" ".join(example.words),)},
        "choice": _choice,
        "matching": lambda example: {"caption": (example.text,)},
        "retrieval": lambda example: {"sentence": (example.text,)},
        "mlm": lambda example: {"sentence": (example.text,)},
    },
    "xstilts.encode.fingerprints.FIELDS",
)


# The fields that have all that an example says: rows with the same ones are the same row.
WHOLE: Mapping[str, Sequence[str]] = covers(
    {
        "vqa": (f"question {ON_IMAGE}",),
        "layout": (f"question {ON_IMAGE}",),
        "classification": (f"sentence {ON_IMAGE}", "pair"),
        "span": ("question on context",),
        "tagging": ("sentence",),
        "choice": ("text and choices", f"text and choices {ON_IMAGE}"),
        "matching": ("caption",),
        "retrieval": ("sentence",),
        "mlm": ("sentence",),
    },
    "xstilts.encode.fingerprints.WHOLE",
)


class _Letters(dict[int, int | None]):
    """A table for `str.translate` that drops punctuation, symbols, spaces and control characters."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.category(chr(code))[0] in "PSZC" else code
        return self[code]


_LETTERS = _Letters()


@lru_cache(1 << 12)  # contexts and premises recur in neighbouring examples
def normalised(text: str) -> str:
    """The letters, marks and digits of a text: NFKC, casefolded, without punctuation and white space."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)


def is_telling(text: str) -> bool:
    """Whether a text is long enough for a second occurrence to be telling."""
    if len(text.split(maxsplit=WORDS)) >= WORDS:
        return True
    return len(text) >= CHARACTERS and _UNSPACED.search(text) is not None and len(normalised(text)) >= CHARACTERS


def image_name(image: str) -> str:
    """The name of an image that is the same in all data sets.

    COCO's `COCO_val2014_000000413120` and `000000413120` are `coco 413120`; Flickr's `1007129816_e794419615` is
    `1007129816`, its number without the photo's secret. A bare number stays as it is: the numbers of Flickr30k,
    Flickr8k and Visual Genome cannot be distinguished.
    """
    name = image.rsplit("/", 1)[-1].casefold()
    if flickr := _FLICKR.fullmatch(name):
        return flickr[1]
    coco = _COCO.fullmatch(name)
    return f"coco {coco[1]}" if coco and (name.startswith("coco") or len(name) == 12) else name


def key(content: str | bytes) -> int:
    """A signed 64-bit hash (BLAKE2b), the same on every machine."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
