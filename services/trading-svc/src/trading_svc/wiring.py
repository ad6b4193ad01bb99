"""The composition root of trading-svc: settings in, parts out."""

from pathlib import Path

from tht_kit.bus_kafka import KafkaBus
from tht_kit.service import Container, Shared, parts
from trading_svc.accounts import models as accounts
from trading_svc.base import Base
from trading_svc.cash import models as cash
from trading_svc.certificates import models as certificates
from trading_svc.certificates.parts import TradingContainer, make_issuer
from trading_svc.certificates.rendering import Renderer
from trading_svc.certificates.signing import load_or_create_signer, load_signer
from trading_svc.claims import models as claims
from trading_svc.compliance import models as compliance
from trading_svc.compliance import seed as compliance_seed
from trading_svc.debts import models as debts
from trading_svc.holdings import models as holdings
from trading_svc.market import models as market
from trading_svc.retirements import models as retirements
from trading_svc.settings import TradingSettings

SERVICE = "trading-svc"
MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Every module with tables stands here, so that Alembic sees them all.
TABLES = (accounts, debts, holdings, cash, market, retirements, certificates, compliance, claims)
metadata = Base.metadata


def wire(settings: TradingSettings, shared: Shared | None = None) -> TradingContainer:
    """Build the service's parts; `shared` is given by the embedded process alone.

    Raises Misconfigured for a certificate key file that is missing or wrong; a sandbox makes a
    missing one.
    """
    read_signer = load_or_create_signer if settings.sandbox else load_signer
    issuer = make_issuer(
        read_signer(settings.certificate_key_file),
        environment="sandbox" if settings.sandbox else "live",
        base_url=settings.auth_issuer,
    )
    renderer = Renderer(threads=settings.certificate_threads)
    own = parts(SERVICE, settings, shared)
    if shared is not None:
        return TradingContainer(**own, bus=shared.bus, issuer=issuer, renderer=renderer)
    assert settings.kafka_bootstrap is not None, "checked by ServiceSettings"
    bus = KafkaBus(settings.kafka_bootstrap)
    return TradingContainer(**own, bus=bus, issuer=issuer, renderer=renderer)


async def prepare(container: Container) -> None:
    """Load the offset rules; may run twice, and in two processes at once."""
    async with container.database.write() as session:
        await compliance_seed.load(session)
