"""Tokens on the wire: the member names are RFC 6749's and RFC 7517's."""

from typing import Literal

from pydantic import BaseModel, Field


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="有效秒数 / seconds")
    scope: str


class TokenRefusal(BaseModel):
    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_scope",
        "unsupported_grant_type",
    ]
    error_description: str


class PublicKeyOut(BaseModel):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["Ed25519"]


class KeySetOut(BaseModel):
    keys: list[PublicKeyOut]
