"""The whole platform in one process: PostgreSQL as a child, the in-process bus, every service.

The only place besides the services' own wiring.py that knows which mode it is (decision 0016).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

import gateway.api
import gateway.keys
import gateway.sandbox.service
import gateway.subscriptions
import gateway.wiring
from embedded.partners import load_directory
from embedded.secrets_file import Secrets, blobs_url, key_file, load_secrets
from embedded.seed import seed
from embedded.services import SERVICES, Service
from gateway.settings import GatewaySettings
from tht_kit.auth import StaticKeys
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import SandboxClock
from tht_kit.embedded_pg import EmbeddedPostgres
from tht_kit.migrations import upgrade
from tht_kit.service import Background, Container, Shared
from tht_kit.settings import load
from tht_kit.supervisor import Supervisor

GATEWAY = "gateway"
POOL_SIZE = 12


@dataclass(frozen=True)
class Options:
    """How this platform runs. `url` is its public address, also the issuer of its tokens."""

    data_dir: Path
    url: str
    sandbox: bool
    log_level: str = "WARNING"


@asynccontextmanager
async def running(postgres: EmbeddedPostgres, options: Options) -> AsyncIterator[Any]:
    """Run every service over a started PostgreSQL; yields the gateway's ASGI application."""
    await asyncio.to_thread(_migrate, postgres)
    secrets = load_secrets(options.data_dir)
    bus = InProcessBus()
    clock = SandboxClock() if options.sandbox else None
    signing_file = key_file(options.data_dir, GATEWAY)
    signing = gateway.keys.load(signing_file)
    shared = Shared(bus=bus, clock=clock, keys=StaticKeys(signing.public))

    containers = {
        service.name: service.wire(_settings(service, postgres, options, secrets), shared)
        for service in SERVICES
    }
    backgrounds = [
        Background(
            containers[service.name],
            service.subscriptions,
            service.jobs(containers[service.name]),
        )
        for service in SERVICES
    ]
    apps = {service.name: service.create_app(containers[service.name]) for service in SERVICES}
    edge = gateway.wiring.wire(
        load(
            GatewaySettings,
            **_common(GATEWAY, postgres, options, secrets),
            signing_key_file=signing_file,
        ),
        shared,
        upstreams=apps,
    )
    backgrounds.append(Background(edge, gateway.subscriptions.SUBSCRIPTIONS))
    async with AsyncExitStack() as stack:
        await bus.start()
        stack.push_async_callback(bus.close)
        for app in apps.values():
            await stack.enter_async_context(_lifespan(app))
        edge_app = gateway.api.create_app(edge)
        await stack.enter_async_context(_lifespan(edge_app))
        if clock is not None:
            await _set_again(clock, edge)
        await _prepare(containers, edge, options)
        supervisor = Supervisor()
        stack.push_async_callback(supervisor.stop)
        for background in backgrounds:
            background.start(supervisor)
        yield edge_app


def _migrate(postgres: EmbeddedPostgres) -> None:
    migrations = {service.name: service.migrations for service in SERVICES}
    for name, folder in {**migrations, GATEWAY: gateway.wiring.MIGRATIONS}.items():
        postgres.create_database(name)
        upgrade(postgres.url(name), folder)


def _common(
    name: str, postgres: EmbeddedPostgres, options: Options, secrets: Secrets
) -> dict[str, Any]:
    return {
        "database_url": SecretStr(postgres.url(name)),
        "bus": "inprocess",
        "auth_issuer": options.url,
        "cursor_secret": SecretStr(secrets.cursor_secret),
        "sandbox": options.sandbox,
        "log_level": options.log_level,
        "db_pool_size": POOL_SIZE,
    }


def _settings(
    service: Service, postgres: EmbeddedPostgres, options: Options, secrets: Secrets
) -> Any:
    own: dict[str, dict[str, Any]] = {
        "registry": {
            "blobs_url": blobs_url(options.data_dir, "registry"),
            "identity_key": SecretStr(secrets.identity_key),
            "founders": load_directory().founders(),
        },
        "issuance": {"blobs_url": blobs_url(options.data_dir, "issuance")},
        "trading": {"certificate_key_file": key_file(options.data_dir, "certificates")},
        "points": {"identity_key": SecretStr(secrets.identity_key)},
    }
    given = _common(service.name, postgres, options, secrets) | own.get(service.name, {})
    return load(service.settings, **given)


async def _set_again(clock: SandboxClock, edge: Container) -> None:
    """Put the clock where it stood when the process ended, before anything reads it."""
    async with edge.database.read() as session:
        offset_s = await gateway.sandbox.service.get_offset_s(session)
    clock.set_offset(timedelta(seconds=offset_s))


async def _prepare(containers: dict[str, Container], edge: Container, options: Options) -> None:
    for service in SERVICES:
        await service.prepare(containers[service.name])
    await gateway.wiring.prepare(edge)
    await seed(edge.database.url, options.data_dir)


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """Enter an application's lifespan, as a server would."""
    found: FastAPI = app
    async with found.router.lifespan_context(found):
        yield
