"""Accounts and totals on the wire."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from trading_svc.overview.service import AccountView, Totals


class CreditsOut(BaseModel):
    """R28: available = issued in + bought - sold - retired - reserved - frozen, never below zero."""

    available_t: int
    reserved_t: int = Field(description="挂牌中 / standing in listings")
    frozen_t: int
    held_t: int = Field(description="可用 + 挂牌 + 冻结 / available, reserved and frozen")
    retired_t: int
    issued_in_t: int
    bought_t: int
    sold_t: int


class CashOut(BaseModel):
    balance_fen: int


class AccountOut(BaseModel):
    organisation_code: str
    name: str
    kinds: list[str]
    status: Literal["announced", "open", "suspended"]
    can_trade: bool
    opened_at: datetime
    credits: CreditsOut
    cash: CashOut

    @classmethod
    def of(cls, view: AccountView) -> Self:
        account, balance = view.account, view.balance
        return cls(
            organisation_code=account.organisation_code,
            name=account.name,
            kinds=account.kinds,
            status=account.status,
            can_trade=account.can_trade,
            opened_at=account.opened_at,
            credits=CreditsOut(
                available_t=balance.available_t,
                reserved_t=balance.reserved_t,
                frozen_t=balance.frozen_t,
                held_t=balance.available_t + balance.reserved_t + balance.frozen_t,
                retired_t=balance.retired_t,
                issued_in_t=balance.issued_in_t,
                bought_t=balance.bought_t,
                sold_t=balance.sold_t,
            ),
            cash=CashOut(balance_fen=balance.cash_fen),
        )


class InvariantsOut(BaseModel):
    """Computed from the ledgers at the moment of the answer."""

    serials_conserved: bool = Field(description="每个编号恰在一处 / every serial in one place")
    lineage_complete: bool
    retirements_match: bool
    listings_match: bool
    cash_balanced: bool
    debts_match: bool = Field(
        description="冻结不超过所欠，已补足数等于注销数；缓冲账户只能注销"
        " / frozen within what is owed, settled as cancelled, a buffer that only cancels"
    )
    compliance_match: bool


class TradingTotalsOut(BaseModel):
    issued_t: int
    held_t: int
    reserved_t: int
    frozen_t: int = Field(description="因逆转冻结 / kept for the debts of reversals")
    buffer_t: int = Field(description="缓冲账户余额 / standing in the buffer")
    retired_t: int
    cancelled_t: int = Field(description="缓冲单位已注销 / buffer units cancelled for reversals")
    retired_by_reason: dict[str, int]
    accounts: int
    orders: int
    traded_t: int
    traded_fen: int
    certificates: int
    invariants: InvariantsOut

    @classmethod
    def of(cls, totals: Totals) -> Self:
        return cls(**totals.figures, invariants=InvariantsOut(**totals.invariants))
