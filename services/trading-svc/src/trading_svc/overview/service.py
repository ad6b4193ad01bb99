"""Overviews: what an account has, and the platform's totals with the invariants behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tht_kit.db import AsyncReadSession
from trading_svc.accounts import service as accounts
from trading_svc.accounts.models import Account
from trading_svc.debts import service as debts
from trading_svc.debts.models import Debt
from trading_svc.holdings import service as holdings
from trading_svc.holdings.repository import HeldBlock
from trading_svc.overview import repository
from trading_svc.overview.repository import Balance

INVARIANTS = (
    "serials_conserved",
    "lineage_complete",
    "retirements_match",
    "listings_match",
    "cash_balanced",
    "debts_match",
    "compliance_match",
)


@dataclass(frozen=True, slots=True)
class AccountView:
    account: Account
    balance: Balance


async def get_account(session: AsyncReadSession, code: str) -> AccountView:
    """Return an account with its balances; raises AccountNotFound."""
    account = await accounts.get(session, code)
    return AccountView(account, await repository.balance(session, code))


async def flags_of(
    session: AsyncReadSession, blocks: Sequence[HeldBlock]
) -> dict[UUID, list[Debt]]:
    """Return the reversals that concern the blocks, by issuance."""
    return await debts.flags_of(session, {block.lot.issuance_id for block in blocks})


async def list_holdings(
    session: AsyncReadSession, code: str, *, after_first: int | None, limit: int
) -> list[HeldBlock]:
    """Return an account's blocks in the order of their numbers; raises AccountNotFound."""
    await accounts.get(session, code)
    return await holdings.list_of_account(session, code, after_first=after_first, limit=limit)


@dataclass(frozen=True, slots=True)
class Totals:
    figures: dict[str, Any]
    invariants: dict[str, bool]


async def get_totals(session: AsyncReadSession) -> Totals:
    """Return the platform's figures and whether the ledgers agree, at one moment."""
    found = await repository.totals(session)
    invariants = {name: bool(found.pop(name)) for name in INVARIANTS}
    return Totals(found, invariants)
