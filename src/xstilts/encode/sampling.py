"""How a mixture draws from its members: rates, draws and the order of rows, all decided by the seed.

The rates are seqio's `mixing_rate_num_examples`: cap the number of rows, then take the root.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from xstilts.encode.members import Sampling


def rates(rows: Mapping[str, int], sampling: Sampling) -> dict[str, float]:
    """The share of each member in a mixture: min(n, cap)^(1/T), normalised; equal under `uniform`.

    Args:
        rows: {member: its rows n}, each at least 1.
    """
    temperature = {"proportional": 1.0, "uniform": math.inf, "temperature": sampling.temperature}[sampling.rule]
    capped = {member: min(n, sampling.cap) for member, n in rows.items()}
    largest = max(capped.values(), default=1)  # the base is at most 1: a low temperature cannot overflow
    weights = {member: (n / largest) ** (1 / temperature) for member, n in capped.items()}
    total = sum(weights.values())
    return {member: weight / total for member, weight in weights.items()}


def epoch_rows(rows: Mapping[str, int], sampling: Sampling) -> int:
    """The rows of one epoch of a mixture: the sum of min(n, cap)."""
    return sum(min(n, sampling.cap) for n in rows.values())


def draws(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """Divide `total` draws by the shares; the largest remainders are rounded up, earlier members first."""
    exact = {member: share * total for member, share in shares.items()}
    whole = {member: math.floor(draw + 1e-9) for member, draw in exact.items()}
    left = total - sum(whole.values())
    for member in sorted(exact, key=lambda one: whole[one] - exact[one])[:left]:
        whole[member] += 1
    return whole


def member_rows(member: str, rows: int, count: int, seed: int) -> list[int]:
    """Draw `count` of a member's rows: shuffled, each once until all were drawn, then shuffled anew."""
    shuffler = random.Random(f"{seed}:rows of {member}")
    drawn: list[int] = []
    while len(drawn) < count:
        order = list(range(rows))
        shuffler.shuffle(order)
        drawn += order[: count - len(drawn)]
    return drawn


def member_order(counts: Mapping[str, int], seed: int) -> list[str]:
    """Which member each row of the mixture comes from."""
    order = [member for member, count in counts.items() for _ in range(count)]
    random.Random(f"{seed}:order of members").shuffle(order)
    return order
