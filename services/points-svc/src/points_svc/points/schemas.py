"""A citizen's balances on the wire."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from points_svc.points.service import Statement


class ExpiringOut(BaseModel):
    expires_on: date
    points_tenths: int


class BalanceOut(BaseModel):
    """Points in tenths (209 = 20.9), reductions in grams of CO2."""

    subject: str
    points_tenths_available: int = Field(description="可用 / can be spent now")
    points_tenths_pending: int = Field(description="待生效 / earned, not available yet")
    points_tenths_expired: int = Field(description="已到期 / past their last day")
    points_tenths_owed: int = Field(
        description="待抵扣 / spent points whose earning was reversed; later earns pay them"
    )
    points_tenths_earned: int
    points_tenths_redeemed: int
    grams_credited: int
    trips_accepted: int
    expiring: list[ExpiringOut]

    @classmethod
    def of(cls, subject: str, statement: Statement) -> Self:
        account = statement.account
        return cls(
            subject=subject,
            points_tenths_available=statement.available_tenths,
            points_tenths_pending=statement.pending_tenths,
            points_tenths_expired=statement.expired_tenths,
            points_tenths_owed=account.receivable_tenths,
            points_tenths_earned=account.earned_tenths,
            points_tenths_redeemed=account.redeemed_tenths,
            grams_credited=account.credited_g,
            trips_accepted=account.trips_accepted,
            expiring=[
                ExpiringOut(expires_on=expires_on, points_tenths=tenths)
                for expires_on, tenths in statement.expiring
            ],
        )
