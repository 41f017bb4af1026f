"""The scenes that a report may show: some test images, drawn by a seed, with their questions in every language.

`data/report/scenes/<target>` has `questions.arrow` (one row per question and language), `pictures.arrow` (one small
picture per image, with its regions) and `about.json`. A target that asks nothing about pictures of its own has no rows,
and `about.json` says why.
"""

import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

from xstilts.base.files import read_json, whole_directory, write_json, write_table
from xstilts.base.images import ImageSource
from xstilts.features.regions import components, propose
from xstilts.features.settings import FeatureSettings
from xstilts.tasks import read_split, with_raw_languages
from xstilts.tasks.examples import VqaExample
from xstilts.tasks.schema import TaskSpec

SCENES, SEED = 60, 0  # how many images are drawn, and by which seed
SIDE, QUALITY = 256, 70  # pixels of a picture's longer side, and WebP's quality
IMAGES = "images.zip"
QUESTIONS = pa.schema(
    [(name, pa.string()) for name in ("id", "image_id", "structural", "answer", "language", "question")]
)
BOXES = pa.list_(pa.list_(pa.float32(), 4))  # x1 y1 x2 y2 of each region, relative to the picture
PICTURES = pa.schema([("image_id", pa.string()), ("webp", pa.binary()), ("regions", BOXES)])


def write_scenes(task: TaskSpec, raw: Path, out: Path, features: FeatureSettings) -> None:
    """Draw the scenes of a target and write them.

    Args:
        raw: the target's raw data, data/raw/<target>.
        features: how regions are found; cells of a grid are not drawn.
    """
    manifest = read_json(raw / "manifest.json")
    about = {"target": task.name, **{key: manifest[key] for key in ("data", "licence", "source")}}
    why = _no_scenes(task, raw)
    examples = [] if why else read_split(with_raw_languages(task, raw), "test", raw).examples
    chosen = draw([one for one in examples if isinstance(one, VqaExample)])
    names = list(dict.fromkeys(example.image for example in chosen))
    with whole_directory(out) as draft:
        write_table(draft / "questions.arrow", pa.Table.from_pylist(list(map(_row, chosen)), QUESTIONS))
        pictures = list(_pictures(raw / IMAGES, names, features))
        write_table(draft / "pictures.arrow", pa.Table.from_pylist(pictures, PICTURES))
        write_json(draft / "about.json", about | {"scenes": len(names), "why_none": why})


def _no_scenes(task: TaskSpec, raw: Path) -> str:
    """Why there is nothing to show; "" if there is."""
    if task.kind != "vqa":
        return f"{task.name} asks no questions about pictures"
    return "" if (raw / IMAGES).is_file() else f"the raw data of {task.name} hold no pictures"


def draw(examples: Sequence[VqaExample], count: int = SCENES, seed: int = SEED) -> list[VqaExample]:
    """The questions, in every language, of `count` images drawn by the seed; all of them if there are fewer."""
    images = sorted({example.image for example in examples})
    drawn = set(random.Random(seed).sample(images, min(count, len(images))))
    return [example for example in examples if example.image in drawn]


def _row(example: VqaExample) -> dict[str, str]:
    return {
        "id": example.id,
        "image_id": example.image,
        "structural": example.structural,
        "answer": example.answer,
        "language": example.language,
        "question": example.question,
    }


def _pictures(archive: Path, names: Sequence[str], features: FeatureSettings) -> Iterator[dict[str, Any]]:
    if not names:
        return
    source = ImageSource(archive)
    for name in names:
        pixels = source.read(name)
        yield {"image_id": name, "webp": small(Image.fromarray(pixels)), "regions": _regions(pixels, features)}


def _regions(pixels: Any, features: FeatureSettings) -> list[list[float]]:
    """The boxes that the model is given, if they are found in the picture."""
    if features.proposals != "components" or not len(components(pixels)):
        return []
    boxes: list[list[float]] = propose(pixels, features.limit)[:, :4].tolist()
    return boxes


def small(image: Image.Image) -> bytes:
    """A picture of at most `SIDE` pixels a side, as WebP without metadata."""
    copy, content = image.convert("RGB"), io.BytesIO()
    copy.thumbnail((SIDE, SIDE))
    copy.save(content, "WEBP", quality=QUALITY, method=6)
    return content.getvalue()
