"""The tab-separated files of bottom-up attention, and those with classes and attributes as well.

Anderson et al. 2018, Bottom-Up and Top-Down Attention: a line per image, with arrays in base64. ViLBERT adds a column,
LXMERT and VOLTA others, which are not read. A layout is known by the number of its columns.
"""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xstilts.boxes.detections import MOST, Detections, Record

BOTTOM_UP = ("image_id", "image_w", "image_h", "num_boxes", "boxes", "features")
VILBERT = (*BOTTOM_UP, "cls_prob")
_SEEN = ("objects_id", "objects_conf", "attrs_id", "attrs_conf")
LXMERT = ("img_id", "img_h", "img_w", *_SEEN, "num_boxes", "boxes", "features")
VOLTA = (*LXMERT, "cls_prob", "attrs", "classes")
LAYOUTS: dict[int, tuple[str, ...]] = {len(layout): layout for layout in (BOTTOM_UP, VILBERT, LXMERT, VOLTA)}
LONGEST = 8 * MOST  # bytes of a line


def read_tsv(path: Path) -> Iterator[Detections]:
    """Every line of a file; one that begins with the names of the columns is left out.

    Raises:
        DataError: naming the line that is not as one of the layouts has it.
    """
    size, seen = path.stat().st_size, 0
    with path.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(LONGEST), b""), start=1):
            seen += len(line)
            record = Record(path, number, seen / size)
            cells = line.decode("ascii", "replace").rstrip("\r\n").split("\t")
            if cells[0] in ("image_id", "img_id"):
                continue
            if len(cells) not in LAYOUTS:
                *most, last = LAYOUTS
                raise record.error(f"{len(cells)} columns", f"{', '.join(map(str, most))} or {last} columns")
            yield _image(record, dict(zip(LAYOUTS[len(cells)], cells, strict=True)))


def _image(record: Record, cells: dict[str, str]) -> Detections:
    names = {name.replace("image_", "img_"): cell for name, cell in cells.items()}
    try:
        count, width, height = int(names["num_boxes"]), float(names["img_w"]), float(names["img_h"])
        boxes, vectors = (
            np.frombuffer(base64.b64decode(names[name], validate=True), "<f4").reshape(count, -1 if count else 4)
            for name in ("boxes", "features")
        )
    except (ValueError, binascii.Error) as error:
        raise record.error(str(error), "numbers, boxes and vectors in base64") from None
    return record.detections(names["img_id"], boxes, vectors, (width, height))
