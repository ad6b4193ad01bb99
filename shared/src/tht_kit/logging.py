"""Logs: event names and fields, JSON lines in production, a readable console in embedded mode.

`correlation_id` (one request) and `event_id` (one event) are bound with `bound(...)` and then stand
in every line, also in those of libraries. Secrets are taken out before anything is rendered.
"""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import IO, Any

import structlog
from structlog.typing import Processor

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"(^|_)(password|passwd|secret|token|authorization|api_?key|private_?key|signing_?key"
    r"|credentials?|cookie|jwt)($|_)",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?P<before>\w+://[^\s:/@]*:)[^\s@/]+(?=@)")
_BEARER = re.compile(r"(?P<before>\bBearer\s+)[\w.~+/=-]+", re.IGNORECASE)
_DEPTH_MAX = 6

# Without the values of local variables: they hold tokens and bodies that no rule would find, and
# rendering them stands the process still for seconds.
_JSON_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)

# Libraries that narrate each step at info; their warnings still come through.
_TALKATIVE = ("aiokafka", "asyncio", "httpx", "httpcore", "sqlalchemy", "uvicorn.access", "alembic")


def configure(level: str = "INFO", *, json: bool = True, stream: IO[str] | None = None) -> None:
    """Send every log line of this process, libraries included, through one chain to `stream`.

    Raises ValueError when `level` is not the name of a level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"LOG_LEVEL is {level!r}: set it to DEBUG, INFO, WARNING or ERROR")
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Processor] = (
        [_JSON_TRACEBACKS, redact, structlog.processors.JSONRenderer()]
        if json
        else [
            redact,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # uvicorn installs handlers of its own before the application is made.
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Put the values (correlation_id, event_id, ...) into every line logged inside the block."""
    with structlog.contextvars.bound_contextvars(**values):
        yield


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a secret, by the field's name or by the value's shape."""
    for name, value in event.items():
        event[name] = REDACTED if _SECRET_NAME.search(name) else _redacted(value, _DEPTH_MAX)
    return event


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _BEARER.sub(
            rf"\g<before>{REDACTED}", _URL_PASSWORD.sub(rf"\g<before>{REDACTED}", value)
        )
    if depth == 0:
        return value
    if isinstance(value, dict):
        return {
            name: REDACTED
            if isinstance(name, str) and _SECRET_NAME.search(name)
            else _redacted(inner, depth - 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(inner, depth - 1) for inner in value]
    return value
