"""Files that are read piece by piece: what comes out is what reading them whole gives."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xstilts.base.errors import DataError
from xstilts.tasks import streams
from xstilts.tasks.rows import BLANK_LINE, json_content
from xstilts.tasks.streams import json_lines, json_members


def made(random_: random.Random, depth: int = 0) -> Any:
    """A JSON value with braces, quotation marks and backslashes in its texts."""
    if depth < 3 and random_.random() < 0.4:
        return {f"{word(random_)}{n}": made(random_, depth + 1) for n in range(random_.randrange(4))}
    if depth < 3 and random_.random() < 0.2:
        return [made(random_, depth + 1) for _ in range(random_.randrange(3))]
    return random_.choice([1, -2.5, None, True, word(random_), '{"a": {', "}}"])


def word(random_: random.Random) -> str:
    return "".join(random_.choice('ab"\\{}[],: é😀\n') for _ in range(random_.randrange(6)))


def broken(random_: random.Random, text: str) -> str:
    """A text with a character too many, too few or another one."""
    place = random_.randrange(len(text))
    return (
        text[:place]
        + random_.choice(["", "x", "}", '"', ",", "\u00a0", "\\ud800"])
        + text[place + random_.randrange(2) :]
    )


def outcome(call: Any) -> tuple[str, Any]:
    try:
        return "read", call()
    except DataError as error:
        return "refused", str(error)


@pytest.mark.equivalence
def test_members_of_an_object_are_those_of_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of a piece; and a file that is broken is refused in the same words."""
    path, random_, outcomes = tmp_path / "members.json", random.Random(0), Counter[str]()
    for _ in range(600):
        monkeypatch.setattr(streams, "CHUNK", random_.choice([1, 3, 17, 1000]))
        members = {f"{word(random_)}{n}": {"q": made(random_)} for n in range(random_.randrange(6))}
        content: Any = members if random_.random() < 0.8 else random_.choice([[members], {**members, "last": 1}])
        text = json.dumps(content, ensure_ascii=random_.random() < 0.5, indent=random_.choice([None, 1]))
        text = text if random_.random() < 0.6 else broken(random_, text)
        path.write_bytes(("\ufeff" * (random_.random() < 0.1) + text).encode("utf-8"))
        whole = outcome(lambda: json_content(path))
        if whole[0] == "refused" and " again" in whole[1]:  # a key that is there twice is met twice
            continue
        if whole[0] == "read":
            whole = "read", list(whole[1].items()) if isinstance(whole[1], dict) else []
        assert outcome(lambda: list(json_members(path))) == whole
        outcomes[whole[0]] += 1
    assert min(outcomes["read"], outcomes["refused"]) > 100


def test_lines_keep_their_numbers_and_blank_ones_between_them_are_counted(tmp_path: Path) -> None:
    path, left_out = tmp_path / "lines.jsonl", Counter[str]()
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": "\xc3\xa9"}\n\n \n')
    assert [(row.place, row.content) for row in json_lines(path, left_out)] == [(1, {"a": 1}), (4, {"a": "é"})]
    assert left_out == {BLANK_LINE: 2}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "an empty file"),
        (b" \n\n", "an empty file"),
        (b'{"a": 1}\n\xff', "a byte that is not UTF-8 at 9"),
        (b"\xff\xfe{", "UTF-16"),
        (None, "no such file"),
    ],
)
def test_files_that_are_no_text_are_refused(content: bytes | None, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        list(json_lines(path))
