"""Time: stored and computed in UTC, legal days in Asia/Shanghai (docs/decisions/0009).

The only module that reads the system clock; everything else is handed a moment.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock: live mode."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SandboxClock:
    """The machine's clock moved by an offset; exists only where SANDBOX=1.

    It keeps running: a sandbox that stood still would hide every bug of two events at one moment.
    """

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def set_offset(self, offset: timedelta) -> None:
        self.offset = offset


class FakeClock:
    """A clock that moves only when told to: tests."""

    def __init__(self, start: datetime) -> None:
        self._now = aware(start)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = aware(moment)

    def advance(self, **delta: float) -> None:
        self._now += timedelta(**delta)


def aware(moment: datetime) -> datetime:
    """Return the moment in UTC; raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def system_now() -> datetime:
    """Return the real moment, whatever the sandbox clock says: token lifetimes, lock waits."""
    return datetime.now(UTC)


def legal_date(moment: datetime) -> date:
    """Return the Asia/Shanghai calendar day that the moment falls on."""
    return aware(moment).astimezone(SHANGHAI).date()


def legal_midnight(day: date) -> datetime:
    """Return the first moment of the legal day, in UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
