"""Redemptions on the wire."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from points_svc.citizens.schemas import SubjectToken
from points_svc.redemptions.models import Redemption

QUANTITY_MAX = 100


class RedemptionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: SubjectToken
    reward_id: UUID
    quantity: int = Field(default=1, ge=1, le=QUANTITY_MAX)


class RedemptionOut(BaseModel):
    redemption_id: UUID
    reward_id: UUID
    quantity: int
    points_tenths: int
    codes: list[str] | None = Field(
        description="仅兑换它的应用可见 / null unless it was this app that redeemed them"
    )
    redeemed_at: datetime

    @classmethod
    def of(cls, redemption: Redemption, reader: str) -> Self:
        """Show the redemption to a partner. A coupon code is as good as money: see `codes`."""
        fields = {name: getattr(redemption, name) for name in cls.model_fields}
        if redemption.partner_id != reader:
            fields["codes"] = None
        return cls.model_validate(fields)
