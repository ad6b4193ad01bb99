"""The composition root of registry-svc: settings in, parts out."""

from pathlib import Path

from pydantic import TypeAdapter

from registry_svc import seeds
from registry_svc.base import Base
from registry_svc.beneficiaries import models as beneficiary_models
from registry_svc.calendar import models as calendar_models
from registry_svc.calendar import service as calendar
from registry_svc.container import RegistryContainer
from registry_svc.credits import models as credit_models
from registry_svc.districts import models as district_models
from registry_svc.districts import service as districts
from registry_svc.districts.seed import DistrictSeed
from registry_svc.documents import models as document_models
from registry_svc.methodologies import models as methodology_models
from registry_svc.methodologies import service as methodologies
from registry_svc.methodologies.seed import MethodologySeed, PanelRuleSeed, seed_panel_rules
from registry_svc.organisations import models as organisation_models
from registry_svc.organisations import seed as organisation_seed
from registry_svc.organisations.seed import OrganisationRulesSeed
from registry_svc.projects import models as project_models
from registry_svc.projects import seed as project_seed
from registry_svc.projects.seed import ParcelRuleSeed, ProjectRuleSeed
from registry_svc.settings import RegistrySettings
from registry_svc.sites import models as site_models
from tht_kit.blobs import Blobs
from tht_kit.bus_kafka import KafkaBus
from tht_kit.service import Container, Shared, parts

SERVICE = "registry-svc"
MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Every module with tables stands here, so that Alembic sees them all.
TABLES = (
    organisation_models,
    beneficiary_models,
    methodology_models,
    project_models,
    calendar_models,
    site_models,
    district_models,
    document_models,
    credit_models,
)
metadata = Base.metadata


def wire(settings: RegistrySettings, shared: Shared | None = None) -> RegistryContainer:
    """Build the service's parts; `shared` is given by the embedded process alone.

    Raises BlobsMisconfigured.
    """
    own = parts(SERVICE, settings, shared)
    blobs = Blobs(settings.blobs_url)
    if shared is not None:
        return RegistryContainer(**own, bus=shared.bus, blobs=blobs)
    assert settings.kafka_bootstrap is not None, "checked by ServiceSettings"
    return RegistryContainer(**own, bus=KafkaBus(settings.kafka_bootstrap), blobs=blobs)


async def prepare(container: Container) -> None:
    """Load the reference data that is not there yet; may run twice, and in two processes at once."""
    now = container.clock.now()
    settings = container.settings
    assert isinstance(settings, RegistrySettings), "wired above"
    years = seeds.read("calendar.yaml")
    async with container.database.write() as session:
        await calendar.seed(session, map(int, years["years"]), source=years["source"], now=now)
        found = seeds.read("districts.yaml")
        await districts.seed(
            session,
            TypeAdapter(list[DistrictSeed]).validate_python(found["districts"]),
            source=found["source"],
            now=now,
        )
        await organisation_seed.seed(
            session,
            OrganisationRulesSeed.model_validate(seeds.read("organisation_rules.yaml")),
        )
        await organisation_seed.seed_founders(session, settings.founders, now=now)
        await seed_panel_rules(
            session,
            TypeAdapter(list[PanelRuleSeed]).validate_python(seeds.read("panel_rules.yaml")),
        )
        await methodologies.seed(
            session,
            TypeAdapter(list[MethodologySeed]).validate_python(seeds.read("methodologies.yaml")),
            now=now,
        )
        await project_seed.seed(
            session,
            project_rules=TypeAdapter(list[ProjectRuleSeed]).validate_python(
                seeds.read("project_rules.yaml")
            ),
            parcel_rules=TypeAdapter(list[ParcelRuleSeed]).validate_python(
                seeds.read("parcel_rules.yaml")
            ),
        )
