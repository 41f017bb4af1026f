"""From characters to tokens: where an answer stands in the encoded context."""

from __future__ import annotations

from tokenizers import Encoding

from xstilts.encode.tokens import is_truncated

CONTEXT = 1  # the context is the second text of the pair


def token_span(encoding: Encoding, start: int, end: int) -> tuple[int, int] | None:
    """Return the first and the last token (inclusive) that hold characters `start:end` of the context.

    A token may reach beyond the answer (Chinese and Korean have no spaces to stop it); the span is the
    shortest one that holds all of it. None if a part of the answer was cut off.
    """
    places = zip(encoding.sequence_ids, encoding.offsets, strict=True)
    context = [(token, left, right) for token, (text, (left, right)) in enumerate(places) if text == CONTEXT]
    inside = [token for token, left, right in context if left < end and right > start]
    if not inside:
        return None
    reaches = max(right for _, _, right in context)
    if is_truncated(encoding) and reaches < end:
        return None
    return inside[0], inside[-1]
