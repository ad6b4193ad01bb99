"""履约: obligations of a year, and units surrendered against them inside the year's rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.trading import ObligationRecorded
from tht_kit.db import AsyncReadSession
from tht_kit.errors import FieldProblem, Text
from tht_kit.ids import new_id
from tht_kit.outbox import emit
from trading_svc.accounts import service as accounts
from trading_svc.certificates.service import Issuer
from trading_svc.compliance import repository, rules
from trading_svc.compliance.errors import (
    EnterpriseYearNotFound,
    NotControlledEnterprise,
    ObligationMissing,
    OffsetRuleMissing,
    SurrenderRefused,
    VerifiedEmissionsMissing,
)
from trading_svc.compliance.models import EnterpriseYear, OffsetRule, Surrender
from trading_svc.compliance.rules import CapBase, Scheme, UnitFacts
from trading_svc.fields import ORGANISATION_CODE
from trading_svc.holdings import service as holdings
from trading_svc.holdings.rules import Span
from trading_svc.retirements import service as retirements
from trading_svc.retirements.service import Purpose, Retired

AnySession = AsyncSession | AsyncReadSession
CONTROLLED_ENTERPRISE = "controlled_enterprise"


async def record_obligation(
    session: AsyncSession,
    *,
    account_code: str,
    compliance_year: int,
    obligation_t: int,
    verified_emissions_t: int | None,
    in_national_ets: bool,
    due_on: date,
    recorded_by: str,
    now: datetime,
) -> EnterpriseYear:
    """Put an enterprise on a year's list, or correct its figures.

    Raises AccountNotFound, NotControlledEnterprise.
    """
    account = await accounts.get(session, account_code)
    if CONTROLLED_ENTERPRISE not in account.kinds:
        raise NotControlledEnterprise(organisation_code=account_code)
    year = await repository.record_obligation(
        session,
        {
            "account_code": account_code,
            "compliance_year": compliance_year,
            "obligation_t": obligation_t,
            "verified_emissions_t": verified_emissions_t,
            "in_national_ets": in_national_ets,
            "due_on": due_on,
            "recorded_by": recorded_by,
            "recorded_at": now,
        },
    )
    event = ObligationRecorded(
        account_code=account_code,
        compliance_year=compliance_year,
        obligation_t=obligation_t,
        due_on=due_on,
        version=year.version,
    )
    await emit(session, event, now=now)
    return year


@dataclass(frozen=True, slots=True)
class Standing:
    """How an enterprise stands in a year: what it may still use, and of which kind."""

    year: EnterpriseYear
    rule: OffsetRule
    max_offset_t: int

    @property
    def remaining_t(self) -> int:
        return max(0, self.max_offset_t - self.year.used_t)

    @property
    def outside_remaining_t(self) -> int:
        """Units from outside the municipality that fit now, before more local ones are used."""
        room_t = rules.outside_room_t(
            self.rule.rule, local_t=self.year.local_used_t, total_t=self.year.used_t
        )
        return self.remaining_t if room_t is None else min(self.remaining_t, room_t)

    @property
    def allowances_due_t(self) -> int:
        return max(0, self.year.obligation_t - self.year.used_t)


async def get_standing(session: AnySession, account_code: str, compliance_year: int) -> Standing:
    """Answer how many more units the enterprise may use.

    Raises EnterpriseYearNotFound, OffsetRuleMissing, VerifiedEmissionsMissing.
    """
    known = ORGANISATION_CODE.fullmatch(account_code) is not None
    year = await repository.find_year(session, account_code, compliance_year) if known else None
    if year is None:
        raise EnterpriseYearNotFound(
            organisation_code=account_code, compliance_year=compliance_year
        )
    return await _standing(session, year)


async def _standing(session: AnySession, year: EnterpriseYear) -> Standing:
    rule = await _get_rule(session, year.scheme, year.compliance_year)
    return Standing(year, rule, rules.max_offset_t(rule.rule, _cap_base_t(year, rule)))


async def _get_rule(session: AnySession, scheme: Scheme, compliance_year: int) -> OffsetRule:
    rule = await repository.find_rule(session, scheme, compliance_year)
    if rule is None:
        raise OffsetRuleMissing(compliance_year=compliance_year, scheme=scheme)
    return rule


def _cap_base_t(year: EnterpriseYear, rule: OffsetRule) -> int:
    if rule.cap_base == CapBase.SURRENDER_OBLIGATION:
        return year.obligation_t
    if year.verified_emissions_t is None:
        raise VerifiedEmissionsMissing(
            organisation_code=year.account_code, compliance_year=year.compliance_year
        )
    return year.verified_emissions_t


@dataclass(frozen=True, slots=True)
class Surrendered:
    surrender: Surrender
    retired: Retired
    standing: Standing


async def surrender(
    session: AsyncSession,
    issuer: Issuer,
    *,
    account_code: str,
    compliance_year: int,
    quantity_t: int,
    project_id: UUID | None,
    vintage: int | None,
    serials: Sequence[Span],
    surrendered_by: str,
    now: datetime,
) -> Surrendered:
    """Use units against the year's obligation: all of them, or none with every reason (R25, R26).

    The enterprise's year row is locked first, so two surrenders cannot pass the cap together.
    Raises AccountNotFound, AccountNotOpen, ObligationMissing, OffsetRuleMissing,
    VerifiedEmissionsMissing, CreditsInsufficient, SerialsMalformed, SerialUnknown,
    TooManyBlocks, SurrenderRefused.
    """
    year = await repository.lock_year(session, account_code, compliance_year)
    if year is None:
        await _get_rule(session, Scheme.LOCAL, compliance_year)
        raise ObligationMissing(
            pointer="/year", organisation_code=account_code, compliance_year=compliance_year
        )
    before = await _standing(session, year)
    holder = await accounts.lock_open(session, account_code)
    if serials:
        choices = await holdings.choose_named(session, serials, quantity_t=quantity_t)
    else:
        choices = await holdings.choose(
            session,
            account_code,
            quantity_t=quantity_t,
            project_id=project_id,
            vintage=vintage,
            frozen_too=True,
        )
    local_t = holdings.total_t([choice for choice in choices if choice.lot.is_local])
    await _refuse(session, before, choices, quantity_t=quantity_t, local_t=local_t)
    purpose = Purpose(
        reason="ETS_COMPLIANCE",
        beneficiary=retirements.party_of(holder),
        compliance_year=compliance_year,
    )
    retired = await retirements.retire(
        session,
        issuer,
        holder=holder,
        choices=choices,
        purpose=purpose,
        retired_by=surrendered_by,
        now=now,
    )
    accepted = Surrender(
        id=new_id(),
        account_code=account_code,
        compliance_year=compliance_year,
        quantity_t=quantity_t,
        local_t=local_t,
        retirement_id=retired.retirement.id,
        accepted_at=now,
    )
    await repository.write_surrender(session, accepted)
    await repository.add_used(session, year, quantity_t=quantity_t, local_t=local_t)
    return Surrendered(accepted, retired, await _standing(session, year))


async def _refuse(
    session: AsyncSession,
    standing: Standing,
    choices: Sequence[holdings.Choice],
    *,
    quantity_t: int,
    local_t: int,
) -> None:
    """Raise SurrenderRefused with every reason there is, of units and of totals."""
    year, rule = standing.year, standing.rule.rule
    owners = {choice.lot.owner_code for choice in choices}
    capped = await repository.on_the_list(session, owners, year.compliance_year)
    found: list[tuple[str, str, Text]] = []
    for choice in choices:
        reasons: list[tuple[str, Text]] = [
            *holdings.state_refusals(choice, year.account_code),
            *rules.unit_refusals(rule, _facts(choice, capped)),
        ]
        found += [(code, f"serial:{choice.serial_text},reason:{code}", t) for code, t in reasons]
    totals = rules.total_refusals(
        rule,
        max_t=standing.max_offset_t,
        used_t=year.used_t,
        local_used_t=year.local_used_t,
        quantity_t=quantity_t,
        local_t=local_t,
    )
    found += [(code, f"reason:{code}", text) for code, text in totals]
    if found:
        raise SurrenderRefused(
            count=len(found),
            codes=", ".join(sorted({code for code, _, _ in found})),
            organisation_code=year.account_code,
            compliance_year=year.compliance_year,
            errors=[FieldProblem(pointer, text) for _, pointer, text in found],
        )


def _facts(choice: holdings.Choice, capped: frozenset[str]) -> UnitFacts:
    lot = choice.lot
    return UnitFacts(
        unit_type=lot.unit_type,
        project_type=lot.project_type,
        generated_from=lot.generated_from,
        operation_date=lot.operation_date,
        registered_on=lot.registered_on,
        owner_is_capped=lot.owner_code in capped,
    )
