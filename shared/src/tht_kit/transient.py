"""Which errors pass by themselves: the work is repeated. All others are unknown and stop it."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tht_kit.bus import BusUnavailable, Transient
from tht_kit.db import LOCK_NOT_AVAILABLE, RETRYABLE_SQLSTATES, sqlstate

# 08 connection, 53 out of connections, memory or disk, 57 the operator stops or cancels.
_SQLSTATE_CLASSES = ("08", "53", "57")


def is_transient(error: BaseException) -> bool:
    """Say whether the same work may succeed later without anybody mending anything."""
    if isinstance(error, Transient | BusUnavailable | PoolTimeout | OSError | TimeoutError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error)
    return state is not None and (
        state.startswith(_SQLSTATE_CLASSES)
        or state in RETRYABLE_SQLSTATES
        or state == LOCK_NOT_AVAILABLE
    )


class Backoff:
    """Delays that double from `first_s` up to `max_s`, and start again after a success."""

    def __init__(self, *, first_s: float, max_s: float) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._next_s = first_s

    def next_s(self) -> float:
        delay_s = self._next_s
        self._next_s = min(self._next_s * 2, self._max_s)
        return delay_s

    def reset(self) -> None:
        self._next_s = self._first_s
