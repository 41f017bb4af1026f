"""What stands in for a picture: descriptions, GQA's scene graphs told in words, or clues, one a line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xstilts.base.cache import image_id
from xstilts.base.errors import DataError
from xstilts.base.files import CARD, read_object
from xstilts.tasks.rows import Row, json_content
from xstilts.tasks.streams import json_lines

LARGE = 0.35  # of the picture's width: the cards of the embedded world take 0.29 or 0.41
_FINAL = (".", "!", "?", "。", "।")
_TODO = "make the file again with the script that wrote it"
_COMPARE = "compare it with GQA's scene graph files"


def read_clues(path: Path) -> dict[str, str]:
    """Return `{image: its clues as one text}`, in the order of the file.

    A line of the file is a JSON object: `image`, the name of its file or its id; `clue`, a phrase or a sentence; and,
    where they are known, `box` (left, top, right and bottom as fractions of the picture, y pointing down), `score` in
    0..1 and `source`, which are checked but not read by the model. An image may have any number of lines.

    Raises:
        DataError: naming the line, for a blank clue, a box outside the picture or a score outside 0..1.
    """
    found: dict[str, list[str]] = {}
    for row in json_lines(path):
        _check_numbers(row)
        found.setdefault(image_id(row.key("image")), []).append(row.text("clue", _TODO))
    return {image: joined(clues) for image, clues in found.items()}


def joined(clues: Iterable[str]) -> str:
    """Clues as one text; a full stop ends each that has no mark of its own."""
    return " ".join(one if one.endswith(_FINAL) else f"{one}." for one in (clue.strip() for clue in clues))


def perceived_clues(directory: Path) -> dict[str, str]:
    """Return `{image: its clues as one text}` of what perception found, `data/perception/<set>`.

    Objects are told row by row, from left to right, with all that they are like: `Top left: man (tall, happy).` Where
    the projector of the embedded world named them, colours are those of cards: `Top left: house (large yellow card).`
    """
    card, path = read_object(directory / CARD, "perception"), directory / "scenes.jsonl"
    told: dict[str, str] = {}
    for row in json_lines(path):
        try:
            told[row.key("id")] = joined(_perceived(row.content["things"], card["perception"] == "projector"))
        except (KeyError, TypeError, ValueError) as error:
            expected = "things with names, attributes and box"
            raise row.error(f"a scene in which {error} is wrong", expected, "run `dvc repro`") from None
    return told


def _perceived(things: Sequence[Mapping[str, Any]], on_cards: bool) -> Iterator[str]:
    """One clue per object."""
    for thing in sorted(things, key=lambda one: (_halves(one["box"]), one["box"])):
        bottom, right = _halves(thing["box"])
        name, like = max(thing["names"], key=thing["names"].__getitem__), ", ".join(thing["attributes"])
        if on_cards:
            size = "large" if thing["box"][2] - thing["box"][0] > LARGE else "small"
            like = f"{size} {max(thing['attributes'], key=thing['attributes'].__getitem__)} card"
        yield f"{('Top', 'Bottom')[bottom]} {('left', 'right')[right]}: {name}" + (f" ({like})" if like else "")


def _halves(box: Sequence[float]) -> tuple[bool, bool]:
    """Whether the middle of a box is in the lower and in the right half of the picture."""
    return box[1] + box[3] > 1, box[0] + box[2] > 1


def _check_numbers(row: Row) -> None:
    """Refuse a box that is no box of the picture, and a score that is no probability."""
    box, score = row.content.get("box"), row.content.get("score", 1.0)
    if box is not None:
        corners = box if isinstance(box, list) and len(box) == 4 and all(map(_fraction, box)) else None
        if corners is None or corners[0] >= corners[2] or corners[1] >= corners[3]:
            expected = "left, top, right and bottom as fractions of the picture"
            raise row.error(f"the box {box!r}", expected, "divide pixels by the picture's width and height")
    if not _fraction(score):
        raise row.error(f"the score {score!r}", "a number in 0..1", _TODO)


def _fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def read_descriptions(path: Path) -> dict[str, str]:
    """Return `{image: what it shows, in words}` of a JSON object of texts, or of GQA's scene graphs, by image.

    Of a scene graph, every object is one sentence, from left to right: what it is and is like, where it is in the
    picture, and its relations. Objects of one name are told apart by numbers, and relations name them so: `man 2: tall,
    at the bottom left; wearing hat, to the left of man 1.`

    Raises:
        DataError: naming the image, for a blank text, and for a graph that lacks a key or relates an object that is not
            there.
    """
    content = json_content(path)
    if not isinstance(content, dict) or not content:
        expected = "a JSON object of descriptions or GQA's scene graphs by image"
        raise DataError(path, None, f"a {type(content).__name__} that holds none", expected, _COMPARE)
    return {
        image: Row(path, image, content).text(image) if isinstance(one, str) else _tell_graph(path, image, one)
        for image, one in content.items()
    }


def _tell_graph(path: Path, image: str, graph: Any) -> str:
    try:
        size, objects = (graph["width"], graph["height"]), graph["objects"]
        names = _numbered({number: entry["name"] for number, entry in objects.items()})
        order = sorted(objects, key=lambda number: (objects[number]["x"], objects[number]["y"]))
        places = [graph[key] for key in ("location", "weather") if graph.get(key)]
        return joined([*places, *(_tell_object(names[number], objects[number], names, size) for number in order)])
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        expected = "width, height, and objects with name, x, y, w, h, attributes and relations"
        raise DataError(path, image, f"a scene graph that cannot be read: {error}", expected, _COMPARE) from None


def _numbered(names: Mapping[str, str]) -> dict[str, str]:
    """`{object: name}`, with a number after a name that several objects have."""
    listed, seen, told = list(names.values()), dict[str, int](), dict[str, str]()
    for number, name in names.items():
        seen[name] = seen.get(name, 0) + 1
        told[number] = f"{name} {seen[name]}" if listed.count(name) > 1 else name
    return told


def _tell_object(name: str, entry: Mapping[str, Any], names: Mapping[str, str], size: Sequence[float]) -> str:
    x, y = (entry[key] + entry[side] / 2 for key, side in (("x", "w"), ("y", "h")))
    place = f"at the {'top' if y / size[1] < 0.5 else 'bottom'} {'left' if x / size[0] < 0.5 else 'right'}"
    like = ", ".join([*entry["attributes"], place])
    related = ", ".join(f"{edge['name']} {names[edge['object']]}" for edge in entry["relations"])
    return f"{name}: {like}" + (f"; {related}" if related else "")
