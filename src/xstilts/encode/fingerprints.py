"""Hashes of what a split's examples show and say, for the leak report to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from xstilts.encode.fields import ON_IMAGE, Fields, parts
from xstilts.encode.images import ImageIndex
from xstilts.encode.same_text import image_name, is_telling, key, normalised
from xstilts.tasks.examples import Example

SCHEMA = pa.schema(
    [
        ("split", pa.string()),
        ("what", pa.string()),  # image, image content or text
        ("field", pa.string()),  # of a text: premise, hypothesis, pair, question on image, ...; else ""
        ("key", pa.int64()),
        ("examples", pa.int32()),  # of the split that have it
    ]
)


def fingerprints(kind: str, splits: Mapping[str, Sequence[Example]], images: ImageIndex | None = None) -> pa.Table:
    """The fingerprints of a task's splits, a row a split, field and hash, in a fixed order; `SCHEMA`.

    Texts of less than four words (eight characters in a script without spaces) recur honestly and have none.

    Args:
        images: the features of the examples' images; None: contents of images are left out.
    """
    rows: list[tuple[str, str, str, int, int]] = []
    for split, examples in splits.items():
        counts = _counts(kind, examples, images)
        rows += [(split, *what, counts[what]) for what in sorted(counts)]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(values, one.type) for one, values in zip(SCHEMA, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _counts(kind: str, examples: Sequence[Example], images: ImageIndex | None) -> Counter[tuple[str, str, int]]:
    """How many examples have each (what, field, key)."""
    counts: Counter[tuple[str, str, int]] = Counter()
    shown: Counter[str] = Counter()
    for example in examples:
        seen, fields = parts(kind, example)
        shown.update(set(seen))
        counts.update(("text", name, number) for name, number in _texts(fields, seen))
    for image, number in shown.items():
        counts["image", "", key(image_name(image))] += number
    for image, content in (images.contents(shown) if images else {}).items():
        counts["image content", "", key(content)] += shown[image]
    return counts


def _texts(fields: Fields, images: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The names and keys of the fields; the order of the texts in a field makes no difference."""
    for name, texts in fields.items():
        if name.endswith(ON_IMAGE):
            yield name, key("\n".join([*map(image_name, images), *map(normalised, texts)]))
        elif is_telling(" ".join(texts)):
            yield name, key("\n".join(sorted(map(normalised, texts))))
