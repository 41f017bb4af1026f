"""Image-sentence matching: captions and the images that they were written for."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from xstilts.base.cache import image_id
from xstilts.tasks.examples import MatchingExample, Reading
from xstilts.tasks.rows import LeftOut, Row, Unique, json_content, json_list
from xstilts.tasks.source import Source

# `restval`, images of COCO's validation set that are not in Karpathy's test or dev, is trained on by convention.
KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "dev", "test": "test"}
FLICKR8K_SPLITS = {"train": "train", "dev": "dev", "test": "test"}
NO_CAPTION = "empty caption"
SAME_CAPTION = "caption that its image has already, except for spaces and punctuation"
COCO = "COCO_"
_ENTITY = re.compile(r"[0-9]+")
_NO_LETTER = re.compile(r"\W+")
Read = Reading[MatchingExample]


def _distinct(rows: Callable[[Source], Iterable[Row]]) -> Callable[[Source], Read]:
    """A reader of the captions in these rows, without empty and repeated ones of an image, which are counted."""

    @wraps(rows)
    def read(source: Source) -> Read:
        ids, seen = Unique(), set[tuple[str, str]]()

        def make(row: Row) -> MatchingExample | None:
            row.check_language(source.language)
            identifier, image = ids.check(row, row.key("id")), row.image("image", source.images)
            if not source.in_part(image):
                return None
            text = row.content.get("text")
            if not isinstance(text, str):
                row.text("text")
            words = _NO_LETTER.sub("", str(text)).casefold()
            if not words or (image, words) in seen:
                raise LeftOut(SAME_CAPTION if words else NO_CAPTION)
            seen.add((image, words))
            return MatchingExample(identifier, source.language, str(text).strip(), image)

        return source.each(rows(source), make)

    return read


@_distinct
def read_karpathy(source: Source) -> Iterator[Row]:
    """Karpathy's dataset_flickr30k.json, dataset_flickr8k.json or dataset_coco.json: the images of the split with
    their `sentences` (`raw`, `sentid`)."""
    for number, image in enumerate(json_list(source.path, json_content(source.path), "images"), start=1):
        row = Row(source.path, f"images {number}", image)
        if source.of_split(row, "split", KARPATHY_SPLITS):
            for sentence in json_list(source.path, image, "sentences"):
                said = Row(source.path, row.place, sentence)
                yield _caption(said, said.key("sentid"), sentence.get("raw"), image.get("filename"))


@_distinct
def read_flickr8k(source: Source) -> Iterator[Row]:
    """JSON lines with image, split and captions {language: [[source, text], ...]}, from several collections: the
    images of the split with the captions in the language. Flickr8k's and Multi30k's often differ only in
    spaces; the first is kept."""
    for row in source.json_lines():
        if source.of_split(row, "split", FLICKR8K_SPLITS):
            captions = row.inner("captions").content
            for language, pairs in captions.items():
                if source.in_language(row, language):
                    for number, pair in enumerate(_listed(row, "captions", pairs)):
                        if not isinstance(pair, list) or len(pair) != 2:
                            raise row.error(f"the caption {pair!r}", "a pair of source and text", "correct the row")
                        yield _caption(row, f"{image_id(row.key('image'))}#{number}", pair[1], row.key("image"))


@_distinct
def read_xflickrco(source: Source) -> Iterator[Row]:
    """IGLUE's JSON lines of xFlickrCO and Flickr30k: sentences, id, img_path. A caption's id is its image and
    its number there, the same in every language.

    Japanese captions of Flickr30k's images come from Flickr30k Entities JP, where every phrase starts with the number
    of its entity, in ASCII digits: they are removed. Numbers that belong to the text are in full-width digits there;
    captions of COCO's images, from another collection, keep their ASCII digits.
    """
    for row in source.json_lines():
        name = image_id(row.key("img_path"))
        entities = source.language == "ja" and not name.startswith(COCO)
        for number, sentence in enumerate(_listed(row, "sentences", row.content.get("sentences"))):
            said = _ENTITY.sub("", sentence) if entities and isinstance(sentence, str) else sentence
            yield _caption(row, f"{name}#{number}", said, row.key("img_path"))


@_distinct
def read_rows(source: Source) -> Iterator[Row]:
    """The fields id, text, image as JSON lines."""
    return source.json_lines()


def _caption(row: Row, identifier: str, text: Any, image: Any) -> Row:
    """A caption that stands in a row, with the fields of the format `rows`."""
    return Row(row.path, row.place, {**row.content, "id": identifier, "text": text, "image": image})


def _listed(row: Row, key: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise row.error(f"{key} {value!r}", "a list of texts", "correct the row")
    return value
