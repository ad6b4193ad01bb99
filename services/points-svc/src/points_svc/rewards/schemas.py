"""Rewards on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from points_svc.rewards.models import Reward
from tht_kit.fields import Line

AMOUNT_MAX = 1_000_000_000


class RewardIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["公交乘车券 2 元"])
    kind: Literal["coupon"]
    points_tenths: int = Field(ge=1, le=AMOUNT_MAX, description="price in tenths: 200 = 20.0")
    face_fen: int = Field(ge=0, le=AMOUNT_MAX, description="面值（分） / face value in fen")
    stock: int = Field(ge=1, le=AMOUNT_MAX)
    per_citizen_max: int | None = Field(default=None, ge=1, le=AMOUNT_MAX)


class RewardOut(BaseModel):
    reward_id: UUID
    name: str
    kind: Literal["coupon"]
    points_tenths: int
    face_fen: int
    stock: int
    remaining: int = Field(description="剩余 / left now")
    per_citizen_max: int | None
    created_at: datetime

    @classmethod
    def of(cls, found: tuple[Reward, int]) -> Self:
        reward, remaining = found
        fields = {name: getattr(reward, name, None) for name in cls.model_fields}
        return cls.model_validate(fields | {"remaining": remaining})
