"""Image-sentence matching: captions and the images that they were written for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from xstilts.tasks.examples import MatchingExample, Reading
from xstilts.tasks.rows import Row, Unique, json_content, json_lines, json_list
from xstilts.tasks.source import Source, counted

# `restval`, images of COCO's validation set that are not in Karpathy's test or dev, is trained on by convention.
KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "dev", "test": "test"}
FLICKR8K_SPLITS = {"train": "train", "dev": "dev", "test": "test"}
NO_CAPTION = "empty caption"
SAME_CAPTION = "caption that its image has already, except for spaces and punctuation"
COCO = "COCO_"
_ENTITY = re.compile(r"[0-9]+")
_NO_LETTER = re.compile(r"\W+")
Read = Reading[MatchingExample]
Caption = tuple[str, str, str]  # id, text, image


def read_karpathy(source: Source) -> Read:
    """Karpathy's dataset_flickr30k.json, dataset_flickr8k.json or dataset_coco.json: the images of the split with
    their `sentences` (`raw`, `sentid`)."""
    captions, ids = [], Unique()
    for number, image in enumerate(json_list(source.path, json_content(source.path), "images"), start=1):
        row = Row(source.path, f"images {number}", image)
        if source.of_split(row, "split", KARPATHY_SPLITS):
            name = row.image("filename", source.images)
            for sentence in json_list(source.path, image, "sentences"):
                said = Row(source.path, sentence.get("sentid", row.place), sentence)
                captions.append((ids.check(said, said.key("sentid")), _raw(said, "raw"), name))
    return _distinct(captions, source)


def read_flickr8k(source: Source) -> Read:
    """JSON lines with image, split and captions {language: [[source, text], ...]}, from several collections: the
    images of the split with the captions in the language. Flickr8k's and Multi30k's often differ only in
    spaces; the first is kept."""
    captions: list[Caption] = []
    ids = Unique()
    for row in json_lines(source.path):
        name = ids.check(row, row.image("image", source.images))
        if source.of_split(row, "split", FLICKR8K_SPLITS):
            by_language = row.content.get("captions")
            if not isinstance(by_language, dict):
                raise row.error(f"captions {by_language!r}", "an object, by language", "correct the row")
            for number, pair in enumerate(by_language.get(source.language, [])):
                if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], str):
                    raise row.error(f"the caption {pair!r}", "a pair of source and text", "correct the row")
                captions.append((f"{name}#{number}", pair[1], name))
    return _distinct(captions, source)


def read_xflickrco(source: Source) -> Read:
    """IGLUE's JSON lines of xFlickrCO and Flickr30k: sentences, id, img_path. A caption's id is its image and
    its number there, the same in every language.

    Japanese captions of Flickr30k's images come from Flickr30k Entities JP, where every phrase starts with the number
    of its entity, in ASCII digits: they are removed. Numbers that belong to the text are in full-width digits there;
    captions of COCO's images, from another collection, keep their ASCII digits.
    """
    captions, ids = [], Unique()
    for row in json_lines(source.path):
        name = ids.check(row, row.image("img_path", source.images))
        sentences = row.content.get("sentences")
        if not isinstance(sentences, list) or not all(isinstance(one, str) for one in sentences):
            raise row.error(f"sentences {sentences!r}", "a list of texts", "correct the row")
        entities = source.language == "ja" and not name.startswith(COCO)
        for number, sentence in enumerate(sentences):
            captions.append((f"{name}#{number}", _ENTITY.sub("", sentence) if entities else sentence, name))
    return _distinct(captions, source)


def read_rows(source: Source) -> Read:
    """The fields id, text, image as JSON lines."""
    captions, ids = [], Unique()
    for row in json_lines(source.path):
        row.check_language(source.language)
        captions.append((ids.check(row, row.key("id")), _raw(row, "text"), row.image("image", source.images)))
    return _distinct(captions, source)


def _raw(row: Row, key: str) -> str:
    """A caption, even if empty."""
    value = row.content.get(key)
    return value if isinstance(value, str) else row.text(key)


def _distinct(captions: Iterable[Caption], source: Source) -> Read:
    """The captions without empty and repeated ones of an image, which are counted."""
    examples: list[MatchingExample] = []
    seen: set[tuple[str, str]] = set()
    left_out: list[str] = []
    for identifier, text, image in captions:
        if not source.in_part(image):
            continue
        key = (image, _NO_LETTER.sub("", text).casefold())
        if not key[1] or key in seen:
            left_out.append(SAME_CAPTION if key[1] else NO_CAPTION)
            continue
        seen.add(key)
        examples.append(MatchingExample(identifier, source.language, text.strip(), image))
    return Reading(examples, counted(left_out))
