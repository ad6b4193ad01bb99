"""What a service's processes share: the container, and the background work beside the API.

Only a service's wiring.py builds a container; only `deploy/embedded` hands the parts in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tht_kit.auth import JwksUrl, StaticKeys, TokenVerifier
from tht_kit.bus import Bus
from tht_kit.clock import Clock, SandboxClock, SystemClock
from tht_kit.control import CONTROL_TOPIC, ClockMoved
from tht_kit.db import Database
from tht_kit.events import Event, Received
from tht_kit.outbox import Relay
from tht_kit.pagination import CursorCodec
from tht_kit.runner import Consumer, Subscription
from tht_kit.settings import ServiceSettings
from tht_kit.supervisor import Supervisor

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Container:
    """The parts of one service in one process. A service subclasses it to add its own."""

    service: str
    settings: ServiceSettings
    database: Database
    bus: Bus
    clock: Clock
    tokens: TokenVerifier
    cursors: CursorCodec


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What the embedded process hands to every service instead of letting it build its own."""

    bus: Bus
    clock: SandboxClock | None
    keys: StaticKeys


def clock_for(settings: ServiceSettings) -> Clock:
    """Return the clock of this process: movable only where SANDBOX=1."""
    return SandboxClock() if settings.sandbox else SystemClock()


def keys_for(settings: ServiceSettings) -> JwksUrl:
    assert settings.auth_jwks_url is not None, "checked by ServiceSettings"
    return JwksUrl(settings.auth_jwks_url)


def follow_clock(clock: SandboxClock) -> "ClockHandler":
    """Return the broadcast handler that moves this process's clock."""

    async def on_moved(events: Sequence[Received[Event]]) -> None:
        for received in events:
            if isinstance(received.data, ClockMoved):
                clock.set_offset(timedelta(seconds=received.data.offset_s))
                _log.info("clock.moved", offset_s=received.data.offset_s)

    return on_moved


def start_listening(container: Container, supervisor: Supervisor) -> None:
    """Start what every process needs, API processes included: following the sandbox clock."""
    if isinstance(container.clock, SandboxClock):
        handler = follow_clock(container.clock)
        supervisor.start(
            f"{container.service}.clock",
            lambda stop: container.bus.follow(CONTROL_TOPIC, [ClockMoved], handler, stop),
        )


def start_background(
    container: Container, subscriptions: Sequence[Subscription], supervisor: Supervisor
) -> None:
    """Start the relay and the consumers of a service: the work of its worker process."""
    relay = Relay(container.database, container.bus, service=container.service)
    supervisor.start(f"{container.service}.relay", relay.run)
    if subscriptions:
        consumer = Consumer(
            container.database,
            container.bus,
            group=container.service,
            subscriptions=subscriptions,
            clock=container.clock,
        )
        supervisor.start(f"{container.service}.consumer", consumer.run)
