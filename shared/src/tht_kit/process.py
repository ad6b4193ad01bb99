"""The processes of a service outside embedded mode: the worker, and how a process refuses to start."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from tht_kit import logging as kit_logging
from tht_kit.bus import BusMisconfigured
from tht_kit.collector import calm_collector
from tht_kit.runner import Subscription
from tht_kit.service import Background, Container, start_listening
from tht_kit.settings import Misconfigured, ServiceSettings, load
from tht_kit.supervisor import Run, Supervisor, run_until_signal
from tht_kit.telemetry import configure_tracing, serve_metrics

EXIT_MISCONFIGURED = 78  # EX_CONFIG of sysexits.h

S = TypeVar("S", bound=ServiceSettings)
C = TypeVar("C", bound=Container)


def container_or_exit(cls: type[S], service: str, wire: Callable[[S], C]) -> C:
    """Read the settings, configure logs and traces, build the parts.

    Exits with sentences that say what to set, where something is missing or wrong.
    """
    try:
        settings = load(cls)
        if settings.bus != "kafka":
            raise Misconfigured(
                "BUS=inprocess joins services that run in one process; this process stands alone:"
                " set BUS to kafka."
            )
        kit_logging.configure(settings.log_level, json=settings.log_json)
        container = wire(settings)
    except (Misconfigured, ValueError) as error:
        print(f"{service} cannot start:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_MISCONFIGURED)
    configure_tracing(service, endpoint=settings.otlp_endpoint)
    calm_collector()
    return container


def run_worker(
    container: Container,
    prepare: Callable[[Container], Awaitable[None]],
    subscriptions: Sequence[Subscription],
    jobs: Mapping[str, Run] | None = None,
) -> None:
    """Run relay, consumers and jobs until SIGTERM or SIGINT; what is in hand is finished first."""
    try:
        asyncio.run(_work(container, prepare, subscriptions, jobs))
    except BusMisconfigured as error:
        print(f"{container.service} cannot start:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_MISCONFIGURED)


async def _work(
    container: Container,
    prepare: Callable[[Container], Awaitable[None]],
    subscriptions: Sequence[Subscription],
    jobs: Mapping[str, Run] | None,
) -> None:
    await prepare(container)
    background = Background(container, subscriptions, jobs)
    await container.open()
    try:
        supervisor = Supervisor(restart=False)
        await start_listening(container, supervisor)
        background.start(supervisor)
        if container.settings.metrics_port is not None:
            # A worker has no API: an open metrics port is how its surroundings see that it works.
            serve_metrics(container.settings.metrics_port, container.settings.metrics_host)
        await run_until_signal(supervisor)
    finally:
        await container.close()
