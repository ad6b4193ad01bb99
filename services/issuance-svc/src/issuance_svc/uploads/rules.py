"""The states of an upload, and what makes two files the same upload. Pure."""

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


def options_key(format_name: str, options: Mapping[str, Any]) -> str:
    """Return what tells two readings of the same bytes apart; "" is plain CSV without options."""
    if format_name == "csv" and not options:
        return ""
    return json.dumps({"format": format_name, **options}, sort_keys=True, ensure_ascii=False)
