"""SQL of the cash sub-ledger."""

from collections.abc import Collection

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.cash.models import CashBalance, CashEntry, Deposit


async def insert_deposit(session: AsyncSession, deposit: Deposit) -> bool:
    """Insert the deposit; False if its bank reference is taken (also by a running transaction)."""
    statement = (
        insert(Deposit)
        .values(
            bank_reference=deposit.bank_reference,
            id=deposit.id,
            account_code=deposit.account_code,
            amount_fen=deposit.amount_fen,
            recorded_by=deposit.recorded_by,
            recorded_at=deposit.recorded_at,
        )
        .on_conflict_do_nothing(index_elements=[Deposit.bank_reference])
        .returning(Deposit.bank_reference)
    )
    return (await session.execute(statement)).first() is not None


async def get_deposit(session: AsyncSession, bank_reference: str) -> Deposit:
    return (
        await session.scalars(select(Deposit).where(Deposit.bank_reference == bank_reference))
    ).one()


async def lock_balances(session: AsyncSession, codes: Collection[str]) -> dict[str, int]:
    """Return the balances, locked in the order of the accounts' codes until the commit."""
    statement = (
        select(CashBalance.account_code, CashBalance.balance_fen)
        .where(CashBalance.account_code.in_(codes))
        .order_by(CashBalance.account_code)
        .with_for_update()
    )
    return {row.account_code: row.balance_fen for row in await session.execute(statement)}


async def find_balance(session: AsyncSession | AsyncReadSession, code: str) -> int | None:
    statement = select(CashBalance.balance_fen).where(CashBalance.account_code == code)
    return (await session.execute(statement)).scalar_one_or_none()


async def open_balances(session: AsyncSession, codes: Collection[str]) -> None:
    """Give the accounts a balance of nothing unless they have one."""
    rows = [{"account_code": code, "balance_fen": 0} for code in sorted(codes)]
    await session.execute(insert(CashBalance).on_conflict_do_nothing(), rows)


async def credit(session: AsyncSession, code: str, amount_fen: int) -> None:
    """Add to a balance, and open it if need be."""
    statement = insert(CashBalance).values(account_code=code, balance_fen=amount_fen)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[CashBalance.account_code],
            set_={"balance_fen": CashBalance.balance_fen + statement.excluded.balance_fen},
        )
    )


async def shift(session: AsyncSession, payer: str, payee: str, amount_fen: int) -> None:
    """Move an amount between two balances that the caller has locked."""
    change = case((CashBalance.account_code == payer, -amount_fen), else_=amount_fen)
    await session.execute(
        update(CashBalance)
        .where(CashBalance.account_code.in_((payer, payee)))
        .values(balance_fen=CashBalance.balance_fen + change)
        .execution_options(synchronize_session=False)
    )


async def write_entry(session: AsyncSession, entry: CashEntry) -> None:
    await session.execute(
        insert(CashEntry).values(
            id=entry.id,
            kind=entry.kind,
            cause_id=entry.cause_id,
            debit_account=entry.debit_account,
            credit_account=entry.credit_account,
            amount_fen=entry.amount_fen,
            at=entry.at,
        )
    )
