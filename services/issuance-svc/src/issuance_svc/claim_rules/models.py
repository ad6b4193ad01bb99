"""Table of the claim rules: what may be claimed when, and within which times."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey


class ClaimRule(Base):
    """When reductions of a unit type may be claimed, and the time limits: data with a grade."""

    __tablename__ = "claim_rules"

    unit_type: Mapped[str] = mapped_column(TextKey, primary_key=True)
    vintage_after: Mapped[date]
    lookback_years: Mapped[int]
    notice_working_days: Mapped[int]
    decision_working_days: Mapped[int]
    retention_years: Mapped[int]
    grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    # What no text states, with a grade of its own.
    materiality_pct: Mapped[Decimal] = mapped_column(Numeric)
    verification_working_days: Mapped[int]
    verification_grade: Mapped[str] = mapped_column(Text)
