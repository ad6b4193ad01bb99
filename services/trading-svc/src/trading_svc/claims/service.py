"""中和: declare an event's emissions, reduce first, then retire at least as much (domain 1.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.clock import legal_date
from tht_kit.db import AsyncReadSession
from tht_kit.ids import new_id
from trading_svc.accounts import service as accounts
from trading_svc.certificates.documents import EmissionPart, MeasurePart, Party, Statement
from trading_svc.certificates.service import Issuer
from trading_svc.claims import repository, rules
from trading_svc.claims.errors import (
    ClaimCovered,
    ClaimNotFound,
    EmissionsTooLarge,
    EmissionsZero,
    MeasuresMissing,
    NeutralityShort,
    TerritoryRefused,
)
from trading_svc.claims.models import Claim, ClaimStatus
from trading_svc.claims.rules import EmissionLine
from trading_svc.holdings import service as holdings
from trading_svc.retirements import service as retirements
from trading_svc.retirements.service import Purpose, Retired

TERRITORY = "TERRITORY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One emission source with the factor the user names; the platform invents none."""

    source: str
    activity: str
    activity_unit: str
    factor_kg_per_unit: str
    factor_year: int
    factor_source: str

    @property
    def line(self) -> EmissionLine:
        return EmissionLine(Decimal(self.activity), Decimal(self.factor_kg_per_unit))


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a claim is about."""

    kind: Literal["EVENT", "TERRITORY"]
    name: str
    organiser_code: str
    place: str
    starts_on: date
    ends_on: date
    participants: int
    boundary: str
    emissions: Sequence[Source]
    measures: Sequence[Measure]
    confirmation: Literal["SELF_DECLARED"]


async def declare(
    session: AsyncSession, *, account_code: str, declaration: Declaration, now: datetime
) -> Claim:
    """Record a claim with its emissions computed (R34).

    Raises TerritoryRefused (R38), EmissionsZero, AccountNotFound, AccountNotOpen,
    BeneficiaryUnknown.
    """
    if declaration.kind == TERRITORY:
        raise TerritoryRefused(pointer="/kind")
    await accounts.get_open(session, account_code)
    await retirements.get_beneficiary(
        session, declaration.organiser_code, pointer="/organiser_code"
    )
    kg = rules.total_kg([source.line for source in declaration.emissions])
    if kg == 0:
        raise EmissionsZero(pointer="/emissions")
    if (required_t := rules.required_t(kg)) > rules.REQUIRED_T_MAX:
        raise EmissionsTooLarge(
            pointer="/emissions", required_t=required_t, limit_t=rules.REQUIRED_T_MAX
        )
    claim = Claim(
        id=new_id(),
        account_code=account_code,
        kind=declaration.kind,
        name=declaration.name,
        organiser_code=declaration.organiser_code,
        place=declaration.place,
        starts_on=declaration.starts_on,
        ends_on=declaration.ends_on,
        participants=declaration.participants,
        boundary=declaration.boundary,
        emissions=[_emission(source) for source in declaration.emissions],
        emissions_t=rules.tonnes_text(kg),
        required_t=required_t,
        measures=_measures(declaration.measures),
        confirmation=declaration.confirmation,
        status=ClaimStatus.OPEN,
        retirement_id=None,
        certificate_id=None,
        created_at=now,
    )
    repository.add(session, claim)
    return claim


def _emission(source: Source) -> dict[str, object]:
    return {
        "source": source.source,
        "activity": source.activity,
        "activity_unit": source.activity_unit,
        "factor_kg_per_unit": source.factor_kg_per_unit,
        "factor_year": source.factor_year,
        "factor_source": source.factor_source,
        "emissions_t": rules.tonnes_text(source.line.kg),
    }


def _measures(measures: Sequence[Measure]) -> list[dict[str, str]]:
    return [{"name": measure.name, "effect": measure.effect} for measure in measures]


async def name_measures(
    session: AsyncSession, *, account_code: str, claim_id: UUID, measures: Sequence[Measure]
) -> Claim:
    """Replace the reduction measures of an open claim; raises ClaimNotFound, ClaimCovered."""
    claim = await _lock_open(session, account_code, claim_id)
    claim.measures = _measures(measures)
    return claim


async def _lock_open(session: AsyncSession, account_code: str, claim_id: UUID) -> Claim:
    claim = await repository.lock(session, claim_id)
    if claim is None or claim.account_code != account_code:
        raise ClaimNotFound(claim_id=claim_id)
    if claim.status != ClaimStatus.OPEN:
        raise ClaimCovered(claim_id=claim_id, certificate_id=claim.certificate_id)
    return claim


async def get(session: AsyncReadSession, claim_id: UUID, *, party: str | None) -> Claim:
    """Return the claim to its account; `party` None sees all. Raises ClaimNotFound."""
    claim = await repository.find(session, claim_id)
    if claim is None or (party is not None and claim.account_code != party):
        raise ClaimNotFound(claim_id=claim_id)
    return claim


async def cover(
    session: AsyncSession,
    issuer: Issuer,
    *,
    account_code: str,
    claim_id: UUID,
    quantity_t: int,
    project_id: UUID | None,
    vintage: int | None,
    retired_by: str,
    now: datetime,
) -> tuple[Claim, Retired]:
    """Retire own units for the claim and certify its neutrality. A claim is covered once (R37).

    Raises ClaimNotFound, ClaimCovered, MeasuresMissing (R35), NeutralityShort (R34),
    AccountNotFound, AccountNotOpen, CreditsInsufficient, TooManyBlocks.
    """
    claim = await _lock_open(session, account_code, claim_id)
    if not claim.measures:
        raise MeasuresMissing(claim_id=claim_id)
    if quantity_t < claim.required_t:
        raise NeutralityShort(
            pointer="/quantity_t",
            emissions_t=claim.emissions_t,
            required_t=claim.required_t,
            quantity_t=quantity_t,
        )
    holder = await accounts.lock_open(session, account_code)
    organiser = await retirements.get_beneficiary(session, claim.organiser_code)
    choices = await holdings.choose(
        session, account_code, quantity_t=quantity_t, project_id=project_id, vintage=vintage
    )
    statement = _statement(claim, organiser, retirements.party_of(holder), choices, now)
    purpose = Purpose(
        reason="EVENT_NEUTRAL", beneficiary=organiser, claim_id=claim_id, statement=statement
    )
    retired = await retirements.retire(
        session,
        issuer,
        holder=holder,
        choices=choices,
        purpose=purpose,
        retired_by=retired_by,
        now=now,
    )
    conforming = statement.conformity == "CONFORMING"
    claim.status = ClaimStatus.NEUTRAL if conforming else ClaimStatus.LATE
    claim.retirement_id = retired.retirement.id
    claim.certificate_id = retired.certificate.certificate_id
    return claim, retired


def _statement(
    claim: Claim,
    organiser: Party,
    declared_by: Party,
    choices: Sequence[holdings.Choice],
    now: datetime,
) -> Statement:
    today, due_on = legal_date(now), rules.due_on(claim.ends_on)
    return Statement(
        subject_kind="EVENT",
        name=claim.name,
        organiser=organiser,
        place=claim.place,
        starts_on=claim.starts_on,
        ends_on=claim.ends_on,
        participants=claim.participants,
        boundary=claim.boundary,
        emissions=[EmissionPart.model_validate(line) for line in claim.emissions],
        emissions_t=claim.emissions_t,
        required_t=claim.required_t,
        measures=[MeasurePart.model_validate(measure) for measure in claim.measures],
        offset_method=", ".join(sorted({choice.lot.unit_type for choice in choices})),
        completed_on=today,
        due_on=due_on,
        conformity="CONFORMING" if today <= due_on else "LATE_NOT_CONFORMING",
        confirmation="SELF_DECLARED",
        declared_by=declared_by,
        declared_on=today,
    )
