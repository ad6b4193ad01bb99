"""Reviews on the wire."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from issuance_svc.reviews.models import Review, ReviewStatus
from issuance_svc.reviews.service import Decision
from tht_kit.fields import Prose


class ReviewDecisionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Decision
    comment: Prose = Field(description="理由，接受也须说明 / the reason, for an acceptance too")


class ReviewOut(BaseModel):
    review_id: UUID
    subject_type: str = Field(examples=["report"])
    subject_id: str
    project_id: str
    code: str = Field(examples=["capacity-factor-high"])
    text_zh: str
    text_en: str
    details: dict[str, Any] = Field(description="数值与界限 / the value and the bound it exceeds")
    opened_at: datetime
    status: ReviewStatus
    decided_by: str | None
    officer_code: str | None
    decided_at: datetime | None
    comment: str | None

    @classmethod
    def of(cls, review: Review) -> Self:
        return cls.model_validate(review, from_attributes=True)
