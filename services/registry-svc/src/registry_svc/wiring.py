"""The composition root of registry-svc: settings in, parts out."""

from pathlib import Path

from registry_svc.base import Base
from registry_svc.organisations import models as organisations
from registry_svc.settings import RegistrySettings
from tht_kit.bus_kafka import KafkaBus
from tht_kit.service import Container, Shared, parts

SERVICE = "registry-svc"
MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Every slice with tables stands here, so that Alembic sees them all.
TABLES = (organisations.Organisation,)
metadata = Base.metadata


def wire(settings: RegistrySettings, shared: Shared | None = None) -> Container:
    """Build the service's parts; `shared` is given by the embedded process alone."""
    own = parts(SERVICE, settings, shared)
    if shared is not None:
        return Container(**own, bus=shared.bus)
    assert settings.kafka_bootstrap is not None, "checked by ServiceSettings"
    return Container(**own, bus=KafkaBus(settings.kafka_bootstrap))


async def prepare(container: Container) -> None:
    """Load the reference data; safe to repeat and to run in two processes at once."""
