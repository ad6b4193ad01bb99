"""Retirement: final and exclusive. One serial serves one purpose, once (decision 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.trading import CreditsRetired, RetirementReason
from tht_kit.db import AsyncReadSession
from tht_kit.ids import new_id
from tht_kit.outbox import emit
from trading_svc.accounts import service as accounts
from trading_svc.accounts.models import Account
from trading_svc.certificates import service as certificates
from trading_svc.certificates.documents import Party, RetirementPart, Statement
from trading_svc.certificates.models import Certificate
from trading_svc.holdings import service as holdings
from trading_svc.holdings.rules import Span
from trading_svc.retirements import repository
from trading_svc.retirements.errors import BeneficiaryUnknown, RetirementNotFound
from trading_svc.retirements.models import Retirement

AnySession = AsyncSession | AsyncReadSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What the units are retired for."""

    reason: RetirementReason
    beneficiary: Party
    compliance_year: int | None = None
    claim_id: UUID | None = None
    reversal_id: UUID | None = None
    note: str | None = None
    statement: Statement | None = None


@dataclass(frozen=True, slots=True)
class Retired:
    """A retirement, its certificate and the spans that it took out of circulation."""

    retirement: Retirement
    certificate: Certificate
    spans: list[tuple[Span, str]]


async def retire(
    session: AsyncSession,
    issuer: certificates.Issuer,
    *,
    holder: Account,
    choices: Sequence[holdings.Choice],
    purpose: Purpose,
    retired_by: str,
    now: datetime,
) -> Retired:
    """Retire chosen units for a purpose and certify it, in the caller's transaction.

    The caller holds the account's lock and has chosen units that it may use.
    """
    retirement = Retirement(
        id=new_id(),
        certificate_id=await certificates.new_certificate_id(session, now),
        account_code=holder.organisation_code,
        beneficiary_code=purpose.beneficiary.code,
        reason=purpose.reason,
        compliance_year=purpose.compliance_year,
        claim_id=purpose.claim_id,
        reversal_id=purpose.reversal_id,
        note=purpose.note,
        quantity_t=holdings.total_t(choices),
        retired_by=retired_by,
        retired_at=now,
    )
    await repository.write(session, retirement)
    await holdings.retire(
        session,
        choices,
        account_code=holder.organisation_code,
        retirement_id=retirement.id,
        now=now,
    )
    certificate = await certificates.issue(
        session,
        issuer,
        certificate_id=retirement.certificate_id,
        holder=party_of(holder),
        beneficiary=purpose.beneficiary,
        retirement=_certified(retirement, party_of(holder)),
        choices=choices,
        statement=purpose.statement,
    )
    runs = holdings.runs(choices)
    await emit(session, _retired(retirement, runs), now=now)
    return Retired(retirement, certificate, [(run.span, run.serial_text) for run in runs])


def party_of(account: Account) -> Party:
    return Party(code=account.organisation_code, name=account.name)


def _certified(retirement: Retirement, holder: Party) -> RetirementPart:
    is_compliance = retirement.compliance_year is not None
    return RetirementPart.model_validate(
        {
            "retirement_id": str(retirement.id),
            "reason": retirement.reason,
            "compliance_year": retirement.compliance_year,
            "obligated_entity": holder if is_compliance else None,
            "claim_id": None if retirement.claim_id is None else str(retirement.claim_id),
            "note": retirement.note,
            "retired_at": retirement.retired_at,
        }
    )


def _retired(retirement: Retirement, runs: Sequence[holdings.Run]) -> CreditsRetired:
    return CreditsRetired.model_validate(
        {
            "retirement_id": str(retirement.id),
            "certificate_id": retirement.certificate_id,
            "account_code": retirement.account_code,
            "beneficiary_code": retirement.beneficiary_code,
            "reason": retirement.reason,
            "compliance_year": retirement.compliance_year,
            "claim_id": None if retirement.claim_id is None else str(retirement.claim_id),
            "quantity_t": retirement.quantity_t,
            "blocks": [run.part for run in runs],
            "retired_at": retirement.retired_at,
            "reversal_id": (
                None if retirement.reversal_id is None else str(retirement.reversal_id)
            ),
        }
    )


async def retire_own(
    session: AsyncSession,
    issuer: certificates.Issuer,
    *,
    account_code: str,
    reason: RetirementReason,
    quantity_t: int,
    beneficiary_code: str,
    project_id: UUID | None,
    vintage: int | None,
    serials: Sequence[Span],
    note: str | None,
    retired_by: str,
    now: datetime,
) -> Retired:
    """Retire own units for a purpose without rules of its own.

    Raises AccountNotFound, AccountNotOpen, BeneficiaryUnknown, CreditsInsufficient,
    SerialsMalformed, SerialUnknown, SerialsUnavailable, TooManyBlocks.
    """
    holder = await accounts.lock_open(session, account_code)
    beneficiary = await get_beneficiary(session, beneficiary_code)
    if serials:
        choices = await holdings.choose_named(session, serials, quantity_t=quantity_t)
        holdings.refuse_unusable(choices, account_code)
    else:
        choices = await holdings.choose(
            session, account_code, quantity_t=quantity_t, project_id=project_id, vintage=vintage
        )
    purpose = Purpose(reason=reason, beneficiary=beneficiary, note=note)
    return await retire(
        session,
        issuer,
        holder=holder,
        choices=choices,
        purpose=purpose,
        retired_by=retired_by,
        now=now,
    )


async def get_beneficiary(
    session: AsyncSession, code: str, *, pointer: str = "/beneficiary_code"
) -> Party:
    """Return a registered organisation by its code, never by free text; raises BeneficiaryUnknown."""
    account = await accounts.find(session, code)
    if account is None or account.version == 0:
        raise BeneficiaryUnknown(pointer=pointer, organisation_code=code)
    return party_of(account)


async def get(session: AnySession, retirement_id: UUID) -> Retirement:
    """Return the retirement; raises RetirementNotFound."""
    retirement = await repository.find(session, retirement_id)
    if retirement is None:
        raise RetirementNotFound(retirement_id=retirement_id)
    return retirement


async def spans_of(session: AnySession, retirement_id: UUID) -> list[tuple[Span, str]]:
    """Return the retired spans and their printed form."""
    blocks = await holdings.list_of_retirement(session, retirement_id)
    return [(run.span, run.serial_text) for run in holdings.runs(blocks)]


async def list_newest(
    session: AnySession,
    *,
    account_code: str | None,
    reason: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Retirement]:
    return await repository.list_newest(
        session, account_code=account_code, reason=reason, before=before, limit=limit
    )
