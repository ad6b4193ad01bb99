"""Tables of the cash sub-ledger: double entry by construction, in whole fen.

An entry names the account it debits, the account it credits and one positive amount, so the ledger
cannot fail to sum to zero. The platform owes its clients what they paid in: a client's balance is
what was credited to it less what was debited. `bank` is the counter-account; it is summed, never
stored as a row that every deposit would have to lock.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import TextKey, UtcDateTime
from trading_svc.base import Base

BANK = "bank"


class EntryKind(StrEnum):
    DEPOSIT = "deposit"
    PURCHASE = "purchase"


KINDS = ", ".join(f"'{kind}'" for kind in EntryKind)


class CashEntry(Base):
    """One movement of money: only ever added to."""

    __tablename__ = "cash_entries"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", "positive_amount"),
        CheckConstraint("debit_account <> credit_account", "two_accounts"),
        CheckConstraint(f"kind IN ({KINDS})", "known_kind"),
        Index("ix_cash_entries__cause_id", "cause_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    cause_id: Mapped[UUID]  # the deposit or the order
    debit_account: Mapped[str] = mapped_column(Text)
    credit_account: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CashBalance(Base):
    """What an account has, changed in the transaction of its entries. No row means nothing yet."""

    __tablename__ = "cash_balances"
    __table_args__ = (CheckConstraint("balance_fen >= 0", "never_below_zero"),)

    account_code: Mapped[str] = mapped_column(
        TextKey, ForeignKey("accounts.organisation_code"), primary_key=True
    )
    balance_fen: Mapped[int] = mapped_column(BigInteger)


class Deposit(Base):
    """Money that the bank confirmed; its reference names it for ever."""

    __tablename__ = "deposits"
    __table_args__ = (CheckConstraint("amount_fen > 0", "positive_amount"),)

    bank_reference: Mapped[str] = mapped_column(TextKey, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
