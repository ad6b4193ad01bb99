"""The sandbox clock: one row, the truth that every process follows."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base
from tht_kit.db import UtcDateTime

ONLY = 1


class SandboxClockRow(Base):
    __tablename__ = "sandbox_clock"
    __table_args__ = (CheckConstraint(f"id = {ONLY}", "only_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offset_s: Mapped[int] = mapped_column(BigInteger)
    moved_by: Mapped[str] = mapped_column(Text)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
