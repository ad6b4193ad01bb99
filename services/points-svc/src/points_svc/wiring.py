"""The composition root of points-svc: settings in, parts out."""

from pathlib import Path

from points_svc.aggregates import models as aggregates
from points_svc.base import Base
from points_svc.citizens import models as citizens
from points_svc.points import models as points
from points_svc.projects import models as projects
from points_svc.redemptions import models as redemptions
from points_svc.rewards import models as rewards
from points_svc.scenarios import models as scenario_models
from points_svc.scenarios import service as scenarios
from points_svc.settings import PointsSettings
from points_svc.trips import models as trips
from tht_kit.bus_kafka import KafkaBus
from tht_kit.service import Container, Shared, parts

SERVICE = "points-svc"
MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Every slice with tables stands here, so that Alembic sees them all.
TABLES = (scenario_models, citizens, points, trips, rewards, redemptions, projects, aggregates)
metadata = Base.metadata


def wire(settings: PointsSettings, shared: Shared | None = None) -> Container:
    """Build the service's parts; `shared` is given by the embedded process alone."""
    own = parts(SERVICE, settings, shared)
    if shared is not None:
        return Container(**own, bus=shared.bus)
    assert settings.kafka_bootstrap is not None, "checked by ServiceSettings"
    return Container(**own, bus=KafkaBus(settings.kafka_bootstrap))


async def prepare(container: Container) -> None:
    """Load the scenarios; safe to repeat and to run in two processes at once."""
    async with container.database.write() as session:
        await scenarios.load(session, scenarios.shipped_seed())
