"""When two texts, or two names of an image, are the same: a number each that is equal for the same ones."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

WORDS = 4  # a shorter text recurs honestly
CHARACTERS = 8  # the same for scripts without spaces between words
# Thai and Lao, Burmese, Khmer, kana, Chinese characters
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_COCO = re.compile(r"(?:coco_\w+?_)?0*(\d+)")
_FLICKR = re.compile(r"(\d+)_[0-9a-f]{6,}")


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
    """Whether a text is long enough that its second occurrence means something."""
    if len(text.split(maxsplit=WORDS)) >= WORDS:
        return True
    return len(text) >= CHARACTERS and _UNSPACED.search(text) is not None and len(normalised(text)) >= CHARACTERS


def image_name(image: str) -> str:
    """The name of an image as all data sets know it.

    COCO's `COCO_val2014_000000413120` and `000000413120` are `coco 413120`; Flickr's `1007129816_e794419615` is
    `1007129816`, its number without the photo's secret. A bare number stays as it is: Flickr30k's, Flickr8k's and
    Visual Genome's numbers are not told apart.
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
