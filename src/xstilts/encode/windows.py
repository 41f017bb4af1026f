"""Which tokens of a question and its context stand in a sequence, and in which window an answer stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of a pair stay: the longer text is cut first, then both to halves of the room.

    The same as the truncation `longest_first` of the tokenizers library.
    """
    if first + second <= room:
        return first, second
    shorter, longer = sorted((first, second))
    longer = shorter if shorter > room else max(shorter, room - shorter)
    if shorter + longer > room:
        shorter, longer = room // 2, room - room // 2
    return (longer, shorter) if first > second else (shorter, longer)


def windows(tokens: int, room: int, stride: int) -> list[tuple[int, int]]:
    """First and last + 1 token of every window on a context; `stride` tokens stand in two neighbours.

    Args:
        room: tokens that a window holds, more than `stride`.
    """
    cuts = [(0, min(room, tokens))]
    while cuts[-1][1] < tokens:
        begin = cuts[-1][1] - stride
        cuts.append((begin, min(begin + room, tokens)))
    return cuts


def token_span(begins: NDArray[np.int32], ends: NDArray[np.int32], start: int, end: int) -> tuple[int, int] | None:
    """Return the first and the last token (inclusive) that hold characters `start:end` of the context.

    A token may reach beyond the answer (Chinese and Korean have no spaces to stop it); the span is the
    shortest one that holds all of it. None if no token does.

    Args:
        begins: the first character of every token of the context `[tokens]`.
        ends: the last character + 1.
    """
    inside = np.flatnonzero((begins < end) & (ends > start))
    return (int(inside[0]), int(inside[-1])) if len(inside) else None
