"""Tables of the buffer (R20): what was issued into it, and what reversals took out of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import INT8RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Deposit(Base):
    """One vintage of one issuance's buffer units; `cancelled_t` of them, from the head, are gone."""

    __tablename__ = "buffer_deposits"
    __table_args__ = (
        CheckConstraint("upper(block) - lower(block) = quantity_t", "quantity_is_length"),
        CheckConstraint("cancelled_t BETWEEN 0 AND quantity_t", "never_more_than_there_is"),
        ExcludeConstraint(("block", "&&"), name="ex_buffer_deposits__block", using="gist"),
        Index("ix_buffer_deposits__project", "project_id", "vintage"),
    )

    issuance_id: Mapped[UUID] = mapped_column(primary_key=True)
    vintage: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(TextKey)
    block: Mapped[Range[int]] = mapped_column(INT8RANGE)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    cancelled_t: Mapped[int] = mapped_column(BigInteger)
    deposited_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def next_serial(self) -> int:
        """The first number that is still there."""
        assert self.block.lower is not None, "a block has both ends"
        return self.block.lower + self.cancelled_t


class Cancellation(Base):
    """Buffer units that covered a reversal: exact serials, only ever added to."""

    __tablename__ = "buffer_cancellations"
    __table_args__ = (
        CheckConstraint("upper(block) - lower(block) = quantity_t", "quantity_is_length"),
        ExcludeConstraint(("block", "&&"), name="ex_buffer_cancellations__block", using="gist"),
    )

    reversal_id: Mapped[UUID] = mapped_column(ForeignKey("reversals.reversal_id"), primary_key=True)
    issuance_id: Mapped[UUID] = mapped_column(primary_key=True)
    vintage: Mapped[int] = mapped_column(primary_key=True)
    block: Mapped[Range[int]] = mapped_column(INT8RANGE)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    cancelled_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def start(self) -> int:
        assert self.block.lower is not None, "a block has both ends"
        return self.block.lower

    @property
    def end(self) -> int:
        return self.start + self.quantity_t - 1
