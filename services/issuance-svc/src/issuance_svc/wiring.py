"""The composition root of issuance-svc: settings in, parts out."""

from pathlib import Path

from issuance_svc.aggregates import models as aggregates
from issuance_svc.base import Base
from issuance_svc.buffer import models as buffer
from issuance_svc.claim_rules import models as claim_rules
from issuance_svc.claim_rules import service as claim_rule_service
from issuance_svc.container import IssuanceContainer
from issuance_svc.factors import models as factors
from issuance_svc.factors import service as factor_service
from issuance_svc.inventories import models as inventories
from issuance_svc.issuances import models as issuances
from issuance_svc.metering import models as metering
from issuance_svc.organisations import models as organisations
from issuance_svc.projects import models as projects
from issuance_svc.reports import models as reports
from issuance_svc.reversals import models as reversals
from issuance_svc.reviews import models as reviews
from issuance_svc.settings import IssuanceSettings
from issuance_svc.uploads import models as uploads
from issuance_svc.verifications import models as verifications
from tht_kit.blobs import Blobs
from tht_kit.bus_kafka import KafkaBus
from tht_kit.service import Container, Shared, parts

SERVICE = "issuance-svc"
MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Every slice with tables stands here, so that Alembic sees them all.
TABLES = (
    factors.Factor,
    organisations.Organisation,
    projects.Project,
    uploads.Upload,
    inventories.StandRow,
    metering.Meter,
    aggregates.Aggregate,
    claim_rules.ClaimRule,
    reviews.Review,
    reports.Report,
    verifications.Finding,
    buffer.Deposit,
    reversals.Reversal,
    issuances.Issuance,
)
metadata = Base.metadata


def wire(settings: IssuanceSettings, shared: Shared | None = None) -> IssuanceContainer:
    """Build the service's parts; `shared` is given by the embedded process alone.

    Raises BlobsMisconfigured.
    """
    own = parts(SERVICE, settings, shared)
    blobs = Blobs(settings.blobs_url)
    if shared is not None:
        return IssuanceContainer(**own, bus=shared.bus, blobs=blobs)
    assert settings.kafka_bootstrap is not None, "checked by ServiceSettings"
    return IssuanceContainer(**own, bus=KafkaBus(settings.kafka_bootstrap), blobs=blobs)


async def prepare(container: Container) -> None:
    """Load the factors and claim rules; safe to repeat and to run in two processes at once."""
    async with container.database.write() as session:
        await factor_service.seed(session)
        await claim_rule_service.seed(session)
