"""The states of an upload, and what makes two files the same upload. Pure."""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where an upload stands."""

    RECEIVED = "RECEIVED"  # the file is kept, nobody reads it yet
    READING = "READING"  # a worker holds it
    STORED = "STORED"  # its rows are stored
    REFUSED = "REFUSED"  # it has problems; no row is stored
    FAILED = "FAILED"  # the platform could not read it; the same file again tries once more
    CANCELLED = "CANCELLED"


WAITING = frozenset({State.RECEIVED, State.READING})
# A file in these states that comes again is read again: the project may have changed meanwhile.
READ_AGAIN = frozenset({State.REFUSED, State.FAILED, State.CANCELLED})


_KEY_DIGITS = 16


def record_key(facts: Any) -> str:
    """Return a short text that changes with the facts (JSON), for `ReadByRecord`."""
    told = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()[:_KEY_DIGITS]


def options_key(format_name: str, options: Mapping[str, Any], record_key: str = "") -> str:
    """Return what tells two readings of the same bytes apart; "" is plain CSV without options.

    `record_key` stands for the facts of the project that the file was read by.
    """
    if format_name == "csv" and not options and not record_key:
        return ""
    by_record = {"record": record_key} if record_key else {}
    told = {"format": format_name, **options, **by_record}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)
