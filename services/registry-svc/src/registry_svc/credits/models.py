"""Read model of what issuance-svc issued: how much of each project, and when last."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base


class ProjectCredits(Base):
    """The issuances of one project so far; evidence is locked from the last one on (R11)."""

    __tablename__ = "project_credits"
    __table_args__ = (CheckConstraint("issued_t >= 1 AND batches >= 1", "something_issued"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    issued_t: Mapped[int] = mapped_column(BigInteger)
    batches: Mapped[int]
    last_issued_on: Mapped[date]
