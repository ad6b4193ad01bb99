"""What a service's processes share: the container, and the background work beside the API.

Only a service's wiring.py builds a container; only `deploy/embedded` hands the parts in.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

import structlog

from tht_kit.auth import JwksUrl, StaticKeys, TokenVerifier
from tht_kit.bus import Bus, BusUnavailable
from tht_kit.clock import Clock, SandboxClock, SystemClock
from tht_kit.control import CONTROL_TOPIC, ClockMoved
from tht_kit.db import Database
from tht_kit.events import Received
from tht_kit.follower import Follower
from tht_kit.pagination import CursorCodec
from tht_kit.relay import Relay
from tht_kit.runner import Consumer, Subscription
from tht_kit.settings import ServiceSettings
from tht_kit.supervisor import Run, Supervisor

CATCH_UP_TIMEOUT_S = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Container:
    """The parts of one service in one process. A service subclasses it to add its own.

    A `standalone` one owns its bus; inside the embedded process the bus belongs to the process.
    """

    service: str
    settings: ServiceSettings
    database: Database
    bus: Bus
    clock: Clock
    tokens: TokenVerifier
    cursors: CursorCodec
    standalone: bool

    async def open(self) -> None:
        """Connect what this process owns. Raises BusMisconfigured, BusUnavailable."""
        if self.standalone:
            await self.bus.start()

    async def close(self) -> None:
        if self.standalone:
            await self.bus.close()
        await self.database.dispose()


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What the embedded process hands to every service instead of letting it build its own."""

    bus: Bus
    clock: SandboxClock | None
    keys: StaticKeys


class Parts(TypedDict):
    """What `Container` needs besides the bus and what a service adds."""

    service: str
    settings: ServiceSettings
    database: Database
    clock: Clock
    tokens: TokenVerifier
    cursors: CursorCodec
    standalone: bool


def parts(service: str, settings: ServiceSettings, shared: Shared | None) -> Parts:
    """Build a service's parts from its settings; the embedded process shares its clock and keys."""
    keys: JwksUrl | StaticKeys
    clock: Clock
    if shared is not None:
        keys, clock = shared.keys, shared.clock or SystemClock()
    else:
        assert settings.auth_jwks_url is not None, "checked by ServiceSettings"
        keys = JwksUrl(settings.auth_jwks_url)
        clock = SandboxClock() if settings.sandbox else SystemClock()
    return Parts(
        service=service,
        settings=settings,
        database=Database(
            settings.database_url.get_secret_value(),
            pool_size=settings.db_pool_size,
            application_name=service,
        ),
        clock=clock,
        tokens=TokenVerifier(keys, issuer=settings.auth_issuer),
        cursors=CursorCodec(settings.cursor_secret.get_secret_value()),
        standalone=shared is None,
    )


async def start_listening(container: Container, supervisor: Supervisor) -> None:
    """Start what every process needs, API processes included, and wait until it is up to date.

    That is following the sandbox clock: a process that began to serve before it had read the clock
    would give real dates for a moment. Raises BusUnavailable if the topic cannot be read in time.
    """
    if not isinstance(container.clock, SandboxClock):
        return
    clock = container.clock

    async def moved(event: Received[ClockMoved]) -> None:
        clock.set_offset(timedelta(seconds=event.data.offset_s))
        _log.info("clock.moved", offset_s=event.data.offset_s)

    follower = Follower(container.bus, CONTROL_TOPIC, {ClockMoved: moved})
    supervisor.start(f"{container.service}.clock", follower.run)
    try:
        async with asyncio.timeout(CATCH_UP_TIMEOUT_S):
            await follower.caught_up.wait()
    except TimeoutError:
        raise BusUnavailable(
            f"{CONTROL_TOPIC} was not read to its end within {CATCH_UP_TIMEOUT_S:.0f} s"
        ) from None


class Background:
    """The relay, the consumers and the service's own jobs: what its worker process runs.

    Make it before `bus.start()`, which checks the topics of every group it knows by then.
    """

    def __init__(
        self,
        container: Container,
        subscriptions: Sequence[Subscription],
        jobs: Mapping[str, Run] | None = None,
    ) -> None:
        self._service = container.service
        self._jobs = jobs or {}
        self._relay = Relay(container.database, container.bus, service=container.service)
        self._consumer = (
            Consumer(
                container.database,
                container.bus,
                group=container.service,
                subscriptions=subscriptions,
                clock=container.clock,
            )
            if subscriptions
            else None
        )

    def start(self, supervisor: Supervisor) -> None:
        supervisor.start(f"{self._service}.relay", self._relay.run)
        if self._consumer is not None:
            supervisor.start(f"{self._service}.consumer", self._consumer.run)
        for name, run in self._jobs.items():
            supervisor.start(f"{self._service}.{name}", run)
