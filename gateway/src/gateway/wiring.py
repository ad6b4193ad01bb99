"""The composition root of the gateway: settings in, parts out."""

from collections.abc import Mapping
from pathlib import Path

from starlette.types import ASGIApp

from gateway import keys
from gateway.base import Base
from gateway.container import GatewayContainer
from gateway.edge.limits import Counter, MemoryCounter, RedisCounter
from gateway.edge.routing import PREFIXES
from gateway.edge.upstream import HttpUpstream
from gateway.partners import models as partners
from gateway.sandbox import models as sandbox
from gateway.settings import GatewaySettings
from tht_kit.auth import StaticKeys, TokenVerifier
from tht_kit.bus_kafka import KafkaBus
from tht_kit.service import Container, Shared, parts

SERVICE = "gateway"
MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Every slice with tables stands here, so that Alembic sees them all.
TABLES = (partners.Partner, sandbox.SandboxClockRow)
metadata = Base.metadata


def wire(
    settings: GatewaySettings,
    shared: Shared | None = None,
    upstreams: Mapping[str, ASGIApp] | None = None,
) -> GatewayContainer:
    """Build the gateway's parts; `shared` and `upstreams` are given by the embedded process alone.

    `upstreams` are the services' applications by name: registry, issuance, trading, points.
    Raises Misconfigured for a key file that is missing or wrong; a sandbox makes a missing one.
    """
    signing = (keys.load_or_create if settings.sandbox else keys.load)(settings.signing_key_file)
    own = parts(SERVICE, settings, shared)
    if shared is not None:
        bus = shared.bus
    else:
        assert settings.kafka_bootstrap is not None, "checked by ServiceSettings"
        bus = KafkaBus(settings.kafka_bootstrap)
    return GatewayContainer(
        service=SERVICE,
        settings=settings,
        database=own["database"],
        bus=bus,
        clock=own["clock"],
        # The issuer needs no network to know its own keys.
        tokens=TokenVerifier(StaticKeys(signing.public), issuer=settings.auth_issuer),
        cursors=own["cursors"],
        standalone=own["standalone"],
        keys=signing,
        upstreams=upstreams if upstreams is not None else _by_http(settings),
        counter=_counter(settings),
    )


def _counter(settings: GatewaySettings) -> Counter:
    if settings.limits_redis_url is None:
        return MemoryCounter()
    return RedisCounter(settings.limits_redis_url.get_secret_value())


def _by_http(settings: GatewaySettings) -> dict[str, HttpUpstream]:
    return {
        service: HttpUpstream(
            service,
            str(getattr(settings, f"upstream_{service}")),
            connect_timeout_s=settings.upstream_connect_timeout_s,
            read_timeout_s=settings.upstream_read_timeout_s,
            connections_max=settings.upstream_connections_max,
        )
        for service in PREFIXES
    }


async def prepare(container: Container) -> None:
    """Nothing to load: partners are made by an operator, the clock stands at real time."""
