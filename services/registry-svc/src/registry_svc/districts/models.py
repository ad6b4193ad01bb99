"""Table of the districts (区县): county-level codes and the days they are in force."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class District(Base):
    __tablename__ = "districts"
    __table_args__ = (
        CheckConstraint("district_code ~ '^[0-9]{6}$'", "six_digits"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", "days_in_order"),
    )

    district_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    successor_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def is_in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
