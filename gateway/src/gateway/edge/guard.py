"""Requests that no honest client sends: refused before anything is routed.

Services trust the gateway's reading of a request, so a request that two servers could read in two
ways is refused, never repaired: two lengths, dot segments, encoded slashes, control characters.
"""

import re

from starlette.types import Scope

from gateway.edge.errors import RequestMalformed
from tht_kit.errors import MethodNotAllowed, Text

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TARGET_BYTES_MAX = 8192
HEADERS_MAX = 100
_NOT_IN_PATH = re.compile(rb"%2f|%5c|%[01][0-9a-f]|%7f|\\|//|[\x00-\x20\x7f]", re.IGNORECASE)
_DOTS = re.compile(rb"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_NOT_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_DIGITS = re.compile(rb"[0-9]{1,15}")


def check(scope: Scope) -> int | None:
    """Return the length of the body: None if it comes in chunks, 0 for none.

    Raises RequestMalformed, MethodNotAllowed.
    """
    if scope["method"] not in METHODS:
        allowed = {"Allow": ", ".join(METHODS)}
        raise MethodNotAllowed(path=scope["path"], method=scope["method"], headers=allowed)
    target: bytes = scope["raw_path"]
    if len(target) + len(scope["query_string"]) > TARGET_BYTES_MAX:
        raise _malformed("请求地址过长。", "The request target is too long.")
    if not target.startswith(b"/") or _NOT_IN_PATH.search(target) or _DOTS.search(target):
        raise _malformed(
            "路径含有空段、点段、编码的斜杠或控制字符。",
            "The path has an empty or dot segment, an encoded slash or a control character.",
        )
    return _body_length(scope["headers"])


def _body_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    if len(headers) > HEADERS_MAX:
        raise _malformed("请求头过多。", "There are too many header fields.")
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or _NOT_IN_VALUE.search(value):
            raise _malformed(
                "请求头含有非法字符。", "A header field has characters it must not have."
            )
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if lengths and codings:
        raise _malformed(
            "同时给出了 Content-Length 与 Transfer-Encoding。",
            "Both Content-Length and Transfer-Encoding are given.",
        )
    if codings:
        if [value.strip().lower() for value in codings] != [b"chunked"]:
            raise _malformed(
                "不支持的 Transfer-Encoding。", "Only Transfer-Encoding: chunked is taken."
            )
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0]):
        raise _malformed("Content-Length 无效。", "Content-Length is not one number.")
    return int(lengths[0])


def _malformed(zh: str, en: str) -> RequestMalformed:
    return RequestMalformed(reason=Text(zh=zh, en=en), headers={"Connection": "close"})
