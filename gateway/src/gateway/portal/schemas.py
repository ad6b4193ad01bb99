"""The platform's totals on the wire: each service's own, side by side."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class TotalsOut(BaseModel):
    generated_at: datetime
    registry: dict[str, Any] | None = Field(description="见 / see /v1/totals/registry")
    issuance: dict[str, Any] | None = Field(description="见 / see /v1/totals/issuance")
    trading: dict[str, Any] | None = Field(description="见 / see /v1/totals/trading")
    points: dict[str, Any] | None = Field(description="见 / see /v1/totals/points")
