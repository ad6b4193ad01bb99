"""Time stamps of interval files to seconds of legal time (Asia/Shanghai, UTC+8 all year). Pure."""

# ruff: noqa: PLR2004 - the numbers are the calendar's own
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from issuance_svc.intervals.exact import Integers, Irregular

DAY_S = 86_400
HOUR_S = 3_600
LEGAL_OFFSET_S = 8 * HOUR_S
# From 1992 on Shanghai keeps UTC+8 without summer time: no legal day is longer than another.
FIRST_YEAR, LAST_YEAR = 2000, 2099
KNOWN_STAMPS_MAX = 400_000

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - counts wall-clock seconds
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.0{1,9})?"
    r" ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})", re.ASCII)
_MINUTE_CHARS, _SECOND_CHARS = len("2025-01-01T00:00"), len("2025-01-01T00:00:00")
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


class StampUnreadable(ValueError):
    """The text is no time stamp of the file's format."""


class ZoneMissing(ValueError):
    """The stamp has no zone, and no utc_offset is given for the file."""


@cache
def offset_s(text: str) -> int:
    """Return the seconds east of UTC of "+08:00", "-0700" or "Z"; raises ValueError."""
    if text == "Z":
        return 0
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise ValueError(text)
    seconds = int(found[2]) * HOUR_S + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def day_of(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def moment_of(legal_s: int) -> str:
    """Return the seconds as RFC 3339 in legal time."""
    return (_EPOCH + timedelta(seconds=legal_s)).isoformat(timespec="minutes") + "+08:00"


@dataclass
class Stamps:
    """How the stamps of one file read; remembers texts, for a file names each moment many times."""

    utc_offset_s: int | None = None
    pattern: str | None = None
    _known: dict[str, int] = field(default_factory=dict, repr=False)

    def seconds(self, text: str) -> int:
        """Return the legal-time seconds of one stamp; raises StampUnreadable, ZoneMissing."""
        known = self._known.get(text)
        if known is None:
            known = self._read(text)
            if len(self._known) >= KNOWN_STAMPS_MAX:
                self._known.clear()
            self._known[text] = known
        return known

    def column(self, column: pa.Array) -> Integers:
        """Return the seconds of a whole column; raises Irregular where one cannot be read."""
        if self.pattern is None:
            fast = self._same_shape(column)
            if fast is not None:
                return fast
        if column.null_count:
            raise Irregular
        encoded = column.dictionary_encode()
        try:
            read = [self.seconds(text.strip()) for text in encoded.dictionary.to_pylist()]
        except ValueError as error:
            raise Irregular from error
        known: Integers = np.array(read, dtype=np.int64)
        return known[np.asarray(encoded.indices, dtype=np.int64)]

    def _read(self, text: str) -> int:
        moment = self._by_pattern(text) if self.pattern else _iso(text)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise StampUnreadable(text)
        if moment.tzinfo is not None:
            since = moment - _EPOCH_UTC
            east_s = 0
        elif self.utc_offset_s is not None:
            since = moment - _EPOCH
            east_s = self.utc_offset_s
        else:
            raise ZoneMissing(text)
        return since.days * DAY_S + since.seconds - east_s + LEGAL_OFFSET_S

    def _by_pattern(self, text: str) -> datetime:
        try:
            return datetime.strptime(text, self.pattern or "")  # noqa: DTZ007 - the zone is checked
        except ValueError:
            raise StampUnreadable(text) from None

    def _same_shape(self, column: pa.Array) -> Integers | None:
        """Read ISO stamps that all have one length and one zone, digit by digit; else None."""
        cells = _matrix(column)
        if cells is None:
            return None
        width = cells.shape[1]
        text = cells[0].tobytes().decode("ascii", "replace")
        found = _ISO.fullmatch(text)
        if found is None or found["clock"] is None or "." in text:
            return None
        base = 11 + len(found["clock"])
        if base < width and not bool((cells[:, base:] == cells[0, base:]).all()):
            return None
        east_s = offset_s(found["zone"]) if found["zone"] else self.utc_offset_s
        if east_s is None or (found["zone"] is None and base != width):
            return None
        wall_s = _wall_seconds(cells, with_seconds=base == _SECOND_CHARS)
        return None if wall_s is None else wall_s - east_s + LEGAL_OFFSET_S


def _iso(text: str) -> datetime:
    found = _ISO.fullmatch(text)
    if found is None:
        raise StampUnreadable(text)
    zone = found["zone"] or ""
    try:
        if zone:
            offset_s(zone)
        return datetime.fromisoformat(f"{found['day']}T{found['clock'] or '00:00'}{zone}")
    except ValueError:
        raise StampUnreadable(text) from None


def _matrix(column: pa.Array) -> npt.NDArray[np.uint8] | None:
    """Return the texts as rows of bytes when all have the same length."""
    if len(column) == 0 or column.null_count:
        return None
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    width = int(offsets[1] - offsets[0])
    if width < _MINUTE_CHARS or not bool((np.diff(offsets) == width).all()):
        return None
    data = np.frombuffer(column.buffers()[2], dtype=np.uint8)
    return data[offsets[0] : offsets[-1]].reshape(len(column), width)


def _wall_seconds(cells: npt.NDArray[np.uint8], *, with_seconds: bool) -> Integers | None:
    digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, *((17, 18) if with_seconds else ())]
    marks = {4: b"-", 7: b"-", 13: b":"} | ({16: b":"} if with_seconds else {})
    if any(not bool((cells[:, at] == ord(mark)).all()) for at, mark in marks.items()):
        return None
    if not bool((cells[:, 10] == cells[0, 10]).all()):
        return None
    read = (cells[:, digits] - ord("0")).T
    if bool((read > 9).any()):
        return None
    read = read.astype(np.int64)
    year = read[0] * 1000 + read[1] * 100 + read[2] * 10 + read[3]
    month, day = read[4] * 10 + read[5], read[6] * 10 + read[7]
    hour, minute = read[8] * 10 + read[9], read[10] * 10 + read[11]
    second = read[12] * 10 + read[13] if with_seconds else np.zeros_like(year)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _DAYS_IN_MONTH[np.minimum(month, 12)] + ((month == 2) & leap)
    good = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    good &= (day >= 1) & (day <= last) & (hour <= 23) & (minute <= 59) & (second <= 59)
    if not bool(good.all()):
        return None
    found: Integers = _days(year, month, day) * DAY_S + hour * HOUR_S + minute * 60 + second
    return found


def _days(year: Integers, month: Integers, day: Integers) -> Integers:
    """Days since 1970-01-01 of the Gregorian calendar, counted from 1 March (Hinnant's algorithm)."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    found: Integers = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return found
