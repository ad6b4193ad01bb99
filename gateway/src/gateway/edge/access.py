"""The access log: one line for each call that the proxy handled itself.

Written as JSON it takes a short way through structlog (the same fields, the same stream): the usual
chain of processors cost more than the proxying. Nothing here can hold a secret: no header, no query,
and of what concerns citizens no path beyond its prefix.
"""

import logging
import sys
import time
from contextlib import suppress
from typing import Any

import orjson
import structlog

from gateway.edge.headers import client_address

_CITIZENS = "points"
_log = structlog.get_logger(__name__)


class _Stderr:
    """Whatever sys.stderr is at the moment; a line that cannot be written must not break a call."""

    def msg(self, line: bytes) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.buffer.write(line + b"\n")
            sys.stderr.buffer.flush()

    info = msg


def _json(_logger: Any, _method: str, event: Any) -> bytes:
    return orjson.dumps(event, default=str)


class AccessLog:
    """Writes lines at level info, if the process logs that level."""

    def __init__(self, *, level: str, json: bool) -> None:
        number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        self._on = number <= logging.INFO
        self._logger: Any = _log
        if json:
            self._logger = structlog.wrap_logger(
                _Stderr(),
                processors=[
                    structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    _json,
                ],
                wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
                cache_logger_on_first_use=True,
            ).bind(logger=__name__)

    def write(self, scope: Any, sent: Any, *, refused: str | None = None) -> None:
        """Write the line of one call; `sent` is the proxy's record of its answer."""
        if not self._on:
            return
        service = scope.get("service")
        self._logger.info(
            "gateway.request",
            correlation_id=sent.request_id,
            method=scope["method"],
            path=scope["route_template"] if service == _CITIZENS else scope["path"],
            service=service,
            status=sent.status,
            client_id=sent.client_id,
            address=client_address(scope),
            sent_bytes=sent.body_bytes,
            elapsed_ms=round((time.perf_counter() - sent.started_s) * 1000, 2),
            refused=refused,
        )
