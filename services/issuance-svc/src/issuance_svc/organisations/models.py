"""Read model of registry-svc's organisations: who may act as what."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey

ACTIVE = "active"


class Kind(StrEnum):
    """The kinds of organisation that a step of this service asks for."""

    VALIDATOR_VERIFIER = "validator_verifier"
    BUREAU = "bureau"


class Organisation(Base):
    """An organisation as its newest event told; `version` orders the events."""

    __tablename__ = "organisations"

    organisation_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    banned_until: Mapped[date | None]
    # What a verification body can show, as registry-svc tells it; None where it tells nothing.
    competence: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    def acts_as(self, kind: Kind) -> bool:
        """Say whether the organisation is active and of the kind."""
        return self.status == ACTIVE and kind in self.kinds
