"""Files that are no rows of a task, made tiny, and what reads each of them."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
from PIL import Image
from safetensors.numpy import save_file

from few_questions import gqa
from xstilts.base.cache import ROW, open_features, read_cache_card, write_rows
from xstilts.base.files import open_rows, write_json
from xstilts.base.images import ImageSource
from xstilts.boxes.convert import reader
from xstilts.encode.images import open_images
from xstilts.encode.task import _origin
from xstilts.external.gold import read_gold
from xstilts.external.predictions import read_predictions
from xstilts.features.vectors import from_vectors
from xstilts.model.checkpoint import CARD, FILE, read_card, read_weights
from xstilts.programs.scene import Box, Scene, Thing, read_scenes, write_scenes
from xstilts.report.cells.items import CELL, SCHEMA, read_items
from xstilts.report.cells.metrics import read_scores
from xstilts.tasks import split_files, with_raw_languages
from xstilts.tasks.clues import perceived_clues
from xstilts.tasks.schema import load_task

Readers = dict[Path, Callable[[], object]]
ENDINGS = ("png", "jpg", "webp", "gif", "tiff", "bmp")


def inputs(folder: Path) -> Readers:
    """What users bring besides the files of tasks: pictures, a detector's boxes, predictions of another system."""
    return {**_pictures(folder / "pictures"), **_boxes(folder), **_predictions(folder / "predictions")}


def _pictures(folder: Path) -> Readers:
    folder.mkdir()
    colours = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    for ending in ENDINGS:
        (own := folder / ending).mkdir()
        Image.fromarray(colours).save(own / f"a.{ending}")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for ending in ENDINGS[:2]:
            archive.write(folder / ending / f"a.{ending}", f"{ending}.{ending}")

    def look(place: Path) -> Callable[[], object]:
        return lambda: [source.read(one) for source in [ImageSource(place)] for one in source.ids]

    files = {folder / ending / f"a.{ending}": look(folder / ending) for ending in ENDINGS}
    return {**files, folder / "all.zip": look(folder / "all.zip")}


def _boxes(folder: Path) -> Readers:
    vectors, boxes = np.ones((2, 4), np.float32), np.array([[0, 0, 5, 5], [1, 1, 9, 9]], np.float32)
    (arrays := folder / "arrays").mkdir()
    np.savez(arrays / "a.npz", features=vectors, boxes=boxes, img_w=10, img_h=10)
    with h5py.File(folder / "boxes.h5", "w") as file:
        for name, value in (("features", vectors), ("boxes", boxes), ("img_w", 10), ("img_h", 10)):
            file.create_dataset(f"a/{name}", data=value)
    row = ["a", "10", "10", "2", *(base64.b64encode(one.tobytes()).decode() for one in (boxes, vectors))]
    (folder / "boxes.tsv").write_text("\t".join(row) + "\n")

    def read(place: Path) -> Callable[[], object]:
        return lambda: list(reader(place)(place))

    own = {folder / name: read(folder / name) for name in ("boxes.h5", "boxes.tsv")}
    return {**own, arrays / "a.npz": read(arrays)}


def _predictions(folder: Path) -> Readers:
    folder.mkdir()
    write_json(folder / "gold.json", gqa())
    gold = read_gold(str(folder / "gold.json"), load_task("xgqa"))
    answers = dict.fromkeys(gold.of("en"), "yes")
    rows = [{"id": name, "language": "de", "prediction": answer} for name, answer in answers.items()]
    write_json(folder / "object-en.json", answers)
    write_json(folder / "list-en.json", [{"questionId": one["id"], "prediction": "no"} for one in rows])
    (folder / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    _write_arrow(folder / "rows.arrow", pa.Table.from_pylist(rows))

    def read(name: str) -> Callable[[], object]:
        return lambda: read_predictions(str(folder / name), gold)

    names = {"object-en.json": "object-{language}.json", "list-en.json": "list-{language}.json"}
    files = {folder / name: read(names.get(name, name)) for name in (*names, "rows.jsonl", "rows.arrow")}
    return {**files, folder / "gold.json": lambda: read_gold(str(folder / "gold.json"), load_task("xgqa"))}


def _write_arrow(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def own_files(folder: Path) -> Readers:
    """Files of the project's own: features, vectors, cards, caches, checkpoints, scores and what is perceived."""
    return {**_features(folder), **_cards(folder), **_cells(folder / "cell"), **_scenes(folder / "scenes")}


def _features(folder: Path) -> Readers:
    features, vectors = folder / "features", folder / "vectors"
    features.mkdir()
    vectors.mkdir()
    np.save(features / "features.npy", np.ones((3, 4), np.float16))
    np.save(features / "boxes.npy", np.zeros((3, 7), np.float32))
    np.save(features / "offsets.npy", np.array([0, 1, 3]))
    np.save(vectors / "x.npy", np.ones((3, 4), np.float16))
    write_json(features / "images.json", ["a", "b"])
    write_json(features / "card.json", {"sha256": "x", "dim": 4})
    write_json(vectors / "ids.json", ["a", "b", "c"])

    def look() -> object:
        images = open_images(features)
        return images.contents(images.rows), open_features(features)

    made = {path: lambda: from_vectors(vectors, folder / "made") for path in vectors.iterdir()}
    return {**dict.fromkeys(features.iterdir(), look), **made}


def _cards(folder: Path) -> Readers:
    (raw := folder / "raw").mkdir()
    write_json(raw / "card.json", {"tasks": {"t": {"kind": "vqa", "labels": ["a"]}}})
    about = {"data": "official", "licence": "x", "source": "y", "files": {}, "languages": ["en"]}
    write_json(raw / "manifest.json", about)
    task = load_task("gqa")

    def manifest() -> object:
        return _origin(raw), split_files(with_raw_languages(task, raw), "train", raw)

    return {raw / "card.json": lambda: read_cache_card(raw), raw / "manifest.json": manifest}


def _cells(folder: Path) -> Readers:
    folder.mkdir()
    write_rows(folder / "train.arrow", {name: [None, None] for name in ROW.names})
    empty = SCHEMA.empty_table().replace_schema_metadata({CELL: b'{"target": "t"}'})
    _write_arrow(folder / "items.arrow", empty)
    save_file({"heads.t.weight": np.ones((2, 2), np.float32)}, folder / FILE)
    write_json(folder / CARD, {"tasks": {"t": {"kind": "vqa", "labels": ["a"]}}})
    about = {"target": "t", "recipe": "plain", "route": "none", "seed": 0, "data": "official", "kind": "vqa"}
    scores = {"metric": "accuracy", "rows": {"en": 1}, "scores": {"accuracy": {"en": 0.5}}, "controls": {}}
    write_json(folder / "scores.json", {**about, **scores})
    return {
        folder / "train.arrow": lambda: open_rows(folder / "train.arrow").to_pylist(),
        folder / "items.arrow": lambda: read_items(folder / "items.arrow"),
        folder / FILE: lambda: read_weights(folder),
        folder / CARD: lambda: read_card(folder),
        folder / "scores.json": lambda: read_scores(folder / "scores.json"),
    }


def _scenes(folder: Path) -> Readers:
    thing = Thing("1", {"cat": 0.9}, {"red": 0.8}, Box(0, 0, 0.5, 0.5))
    write_scenes(folder, [Scene("a", (thing,), (), {})], {"perception": "projector", "names": [], "attributes": []})
    (folder / "SHA256SUMS").unlink()

    def read() -> object:
        return read_scenes(folder), perceived_clues(folder)

    return {folder / "card.json": read, folder / "scenes.jsonl": lambda: perceived_clues(folder)}
