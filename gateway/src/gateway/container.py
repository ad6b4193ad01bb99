"""What the gateway's processes share, beyond what every service has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import ASGIApp

from gateway.edge.limits import Counter
from gateway.edge.upstream import HttpUpstream
from gateway.keys import SigningKeys
from gateway.settings import GatewaySettings
from tht_kit.service import Container


@dataclass(frozen=True, kw_only=True)
class GatewayContainer(Container):
    """The gateway's parts: its keys, the services behind it as ASGI applications, the calls counted."""

    settings: GatewaySettings
    keys: SigningKeys
    upstreams: Mapping[str, ASGIApp]
    counter: Counter

    async def open(self) -> None:
        """Connect what this process owns. Raises BusMisconfigured, BusUnavailable."""
        for upstream in self.upstreams.values():
            if isinstance(upstream, HttpUpstream):
                await upstream.open()
        await super().open()

    async def close(self) -> None:
        await super().close()
        await self.counter.close()
        for upstream in self.upstreams.values():
            if isinstance(upstream, HttpUpstream):
                await upstream.close()


def gateway_of(request: Request) -> GatewayContainer:
    container: GatewayContainer = request.app.state.container
    return container


GatewayDep = Annotated[GatewayContainer, Depends(gateway_of)]
