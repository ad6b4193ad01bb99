"""The services of the platform as the composition root sees them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

import issuance_svc.api
import issuance_svc.kinds
import issuance_svc.settings
import issuance_svc.subscriptions
import issuance_svc.wiring
import points_svc.api
import points_svc.settings
import points_svc.subscriptions
import points_svc.wiring
import registry_svc.api
import registry_svc.settings
import registry_svc.subscriptions
import registry_svc.wiring
import trading_svc.api
import trading_svc.settings
import trading_svc.subscriptions
import trading_svc.wiring
from tht_kit.runner import Subscription
from tht_kit.service import Container, Shared
from tht_kit.settings import ServiceSettings
from tht_kit.supervisor import Run


@dataclass(frozen=True)
class Service:
    """What the embedded process needs of one service. `name` is its database's name too."""

    name: str
    settings: type[ServiceSettings]
    wire: Callable[..., Container]
    prepare: Callable[..., Awaitable[None]]
    create_app: Callable[..., FastAPI]
    subscriptions: Sequence[Subscription]
    migrations: Path
    jobs: Callable[..., Mapping[str, Run]] = lambda _container: {}


SERVICES = (
    Service(
        "registry",
        registry_svc.settings.RegistrySettings,
        registry_svc.wiring.wire,
        registry_svc.wiring.prepare,
        registry_svc.api.create_app,
        registry_svc.subscriptions.SUBSCRIPTIONS,
        registry_svc.wiring.MIGRATIONS,
    ),
    Service(
        "issuance",
        issuance_svc.settings.IssuanceSettings,
        issuance_svc.wiring.wire,
        issuance_svc.wiring.prepare,
        issuance_svc.api.create_app,
        issuance_svc.subscriptions.SUBSCRIPTIONS,
        issuance_svc.wiring.MIGRATIONS,
        issuance_svc.kinds.jobs_of,
    ),
    Service(
        "trading",
        trading_svc.settings.TradingSettings,
        trading_svc.wiring.wire,
        trading_svc.wiring.prepare,
        trading_svc.api.create_app,
        trading_svc.subscriptions.SUBSCRIPTIONS,
        trading_svc.wiring.MIGRATIONS,
    ),
    Service(
        "points",
        points_svc.settings.PointsSettings,
        points_svc.wiring.wire,
        points_svc.wiring.prepare,
        points_svc.api.create_app,
        points_svc.subscriptions.SUBSCRIPTIONS,
        points_svc.wiring.MIGRATIONS,
    ),
)

__all__ = ["SERVICES", "Service", "Shared"]
