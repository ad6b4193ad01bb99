"""Keyset pages with signed cursors: a cursor belongs to one list, one filter and one secret."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from tht_kit.errors import CursorInvalid

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
_TAG_BYTES = 16
_PAGING = ("limit", "cursor")

# Query parameters in order: a cursor of another filter does not verify.
Filters = Sequence[tuple[str, str]]
R = TypeVar("R")
T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    model_config = ConfigDict(from_attributes=True)

    items: list[T]
    next_cursor: str | None


class CursorCodec:
    """Signs the last row's key so that a client can neither read on elsewhere nor forge a position."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def encode(self, name: str, filters: Filters, position: Sequence[Any]) -> str:
        payload = orjson.dumps(list(position), default=str)
        tag = self._tag(name, filters, payload)
        return base64.urlsafe_b64encode(tag + payload).decode().rstrip("=")

    def decode(self, name: str, filters: Filters, cursor: str) -> list[Any]:
        """Return the position; raises CursorInvalid for a cursor of another list, filter or secret."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise CursorInvalid(pointer="query:cursor") from None
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(name, filters, payload)):
            raise CursorInvalid(pointer="query:cursor")
        position: list[Any] = orjson.loads(payload)
        return position

    def _tag(self, name: str, filters: Filters, payload: bytes) -> bytes:
        bound = orjson.dumps([name, filters], default=str)
        digest = hmac.new(self._secret, hashlib.sha256(bound).digest() + payload, hashlib.sha256)
        return digest.digest()[:_TAG_BYTES]


Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX, description="每页条数 / items per page")]
Cursor = Annotated[
    str | None,
    Query(max_length=1024, description="上一页的 next_cursor / next_cursor of the page before"),
]


class PageRequest:
    """The page that a list endpoint was asked for.

    Its cursors fit this path with these filters only: all other query parameters are the filters.
    Raises CursorInvalid.
    """

    def __init__(self, request: Request, limit: Limit = PAGE_SIZE, cursor: Cursor = None) -> None:
        self.limit = limit
        self._codec: CursorCodec = request.app.state.container.cursors
        self._name = request.url.path
        self._filters = sorted(
            item for item in request.query_params.multi_items() if item[0] not in _PAGING
        )
        self.after: list[Any] | None = (
            None if cursor is None else self._codec.decode(self._name, self._filters, cursor)
        )

    @property
    def after_text(self) -> str | None:
        """The position of a list in order of one text column."""
        return None if self.after is None else str(self.after[0])

    @property
    def after_id(self) -> UUID | None:
        """The position of a list in order of an id."""
        return None if self.after is None else UUID(self.after[0])

    @property
    def rows(self) -> int:
        """How many rows to read: one more than the page holds tells whether another follows."""
        return self.limit + 1

    def cut(
        self, rows: Sequence[R], item: Callable[[R], T], *, key: Callable[[R], Sequence[Any]]
    ) -> Page[T]:
        """Return the page of the rows that were read; `key(row)` is the row's keyset position."""
        shown = rows[: self.limit]
        following = None
        if len(rows) > self.limit:
            following = self._codec.encode(self._name, self._filters, key(shown[-1]))
        return Page(items=[item(row) for row in shown], next_cursor=following)


PageQuery = Annotated[PageRequest, Depends()]
