"""Settling the debt of a reversal: the liable owner cancels units for it (R20)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.trading import RetirementReason
from tht_kit.errors import FieldProblem, Text
from trading_svc.accounts import service as accounts
from trading_svc.certificates.service import Issuer
from trading_svc.debts import service as debts
from trading_svc.debts.errors import ForceRefused, UnitTypeDiffers
from trading_svc.debts.models import Debt
from trading_svc.holdings import freeze
from trading_svc.holdings import service as holdings
from trading_svc.holdings.errors import SerialsUnavailable
from trading_svc.holdings.models import BlockState
from trading_svc.holdings.rules import Span
from trading_svc.holdings.service import Choice
from trading_svc.retirements import service
from trading_svc.retirements.service import Purpose, Retired

REASON: RetirementReason = "REVERSAL_REPLACEMENT"
FALSIFICATION = "falsification"


async def settle(
    session: AsyncSession,
    issuer: Issuer,
    *,
    account_code: str,
    reversal_id: UUID,
    quantity_t: int,
    serials: Sequence[Span],
    note: str | None,
    retired_by: str,
    now: datetime,
) -> Retired:
    """Cancel units for the debt; what is frozen for it goes first, then what is held.

    Any units of the type settle it, the project's own or bought ones. What stays frozen is never
    more than what stays owed. Raises AccountNotFound, AccountNotOpen, DebtNotFound, DebtSmaller,
    UnitTypeDiffers, CreditsInsufficient, SerialsMalformed, SerialUnknown, SerialsUnavailable,
    TooManyBlocks.
    """
    holder = await accounts.lock_open(session, account_code)
    debt = await debts.lock_owed(session, reversal_id, owner_code=account_code)
    debts.settle(debt, quantity_t, now=now)
    if serials:
        choices = await holdings.choose_named(session, serials, quantity_t=quantity_t)
        _refuse_unusable(choices, account_code, debt)
    else:
        choices = await _choose(session, account_code, debt, quantity_t)
    others = {choice.lot.unit_type for choice in choices} - {debt.unit_type}
    if others:
        raise UnitTypeDiffers(
            pointer="/serials", unit_type=debt.unit_type, given=", ".join(sorted(others))
        )
    retired = await service.retire(
        session,
        issuer,
        holder=holder,
        choices=choices,
        purpose=Purpose(
            reason=REASON, beneficiary=service.party_of(holder), reversal_id=reversal_id, note=note
        ),
        retired_by=retired_by,
        now=now,
    )
    await freeze.release_above(
        session, account_code, reversal_id=reversal_id, owed_t=debt.owed_t, now=now
    )
    return retired


async def force(
    session: AsyncSession,
    issuer: Issuer,
    *,
    reversal_id: UUID,
    officer_code: str,
    retired_by: str,
    now: datetime,
) -> Retired:
    """Cancel what is frozen for a debt of falsification, whether its owner will or not (R10).

    What the holdings are short of stays owed; so does what is beyond the blocks of one movement,
    frozen until the next call. Raises ForceRefused, AccountNotFound, AccountNotOpen.
    """
    officer = await accounts.get_open(session, officer_code)
    known = await debts.find(session, reversal_id)
    if "bureau" not in officer.kinds or known is None or known.kind != FALSIFICATION:
        raise _refused(
            "该逆转不是弄虚作假，或办理单位不是主管部门", "no falsification, or no bureau"
        )
    await accounts.lock_all(session, [known.owner_code])
    debt = await debts.lock(session, reversal_id)
    assert debt is not None, "debts are never deleted"
    choices = (await freeze.frozen_for(session, reversal_id))[: holdings.BLOCKS_MAX]
    if not choices:
        raise _refused("没有为其冻结的单位", "nothing is frozen for it")
    debts.settle(debt, holdings.total_t(choices), now=now)
    holder = await accounts.get(session, debt.owner_code)
    return await service.retire(
        session,
        issuer,
        holder=holder,
        choices=choices,
        purpose=Purpose(
            reason=REASON, beneficiary=service.party_of(holder), reversal_id=reversal_id
        ),
        retired_by=retired_by,
        now=now,
    )


def _refused(zh: str, en: str) -> ForceRefused:
    return ForceRefused(pointer="/reversal_id", reason=Text(zh=f"{zh}。", en=f"{en}."))


async def _choose(
    session: AsyncSession, account_code: str, debt: Debt, quantity_t: int
) -> list[Choice]:
    choices: list[Choice] = []
    missing_t = quantity_t
    for kept in await freeze.frozen_for(session, debt.reversal_id):
        if missing_t == 0:
            break
        taken_t = min(missing_t, kept.span.quantity_t)
        choices.append(Choice(kept.block, Span(kept.span.first, kept.span.first + taken_t - 1)))
        missing_t -= taken_t
    if missing_t > 0:
        choices += await holdings.choose(
            session, account_code, quantity_t=missing_t, unit_type=debt.unit_type
        )
    holdings.must_be_few(choices, quantity_t)
    return choices


def _refuse_unusable(choices: Sequence[Choice], account_code: str, debt: Debt) -> None:
    """Raise SerialsUnavailable unless each span is held and free, or frozen for this very debt."""
    problems = [
        FieldProblem(f"serial:{choice.serial_text},reason:{code}", words)
        for choice in choices
        if not (
            choice.block.state == BlockState.FROZEN and choice.block.reversal_id == debt.reversal_id
        )
        for code, words in holdings.state_refusals(choice, account_code)
    ]
    if problems:
        raise SerialsUnavailable(count=len(problems), errors=problems)
