"""`xstilts boxes`: detector features of other projects as the arrays that a task reads."""

from pathlib import Path
from typing import Annotated

import typer

SHOWN = 5  # ids of images that are left out


def boxes(
    sources: Annotated[list[Path], typer.Argument(help=".h5 of IGLUE, folder of .npz, or .tsv of bottom-up attention")],
    out: Annotated[Path, typer.Option(help="folder to write, which must not be there yet")],
) -> None:
    """Convert a detector's boxes and vectors into the arrays that a task's `data.official.vectors` names."""
    from xstilts.boxes.convert import convert

    found = convert(sources, out)
    print(f"{out}: {found.boxes:,} boxes of {found.images:,} images, vectors of {found.dim:,} numbers")
    if found.flat:
        print(f"left out: {found.flat:,} boxes without an area")
    if found.empty:
        more = f" and {len(found.empty) - SHOWN:,} more" if len(found.empty) > SHOWN else ""
        print(f"left out: {len(found.empty):,} images without a box: {', '.join(found.empty[:SHOWN])}{more}")
    print("data.official: {vectors: {file: features.npy, ids: ids.json, boxes: boxes.npy}}")
