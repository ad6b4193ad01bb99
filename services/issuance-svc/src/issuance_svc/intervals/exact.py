"""Decimal text to scaled integers: no value ever passes through a binary float. Pure."""

import re
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]

# Nine places hold what meters write; 64 bits then hold nine thousand million units per interval.
PLACES = 9
# Files that went through binary floats carry up to some twenty places (0.00035746800000000005).
WIDE_PLACES = 24
_WHOLE_DIGITS_MAX = 12
_LARGEST = 2**62

_DECIMAL = re.compile(rf"-?[0-9]{{1,{_WHOLE_DIGITS_MAX}}}(?:\.[0-9]{{1,{WIDE_PLACES}}})?", re.ASCII)
_ALLOWED = np.zeros(256, dtype=np.bool_)
_ALLOWED[np.frombuffer(b"-.0123456789", dtype=np.uint8)] = True


class Irregular(Exception):
    """A column holds something that only the reading row by row can judge and name."""


def parse(text: str) -> Decimal | None:
    """Return the decimal of one cell; None when it is not a plain decimal."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def scaled(value: Decimal, places: int) -> int | None:
    """Return value * 10^places as an integer; None when digits would be lost."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "parse() lets no infinity through"
    shift = places + exponent
    if shift < 0:
        return None
    number: int = int("".join(map(str, digits))) * 10**shift
    return -number if sign else number


def fits(number: int) -> bool:
    """Say whether the scaled integer may stand in a 64-bit cell."""
    return -_LARGEST < number < _LARGEST


def integers(column: pa.Array) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Return a column of decimal texts times 10^PLACES, and which of its cells are empty.

    Raises Irregular where a cell is no plain decimal, or too long for 64 bits.
    """
    _refuse_other_characters(column)
    try:
        decimals = column.cast(pa.decimal128(38, PLACES))
    except pa.ArrowInvalid as error:
        raise Irregular from error
    halves = np.frombuffer(decimals.buffers()[1], dtype=np.int64)
    low = halves[0::2][decimals.offset : decimals.offset + len(decimals)]
    high = halves[1::2][decimals.offset : decimals.offset + len(decimals)]
    empty = (
        np.asarray(pc.is_null(column))
        if column.null_count
        else np.zeros(len(column), dtype=np.bool_)
    )
    # The upper half only repeats the sign where the value fits the lower one.
    if not bool(((high == low >> 63) | empty).all()):
        raise Irregular
    # Both bounds: the lowest of 64 bits has no absolute value in 64 bits.
    if not bool((((low > -_LARGEST) & (low < _LARGEST)) | empty).all()):
        raise Irregular
    return low, empty


def _refuse_other_characters(column: pa.Array) -> None:
    """Arrow also reads 1e3, +1, 1. and .5, which a meter's file must not mean."""
    data = column.buffers()[2]
    if data is None:
        return
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    first, last = offsets[column.offset], offsets[column.offset + len(column)]
    used = np.frombuffer(data, dtype=np.uint8)[first:last]
    if not bool(_ALLOWED[used].all()):
        raise Irregular
    starts = offsets[column.offset : column.offset + len(column)]
    ends = offsets[column.offset + 1 : column.offset + len(column) + 1]
    some = ends > starts
    whole = np.frombuffer(data, dtype=np.uint8)
    begins, finishes = whole[starts[some]], whole[ends[some] - 1]
    second = whole[np.minimum(starts[some] + 1, ends[some] - 1)]
    dot = ord(".")
    bare = (begins == dot) | (finishes == dot) | ((begins == ord("-")) & (second == dot))
    if bool(bare.any()) or bool((ends - starts).max(initial=0) > _WHOLE_DIGITS_MAX + PLACES + 2):
        raise Irregular
