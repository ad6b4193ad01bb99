"""The gateway's HTTP application: its own routes, behind the proxy that stands before everything."""

from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from gateway import operations
from gateway.container import GatewayContainer
from gateway.edge.access import AccessLog
from gateway.edge.callers import Callers
from gateway.edge.limits import Limits
from gateway.edge.proxy import BodyLimits, Proxy
from gateway.partners import endpoints as partners
from gateway.portal import endpoints as portal
from gateway.portal.snapshot import Snapshots
from gateway.reference import endpoints as reference
from gateway.reference.documents import Documents
from gateway.sandbox import endpoints as sandbox
from gateway.tokens import endpoints as tokens
from tht_kit.http import build_app, problem_catalogue


class Gateway:
    """ASGI application; `app` holds the gateway's own routes (lifespan, OpenAPI)."""

    def __init__(self, app: FastAPI, proxy: Proxy) -> None:
        self.app = app
        self.router = app.router
        self.state = app.state
        self._proxy = proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._proxy(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the document of the gateway's own routes."""
        return self.app.openapi()


def create_app(container: GatewayContainer) -> Gateway:
    app = build_app(
        title="碳汇通网关 / Tanhuitong gateway",
        container=container,
        routers=[
            operations.router,
            reference.router,
            portal.page_router,
            portal.router,
            tokens.router,
            partners.router,
            *([sandbox.router] if container.settings.sandbox else []),
        ],
        openapi_url=None,
    )
    tokens.install_refusals(app)
    _declare_basic(app)
    app.state.documents = Documents(
        container.upstreams, own_openapi=app.openapi, own_problems=problem_catalogue
    )
    app.state.snapshots = Snapshots(container.upstreams, container.clock)
    settings = container.settings
    return Gateway(
        app,
        Proxy(
            own=app,
            upstreams=container.upstreams,
            limits=Limits(
                container.counter, partner=settings.rate_partner, address=settings.rate_address
            ),
            callers=Callers(container.tokens),
            access_log=AccessLog(level=settings.log_level, json=settings.log_json),
            bodies=BodyLimits(
                bytes_max=settings.body_bytes_max,
                upload_bytes_max=settings.upload_bytes_max,
                idle_timeout_s=settings.body_idle_timeout_s,
                timeout_s=settings.body_timeout_s,
                upload_timeout_s=settings.upload_timeout_s,
            ),
        ),
    )


def _declare_basic(app: FastAPI) -> None:
    """Add to the OpenAPI document how the token endpoint itself is authenticated."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemes = document["components"]["securitySchemes"]
        schemes["client_secret_basic"] = {"type": "http", "scheme": "basic"}
        return document

    app.openapi = openapi  # type: ignore[method-assign]
