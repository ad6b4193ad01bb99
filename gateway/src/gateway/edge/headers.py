"""Header fields on their way through: what is dropped, what is set."""

import ipaddress
import re

from starlette.types import Scope

from tht_kit.ids import new_id

Headers = list[tuple[bytes, bytes]]

# RFC 9110 7.6.1: these belong to one connection. Expect is answered by this server itself.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    }
)
# A client may not say where it comes from, nor which request this is: the gateway does.
_SET_HERE = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-real-ip",
        b"x-request-id",
    }
)
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})
_DROPPED_IN = HOP_BY_HOP | _SET_HERE
_DROPPED_OUT = HOP_BY_HOP | {b"date", b"server", b"x-request-id"}
# A Connection field may not take these from a request that passes through.
_NEVER_HOP_BY_HOP = frozenset({b"authorization", b"content-length", b"content-type", b"host"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id_of(scope: Scope) -> str:
    """Return the client's X-Request-Id if it is a sane one, else a new id."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return str(given[0], "ascii")
    return str(new_id())


def client_address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def is_neighbour(scope: Scope) -> bool:
    """Say whether the request comes straight from a machine of the private network."""
    if any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    try:
        return ipaddress.ip_address(client_address(scope)).is_private
    except ValueError:
        return False


def towards_upstream(scope: Scope, request_id: str) -> Headers:
    """Return the request's fields as the service may see them."""
    named = _named_by_connection(scope["headers"])
    host = b""
    kept: Headers = []
    for field in scope["headers"]:
        name = field[0]
        if name in _DROPPED_IN or name in named:
            continue
        if name == b"host":
            host = field[1]
        kept.append(field)
    kept += [
        (b"x-request-id", request_id.encode()),
        (b"x-forwarded-for", client_address(scope).encode()),
        (b"x-forwarded-proto", scope["scheme"].encode()),
        (b"x-forwarded-host", host),
    ]
    return kept


def towards_client(headers: Headers, extra: Headers) -> Headers:
    """Return the answer's fields as the client may see them, with the gateway's own."""
    named = _named_by_connection(headers)
    kept = [
        (name, value) for name, value in headers if name not in _DROPPED_OUT and name not in named
    ]
    return kept + extra


def with_fields(headers: Headers, fields: dict[str, str]) -> Headers:
    """Return the fields with some of them set anew."""
    new = [(name.encode(), value.encode()) for name, value in fields.items()]
    names = {name for name, _ in new}
    return [field for field in headers if field[0] not in names] + new


def _named_by_connection(headers: Headers) -> frozenset[bytes] | set[bytes]:
    """Names that the Connection fields, however many there are, make hop-by-hop too."""
    fields = [value for name, value in headers if name == b"connection"]
    if not fields or fields in ([b"close"], [b"keep-alive"]):
        return frozenset()
    named = {part.strip().lower() for value in fields for part in value.split(b",")}
    return named - _NEVER_HOP_BY_HOP
