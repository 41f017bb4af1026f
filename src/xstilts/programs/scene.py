"""What a layout is run on: the objects of a picture with names, attributes, boxes and scores, and their relations.

Gold scene graphs and perception fill one schema. A gold fact has score 1; what a detector or an image-text model says
has its own. Boxes are fractions of the picture's width and height, and **y points down**, as in every picture file.

Perception of a set of images is the folder `data/perception/<set>` with two files:

- `scenes.jsonl`: one JSON object per line and image, `Scene.to_json`, in the order of the set's features:
  `{"id": "12", "things": [{"id": "0", "names": {"dog": 0.97}, "attributes": {"red": 0.99}, "box": [0.1, 0.2, 0.4, 0.9],
  "score": 1.0}], "relations": null, "attributes": {}}`. `names` and `attributes` have at least one entry where anything
  was named, the likeliest first; `relations` is null where none were looked for.
- `card.json`: `{"name": the set, "perception": what found and named the objects, "names": [...], "attributes": [...],
  "images": how many, "sha256": of scenes.jsonl}`; `names` and `attributes` list what could have been named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError
from xstilts.base.files import CARD, read_object, sha256_of, whole_directory, write_json

Scores = Mapping[str, float]
CERTAIN = 1.0
SCENES = "scenes.jsonl"


@dataclass(frozen=True, order=True)
class Box:
    """Corners as fractions of the picture, in [0, 1]: left, top, right, bottom."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, x and y."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @property
    def width(self) -> float:
        """Fraction of the picture's width."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Fraction of the picture's height."""
        return self.y2 - self.y1

    def as_list(self) -> list[float]:
        """The four corners, as a JSON file keeps them."""
        return [self.x1, self.y1, self.x2, self.y2]


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Thing:
    """An object of a scene.

    Attributes:
        id: unique in its scene.
        names: what it may be called, with scores in [0, 1].
        attributes: what it may be like, with scores in [0, 1].
        box: where it is.
        score: how sure it is that something is there, in [0, 1].
    """

    id: str
    names: Scores
    attributes: Scores
    box: Box
    score: float = CERTAIN

    def to_json(self) -> dict[str, Any]:
        """Return what a JSON file keeps."""
        return {**vars(self), "names": dict(self.names), "attributes": dict(self.attributes), "box": self.box.as_list()}


@dataclass(frozen=True)
class Relation:
    """`subject` stands in the relation `name` to `object`; both are ids of things."""

    subject: str
    name: str
    object: str
    score: float = CERTAIN


@dataclass(frozen=True)
class Scene:
    """A picture as modules see it.

    Attributes:
        id: of the image.
        things: its objects, in any order.
        relations: what holds between them beside what boxes tell; None where none were looked for.
        attributes: of the whole picture (its place, its weather), with scores.
    """

    id: str
    things: tuple[Thing, ...]
    relations: tuple[Relation, ...] | None = None
    attributes: Scores = field(default_factory=dict)

    @property
    def whole(self) -> Thing:
        """The picture itself as an object, for programs that `select: scene`."""
        return Thing(self.id, {}, self.attributes, WHOLE)

    def to_json(self) -> dict[str, Any]:
        """Return what a JSON file keeps."""
        relations = None if self.relations is None else [dict(vars(one)) for one in self.relations]
        things = [thing.to_json() for thing in self.things]
        return {"id": self.id, "things": things, "relations": relations, "attributes": dict(self.attributes)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Scene:
        """The inverse of `to_json`."""
        things = tuple(Thing(**{**one, "box": Box(*one["box"])}) for one in content["things"])
        relations = content["relations"]
        edges = None if relations is None else tuple(Relation(**one) for one in relations)
        return cls(content["id"], things, edges, content["attributes"])


def write_scenes(directory: Path, scenes: Iterable[Scene], card: Mapping[str, Any]) -> None:
    """Write the perception of a set of images, whole or not at all.

    Args:
        card: `perception`, `names` and `attributes`; the rest is added.
    """
    with whole_directory(directory) as draft:
        lines = [json.dumps(scene.to_json(), ensure_ascii=False) for scene in scenes]
        (draft / SCENES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        found = {"images": len(lines), "sha256": sha256_of(draft / SCENES)}
        write_json(draft / CARD, {"name": directory.name, **card, **found})


def read_scenes(directory: Path) -> dict[str, Scene]:
    """Read the perception of a set of images: `{id of the image: its scene}`.

    Raises:
        DataError: a file is missing or damaged, or a line is no scene.
    """
    expected, path = read_object(directory / CARD, "sha256")["sha256"], directory / SCENES
    if not path.is_file() or sha256_of(path) != expected:
        raise DataError(path, None, "a missing or altered file", f"SHA-256 {expected}", "run `dvc repro` again")
    scenes = {}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                scene = Scene.from_json(json.loads(line))
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                found, todo = f"no scene ({error})", "run `dvc repro` again"
                raise DataError(path, number, found, "what `Scene.to_json` writes", todo) from None
            scenes[scene.id] = scene
    return scenes


def from_graph(image: str, graph: Mapping[str, Any], path: Path | str) -> Scene:
    """Return the scene of one of GQA's scene graphs (`{"width", "height", "objects": {id: ...}}`).

    Args:
        image: its id.
        graph: the entry of the scene graph file.
        path: of that file, for errors.

    Raises:
        DataError: a key is missing, or a relation leads to an object that is not there.
    """
    try:
        width, height, objects = graph["width"], graph["height"], graph["objects"]
        things = tuple(_thing(number, entry, width, height) for number, entry in objects.items())
        edges = [(number, edge) for number, entry in objects.items() for edge in entry["relations"]]
        relations = tuple(Relation(number, edge["name"], edge["object"]) for number, edge in edges)
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        expected = "width, height, and objects with name, x, y, w, h, attributes and relations"
        raise DataError(
            path, image, f"a scene graph that cannot be read: {error}", expected, "compare it with GQA's"
        ) from None
    if lost := {edge.object for edge in relations} - set(objects):
        found = f"a relation to object {min(lost)}"
        raise DataError(path, image, found, f"one of {', '.join(objects)}", "make the file again")
    places = graph.get("location"), graph.get("weather")
    return Scene(image, things, relations, {place: CERTAIN for place in places if place})


def _thing(number: str, entry: Mapping[str, Any], width: float, height: float) -> Thing:
    left, top = entry["x"], entry["y"]
    box = Box(left / width, top / height, (left + entry["w"]) / width, (top + entry["h"]) / height)
    return Thing(number, {entry["name"]: CERTAIN}, dict.fromkeys(entry["attributes"], CERTAIN), box)
