"""The public figures on the wire."""

from pydantic import BaseModel, Field


class PointsTotalsOut(BaseModel):
    citizens: int | None = Field(description="null below ten people / 少于十人不公布")
    trips_accepted: int
    grams_credited: int
    points_issued_tenths: int
    points_redeemed_tenths: int
    points_expired_tenths: int
    ledger_balanced: bool = Field(
        description="余额、分录与批次三方独立合计相符 / balances, entries and lots agree"
    )
