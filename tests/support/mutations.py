"""Changes that make a good file a bad one: of bytes, of lines, and of the values of JSON and YAML."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 3.5, float("nan"), float("inf"), 10**30, "", " ", "NS", "_", "-", "\x00", "\x1b[31m"),
    *(
        "\ud800",
        "\u202e",
        "\ufeff",
        "9" * 5000,
        "x" * 100_000,
        "a\tb",
        "a\nb",
        [],
        {},
        [[]],
        [None],
        {"a": 1},
        {"": []},
    ),
    *("../../etc/passwd", "EN", " en", "yes", "1e400", "-5", "٣", [1, 2], ["x"] * 3000, {"x": {"y": {"z": [1]}}}),
)
DEEP = b"[" * 50_000
NUMBERS = (b"9" * 5000, b"1e999", b"-0", b"NaN")


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """Bytes changed, inserted, taken out or cut off."""
    content, place = bytearray(data), rng.randrange(len(data) + 1)
    match rng.randrange(7):
        case 0:
            return bytes(content[:place])
        case 1:
            return bytes(content[:place] + rng.choice((DEEP, *NUMBERS)) + content[place:])
        case 2:
            return bytes(content[:place] + content[place + rng.randrange(1, 20) :])
        case 3:
            return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\r\n", b"\n")) + data
        case 4:
            return data.decode().encode(rng.choice(("utf-16", "utf-8-sig", "utf-32", "cp1252")), "replace")
    for _ in range(rng.choice((1, 1, 3, 30))):
        content[rng.randrange(len(content))] = rng.choice((rng.randrange(256), *b'\t\n\r "{}[],:|_0-'))
    return bytes(content)


def of_lines(data: bytes, rng: random.Random) -> bytes:
    """Lines twice, taken out, blank, exchanged, or with a field that is odd."""
    lines = data.decode("utf-8", "replace").split("\n")
    place = rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            lines.insert(place, lines[rng.randrange(len(lines))])
        case 1:
            del lines[place]
        case 2:
            lines.insert(place, rng.choice(("", " ", "\t", "\r")))
        case 3:
            rng.shuffle(lines)
        case _:
            fields = lines[place].split("\t")
            fields[rng.randrange(len(fields))] = str(rng.choice(ODD))
            lines[place] = "\t".join(fields)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def of_values(content: Any, rng: random.Random) -> Any:
    """A value of a tree exchanged, taken out or put in twice; `content` itself is changed where it can be."""
    places = list(_places(content))
    if not places or rng.random() < 0.03:
        return rng.choice(ODD)
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(holder[key])
        case 1:
            holder[str(rng.choice(ODD))] = holder[key]
        case _:
            holder[key] = rng.choice(ODD)
    return content


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(content, dict | list):
        for key, value in list(content.items() if isinstance(content, dict) else enumerate(content)):
            yield content, key
            yield from _places(value)


def of_json(data: bytes, rng: random.Random) -> bytes:
    """A value of a JSON file, or of a line of JSON lines."""
    lines = data.decode().splitlines()
    place = rng.randrange(len(lines))
    try:
        content = json.loads(lines[place])
    except (ValueError, RecursionError):
        return of_lines(data, rng)
    lines[place] = json.dumps(of_values(content, rng))
    return "\n".join(lines).encode()


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (of_bytes, of_lines, of_json, of_json)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A file with one to three changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        try:
            data = rng.choice(CHANGES)(data, rng) or b"\n"
        except UnicodeDecodeError:  # bytes that are no text any more
            return data
    return data
