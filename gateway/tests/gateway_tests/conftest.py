import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from gateway import keys
from gateway.api import create_app
from gateway.edge.routing import PREFIXES
from gateway.edge.upstream import HttpUpstream
from gateway.settings import GatewaySettings
from gateway.wiring import MIGRATIONS, wire
from gateway_tests.serving import served
from gateway_tests.standin import Standin
from tht_kit.auth import AUDIENCE, StaticKeys, sign_token
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import SandboxClock
from tht_kit.ids import new_id
from tht_kit.service import Shared
from tht_kit.settings import load
from tht_kit.testing.postgres import service_database_fixture

ISSUER = "https://gateway.test"

database = service_database_fixture("gateway", migrations_dir=MIGRATIONS)


@dataclass
class Platform:
    """A gateway on a real socket and the services' stand-ins behind it."""

    url: str
    client: httpx.AsyncClient
    services: dict[str, Standin]
    container: Any
    app: Any
    bus: InProcessBus

    def token(self, subject="partner-1", scopes="", *, key=None, **claims) -> str:
        now_s = int(time.time())
        given = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "org": None,
            "scope": scopes,
            "env": "sandbox",
            "iat": now_s,
            "exp": now_s + 600,
            "jti": str(new_id()),
        }
        return sign_token(key or self.container.keys.signing, given | claims)

    def bearer(self, subject="partner-1", scopes="", **claims) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(subject, scopes, **claims)}"}


@pytest.fixture(scope="session")
def key_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "signing.json"
    keys.create(file)
    return file


@pytest.fixture(scope="session")
async def standins() -> AsyncIterator[dict[str, tuple[Standin, str]]]:
    """The services' stand-ins, each on a socket of its own too."""
    made = {name: Standin(name) for name in PREFIXES}
    async with AsyncExitStack() as stack:
        yield {
            name: (standin, await stack.enter_async_context(served(standin)))
            for name, standin in made.items()
        }


@pytest.fixture
def start_platform(database, key_file, standins):
    """Return a function that starts a platform: `transport` is http or direct."""
    stack = AsyncExitStack()

    for standin, _ in standins.values():
        standin.reset()

    async def start(transport="direct", *, sandbox=True, **given) -> Platform:
        settings = load(
            GatewaySettings,
            database_url=database.url,
            bus="inprocess",
            auth_issuer=ISSUER,
            cursor_secret="0123456789abcdef0123456789abcdef",
            signing_key_file=key_file,
            sandbox=sandbox,
            **{"rate_partner": "100000/minute", "rate_address": "100000/minute"} | given,
        )
        if transport == "http":
            upstreams = {
                name: HttpUpstream(
                    name,
                    address,
                    connect_timeout_s=1,
                    read_timeout_s=settings.upstream_read_timeout_s,
                    connections_max=20,
                )
                for name, (_, address) in standins.items()
            }
        else:
            upstreams = {name: standin for name, (standin, _) in standins.items()}
        bus = InProcessBus()
        shared = Shared(
            bus=bus,
            clock=SandboxClock() if sandbox else None,
            keys=StaticKeys(keys.load(key_file).public),
        )
        container = dataclasses.replace(wire(settings, shared, upstreams), database=database)
        app = create_app(container)
        url = await stack.enter_async_context(served(app, proxy_headers=False))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, timeout=timedelta(seconds=10).total_seconds())
        )
        services = {name: standin for name, (standin, _) in standins.items()}
        return Platform(url, client, services, container, app, bus)

    start.stack = stack  # type: ignore[attr-defined]
    return start


@pytest.fixture
async def start(start_platform) -> AsyncIterator[Any]:
    """Start platforms; they are stopped when the test ends."""
    async with start_platform.stack:
        yield start_platform


@pytest.fixture(params=["http", "direct"])
async def platform(request, start):
    """A platform over each transport."""
    return await start(request.param)


@pytest.fixture
async def direct(start):
    return await start("direct")
