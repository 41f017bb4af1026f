"""What the embedded world is made from, and how its raw sets are written: the same bytes each time."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from xstilts.data.manifest import EMBEDDED, Manifest, add_member
from xstilts.data.pictograms.questions import Question, questions_on
from xstilts.data.pictograms.scene import Scene, scenes_of

# Where the files of a raw set are, by dataset and split; `{language}` stands for every language, `{language3}` for its
# three-letter code.
_QUESTIONS = {"train": "train_questions.json", "dev": "dev_questions.json"}
_XGQA = {"train": "train/en.json", "dev": "dev/en.json", "test": "test/{language}.json"}
_JSON = {"train": "train.json", "dev": "dev.json"}
_JSON_LINES = {"train": "train.jsonl", "dev": "dev.jsonl"}
LAYOUT: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("gqa", "gqa_blind", "gqa_layout"), _QUESTIONS),
    "gqa_told": {**_QUESTIONS, "train told": "train_descriptions.json", "dev told": "dev_descriptions.json"},
    **dict.fromkeys(("xgqa", "xgqa_layout"), _XGQA),
    "xgqa_clues": {**_XGQA, "edited": "edited/{language}.json", "clues": "clues.jsonl"},
    **dict.fromkeys(("squad", "squad_v2"), _JSON),
    **dict.fromkeys(("mnli", "snli_ve", "nlvr2"), _JSON_LINES),
    "cosmosqa": {"train": "train.csv", "dev": "dev.csv"},
    "visual7w": {"train": "dataset_v7w_telling.json", "dev": "dataset_v7w_telling.json"},
    "ccg": {"train": "train.stagged", "dev": "dev.stagged"},
    "flickr30k": {"train": "dataset_flickr30k.json", "dev": "dataset_flickr30k.json"},
    "mlm": {"train": "train-{language}.txt", "dev": "dev-en.txt"},
    "marvl": {**_JSON_LINES, "test": "marvl-{language}.jsonl"},
    "xvnli": {**_JSON_LINES, "test": "test-{language}.jsonl"},
    "xnli": {"train": "train.jsonl", "dev": "dev-en.tsv", "test": "test-{language}.tsv"},
    "panx": {"train": "train-en.tsv", "dev": "dev-en.tsv", "test": "test-{language}.tsv"},
    "xquad": {**_JSON, "test": "xquad.{language}.json"},
    "xcopa": {**_JSON_LINES, "test": "test-{language}.jsonl"},
    "xflickrco": {**_JSON_LINES, "test": "{language}/test.jsonl"},
    "tatoeba": {"test": "tatoeba.{language3}-eng.{language3}", "english": "tatoeba.{language3}-eng.eng"},
}
LICENCE = "CC BY-SA 4.0 (drawings: OpenMoji, https://openmoji.org)"
SOURCE = "made from a seed by xstilts (embedded world of pictograms)"


@dataclass(frozen=True)
class World:
    """What the embedded world is made from.

    Attributes:
        assets: directory with the downloaded wheels (drawings).
        seed: the same seed gives the same bytes.
        share: the part of every split's scenes that is made, above 0 and at most 1.
    """

    assets: Path
    seed: int = 0
    share: float = 1.0

    def scenes(self, dataset: str, split: str) -> list[Scene]:
        """The scenes of a split."""
        return scenes_of(dataset, split, self.seed, self.share)

    def questions(self, dataset: str, split: str) -> list[Question]:
        """The questions of a split."""
        return questions_on(self.scenes(dataset, split), split, self.seed)


class RawSet:
    """The files of one raw set, noted as they are written; `finish` writes the manifest."""

    def __init__(self, root: Path) -> None:
        """Start in the empty directory `root`."""
        self._root = root
        self._manifest = Manifest(root, LICENCE, SOURCE, EMBEDDED)

    def json(self, name: str, content: Any, rows: int) -> None:
        """Write JSON on one line, as the official sets do, holding `rows` questions, scenes or images."""
        self.text(name, json.dumps(content, ensure_ascii=False), rows)

    def json_lines(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a file with one JSON object per line."""
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        self.text(name, "".join(line + "\n" for line in lines), len(lines))

    def text(self, name: str, text: str, rows: int) -> None:
        """Write a text file of `rows` rows (which may extend over several lines each)."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self._manifest.note(name, rows)

    def lines(self, name: str, lines: Iterable[str]) -> None:
        """Write a file with one row per line."""
        own = list(lines)
        self.text(name, "".join(line + "\n" for line in own), len(own))

    def images(self, name: str, images: Iterable[tuple[str, Image.Image]]) -> None:
        """Write pictures as `<id>.png` into a zip."""
        with zipfile.ZipFile(self._root / name, "w", zipfile.ZIP_STORED) as archive:
            for identifier, image in images:
                add_member(archive, f"{identifier}.png", png_bytes(image))
            count = len(archive.namelist())
        self._manifest.note(name, count)

    def languages(self, languages: Sequence[str]) -> None:
        """Name the languages of the set, if they are not those of the official set."""
        self._manifest.languages = list(languages)

    def finish(self) -> None:
        """Write manifest.json."""
        self._manifest.write()


def png_bytes(image: Image.Image) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()
