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
    codes: list[str]
    redeemed_at: datetime

    @classmethod
    def of(cls, redemption: Redemption) -> Self:
        return cls.model_validate(redemption, from_attributes=True)
