"""How an issuance is shared between its owner and the buffer, year by year. Pure."""

from collections.abc import Sequence
from itertools import accumulate


def shares(quantities_t: Sequence[int], part_t: int) -> list[int]:
    """Return the part of each vintage by cumulative floor: the shares add up to `part_t` exactly.

    503, 504, 504, 504, 504 with 252 for the buffer: 50, 50, 51, 50, 51. No share is larger than
    its vintage (R5, R20).
    """
    whole_t = sum(quantities_t)
    if whole_t == 0:
        return [0 for _ in quantities_t]
    floors = [running_t * part_t // whole_t for running_t in accumulate(quantities_t)]
    return [floor - before for floor, before in zip(floors, [0, *floors], strict=False)]
