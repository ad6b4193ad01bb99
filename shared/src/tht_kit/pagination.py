"""Keyset pages with signed cursors: a cursor belongs to one list, one filter and one secret."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel, ConfigDict

from tht_kit.errors import CursorInvalid

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
_TAG_BYTES = 16

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

    def encode(self, name: str, filters: dict[str, Any], position: Sequence[Any]) -> str:
        payload = orjson.dumps(list(position), default=str)
        tag = self._tag(name, filters, payload)
        return base64.urlsafe_b64encode(tag + payload).decode().rstrip("=")

    def decode(self, name: str, filters: dict[str, Any], cursor: str) -> list[Any]:
        """Return the position; raises CursorInvalid for a cursor of another list, filter or secret."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise CursorInvalid(pointer="query:cursor") from None
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(name, filters, payload)):
            raise CursorInvalid(pointer="query:cursor")
        position: list[Any] = orjson.loads(payload)
        return position

    def _tag(self, name: str, filters: dict[str, Any], payload: bytes) -> bytes:
        bound = orjson.dumps([name, filters], default=str, option=orjson.OPT_SORT_KEYS)
        digest = hmac.new(self._secret, hashlib.sha256(bound).digest() + payload, hashlib.sha256)
        return digest.digest()[:_TAG_BYTES]


Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX, description="每页条数 / items per page")]
Cursor = Annotated[
    str | None,
    Query(max_length=1024, description="上一页的 next_cursor / next_cursor of the page before"),
]


def page_of(
    codec: CursorCodec,
    name: str,
    filters: dict[str, Any],
    rows: Sequence[Any],
    limit: int,
    key: Any,
) -> tuple[list[Any], str | None]:
    """Cut `limit` rows from the limit + 1 that were read and sign the position of the last.

    `key(row)` gives the row's keyset position.
    """
    items = list(rows[:limit])
    more = len(rows) > limit
    return items, codec.encode(name, filters, key(items[-1])) if more else None
