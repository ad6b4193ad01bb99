"""Accounts: who may hold, trade and retire. Opened by the events of registry-svc, never by hand."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.registry import OrganisationRegistered
from tht_kit.db import AsyncReadSession
from trading_svc.accounts import repository
from trading_svc.accounts.errors import AccountNotFound, AccountNotOpen, TradingNotAllowed
from trading_svc.accounts.models import Account, AccountStatus
from trading_svc.fields import ORGANISATION_CODE


async def copy_organisations(
    session: AsyncSession, organisations: Sequence[OrganisationRegistered], *, now: datetime
) -> None:
    """Open an account for each organisation, or bring its copy up to date."""
    newest = {found.organisation_code: found for found in sorted(organisations, key=_version)}
    rows = [
        {
            "organisation_code": found.organisation_code,
            "name": found.name,
            "kinds": list(found.kinds),
            "status": AccountStatus.OPEN if found.status == "active" else AccountStatus.SUSPENDED,
            "version": found.version,
            "opened_at": now,
        }
        for _, found in sorted(newest.items())
    ]
    await repository.copy_organisations(session, rows)


def _version(organisation: OrganisationRegistered) -> int:
    return organisation.version


async def announce(session: AsyncSession, codes: Collection[str], *, now: datetime) -> None:
    """Make sure that the accounts exist; credits may arrive before the organisation's event."""
    await repository.announce(session, codes, now=now)


async def get(session: AsyncSession | AsyncReadSession, code: str) -> Account:
    """Return the account; raises AccountNotFound."""
    account = await repository.find(session, code) if ORGANISATION_CODE.fullmatch(code) else None
    if account is None:
        raise AccountNotFound(organisation_code=code)
    return account


async def find(session: AsyncSession, code: str) -> Account | None:
    return await repository.find(session, code)


async def lock_all(session: AsyncSession, codes: Collection[str]) -> None:
    """Lock accounts whatever their status: what others decided reaches a suspended one too."""
    await repository.lock(session, codes)


async def lock_open(session: AsyncSession, code: str) -> Account:
    """Return the account, locked: whoever changes an account's held blocks holds this lock.

    Raises AccountNotFound, AccountNotOpen.
    """
    found = await repository.lock(session, [code])
    if not found:
        raise AccountNotFound(organisation_code=code)
    return _open(found[0])


async def lock_trader(session: AsyncSession, code: str) -> Account:
    """Return the account, locked, of an organisation that may trade (R32).

    Raises AccountNotFound, AccountNotOpen, TradingNotAllowed.
    """
    return _trader(await lock_open(session, code))


async def get_open(session: AsyncSession, code: str) -> Account:
    """Return the account that may act, without a lock; raises AccountNotFound, AccountNotOpen."""
    return _open(await get(session, code))


async def check_traders(session: AsyncSession, codes: Sequence[str]) -> None:
    """Check in one read that the organisations may trade (R32); the first that may not is named.

    Raises AccountNotFound, AccountNotOpen, TradingNotAllowed.
    """
    found = {
        account.organisation_code: account for account in await repository.read(session, codes)
    }
    for code in codes:
        if code not in found:
            raise AccountNotFound(organisation_code=code)
        _trader(_open(found[code]))


def _open(account: Account) -> Account:
    if account.status != AccountStatus.OPEN:
        raise AccountNotOpen(
            organisation_code=account.organisation_code, account_status=account.status
        )
    return account


def _trader(account: Account) -> Account:
    if not account.can_trade:
        raise TradingNotAllowed(
            organisation_code=account.organisation_code, kinds=", ".join(account.kinds)
        )
    return account
