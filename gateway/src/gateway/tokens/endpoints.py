"""HTTP of the tokens: OAuth 2.0 client credentials, and the keys that verify them."""

from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from gateway.container import GatewayDep
from gateway.tokens import request as token_request
from gateway.tokens import service
from gateway.tokens.errors import TokenRefused
from gateway.tokens.schemas import KeySetOut, TokenOut, TokenRefusal
from tht_kit.auth import AUDIENCE, sign_token
from tht_kit.clock import system_now
from tht_kit.http import ReadSession, new_router

router = new_router(tags=["令牌 / Tokens"])
_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": {"type": "string", "description": "不用 Basic 时 / unless Basic is used"},
        "client_secret": {"type": "string", "format": "password"},
        "scope": {
            "type": "string",
            "description": "以空格分隔，缺省为全部 / separated by spaces; all of the client's if left out",
        },
    },
}


@router.post(
    "/oauth2/token",
    summary="申请令牌 / Get a token",
    description=(
        "OAuth 2.0 客户端凭据模式（RFC 6749 4.4）。令牌有效 15 分钟，到期前重新申请。 / "
        "OAuth 2.0 client credentials. A token lives 15 minutes; get a new one before it ends."
    ),
    responses={400: {"model": TokenRefusal}, 401: {"model": TokenRefusal}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {token_request.FORM: {"schema": _FORM_SCHEMA}},
        },
        "security": [{"client_secret_basic": []}, {}],
    },
)
async def create_token(
    request: Request, response: Response, session: ReadSession, container: GatewayDep
) -> TokenOut:
    asked = token_request.read(
        content_type=request.headers.get("content-type", ""),
        body=await request.body(),
        authorization=request.headers.get("authorization"),
    )
    partner = await service.authenticate(session, client_id=asked.client_id, secret=asked.secret)
    scopes = service.granted_scopes(partner, asked.scopes)
    claims = service.claims(
        partner,
        scopes,
        issuer=container.settings.auth_issuer,
        audience=AUDIENCE,
        environment="sandbox" if container.settings.sandbox else "live",
        now=system_now(),
    )
    response.headers.update(_NOT_STORED)
    return TokenOut(
        access_token=sign_token(container.keys.signing, claims),
        token_type="Bearer",  # noqa: S106 - the type's name
        expires_in=service.LIFETIME_S,
        scope=" ".join(scopes),
    )


@router.get("/.well-known/jwks.json", summary="验证令牌的公钥 / Keys that verify tokens")
async def get_key_set(response: Response, container: GatewayDep) -> KeySetOut:
    response.headers["Cache-Control"] = "public, max-age=300"
    return KeySetOut.model_validate(container.keys.jwks())


def install_refusals(app: FastAPI) -> None:
    """Render refusals of the token endpoint as RFC 6749 says."""

    async def refused(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, TokenRefused)
        headers = dict(_NOT_STORED)
        if error.status == 401:  # noqa: PLR2004
            headers["WWW-Authenticate"] = 'Basic realm="tanhuitong", charset="UTF-8"'
        body = {"error": error.code, "error_description": error.description}
        return JSONResponse(body, error.status, headers)

    app.add_exception_handler(TokenRefused, refused)
