"""Reading a token request: a form, and the client's name in a Basic header or in the form."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from gateway.tokens.errors import InvalidClient, TokenRefused

FIELDS_MAX = 20
FORM = "application/x-www-form-urlencoded"
# Outside every parameter's alphabet (RFC 6749 appendix A), and PostgreSQL cannot compare a NUL.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class TokenRequest:
    client_id: str
    secret: str
    scopes: frozenset[str]


def read(*, content_type: str, body: bytes, authorization: str | None) -> TokenRequest:
    """Return what is asked for. Raises TokenRefused (RFC 6749 5.2)."""
    form = _form(content_type, body)
    grant = form.pop("grant_type", None)
    if grant is None:
        raise TokenRefused("invalid_request", "grant_type is missing")
    if grant != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "only client_credentials is offered")
    client_id, secret = _client(form, authorization)
    return TokenRequest(client_id, secret, frozenset(form.get("scope", "").split()))


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", f"the body must be {FORM}")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise TokenRefused("invalid_request", "the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("invalid_request", "a parameter is given twice")
    for name, value in pairs:
        _must_be_printable(name)
        _must_be_printable(value)
    return form


def _must_be_printable(text: str) -> None:
    if _CONTROL.search(text):
        raise TokenRefused("invalid_request", "a parameter holds a control character")


def _client(form: dict[str, str], authorization: str | None) -> tuple[str, str]:
    in_form = "client_secret" in form
    if authorization is None:
        if not in_form or "client_id" not in form:
            raise InvalidClient(
                "no client credentials: send HTTP Basic or client_id, client_secret"
            )
        return form["client_id"], form["client_secret"]
    if in_form:
        raise TokenRefused("invalid_request", "credentials are given in the header and in the form")
    client_id, secret = _basic(authorization)
    if form.get("client_id", client_id) != client_id:
        raise TokenRefused("invalid_request", "the header and the form name different clients")
    return client_id, secret


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("the Authorization header must be Basic here")
    try:
        plain = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClient("the Basic credentials cannot be read") from None
    client_id, colon, secret = plain.partition(":")
    if not colon:
        raise InvalidClient("the Basic credentials cannot be read")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    _must_be_printable(client_id)
    _must_be_printable(secret)
    return client_id, secret
