"""Cash: prefunded by confirmed deposits, moved only against delivery."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from tht_kit.ids import new_id
from trading_svc.accounts import service as accounts
from trading_svc.cash import repository
from trading_svc.cash.errors import AmountTooLarge, CashInsufficient, DepositConflict
from trading_svc.cash.models import BANK, CashEntry, Deposit, EntryKind

# A thousand billion yuan: far above any trade, far below what a bigint balance can hold.
AMOUNT_FEN_MAX = 10**14
# Ten billion yuan: one credential alone confirms a deposit, so a slip of it must stay small.
DEPOSIT_FEN_MAX = 10**12


async def record_deposit(
    session: AsyncSession,
    *,
    account_code: str,
    amount_fen: int,
    bank_reference: str,
    recorded_by: str,
    now: datetime,
) -> tuple[Deposit, bool]:
    """Credit money that the bank confirmed. The same reference again is the same deposit.

    Returns the deposit and whether it is new. Raises AccountNotFound, AmountTooLarge,
    DepositConflict.
    """
    if amount_fen > DEPOSIT_FEN_MAX:
        raise AmountTooLarge(
            pointer="/amount_fen", amount_fen=amount_fen, limit_fen=DEPOSIT_FEN_MAX
        )
    await accounts.get(session, account_code)
    deposit = Deposit(
        bank_reference=bank_reference,
        id=new_id(),
        account_code=account_code,
        amount_fen=amount_fen,
        recorded_by=recorded_by,
        recorded_at=now,
    )
    if not await repository.insert_deposit(session, deposit):
        return await _same(session, deposit), False
    await repository.credit(session, account_code, amount_fen)
    await repository.write_entry(
        session,
        CashEntry(
            id=new_id(),
            kind=EntryKind.DEPOSIT,
            cause_id=deposit.id,
            debit_account=BANK,
            credit_account=account_code,
            amount_fen=amount_fen,
            at=now,
        ),
    )
    return deposit, True


async def _same(session: AsyncSession, deposit: Deposit) -> Deposit:
    stands = await repository.get_deposit(session, deposit.bank_reference)
    if (stands.account_code, stands.amount_fen) != (deposit.account_code, deposit.amount_fen):
        raise DepositConflict(
            pointer="/bank_reference",
            bank_reference=stands.bank_reference,
            organisation_code=stands.account_code,
            amount_fen=stands.amount_fen,
        )
    return stands


async def pay(
    session: AsyncSession,
    *,
    payer_code: str,
    payee_code: str,
    amount_fen: int,
    order_id: UUID,
    now: datetime,
) -> None:
    """Move the price of an order from buyer to seller.

    Raises CashInsufficient (R31), AmountTooLarge.
    """
    if amount_fen > AMOUNT_FEN_MAX:
        raise AmountTooLarge(amount_fen=amount_fen, limit_fen=AMOUNT_FEN_MAX)
    balances = await repository.lock_balances(session, (payer_code, payee_code))
    if balances.get(payer_code, 0) < amount_fen:
        raise CashInsufficient(
            organisation_code=payer_code,
            amount_fen=amount_fen,
            balance_fen=balances.get(payer_code, 0),
        )
    if payee_code not in balances:
        await repository.open_balances(session, [payee_code])
    await repository.shift(session, payer_code, payee_code, amount_fen)
    await repository.write_entry(
        session,
        CashEntry(
            id=new_id(),
            kind=EntryKind.PURCHASE,
            cause_id=order_id,
            debit_account=payer_code,
            credit_account=payee_code,
            amount_fen=amount_fen,
            at=now,
        ),
    )


async def balance_fen(session: AsyncSession | AsyncReadSession, account_code: str) -> int:
    return await repository.find_balance(session, account_code) or 0
