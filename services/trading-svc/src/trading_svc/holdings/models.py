"""Tables of the holdings: what was issued (lots), where every serial stands now (blocks), how it
got there (lineage), and which projects are suspended.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT8RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import UtcDateTime
from trading_svc.base import Base
from trading_svc.holdings.rules import SerialText, Span


class BlockState(StrEnum):
    HELD = "held"
    RESERVED = "reserved"  # stands in a listing
    FROZEN = "frozen"  # kept for the debt of a reversal, and good for nothing else
    RETIRED = "retired"  # for ever
    CANCELLED = "cancelled"  # buffer units that covered a reversal, for ever


class Cause(StrEnum):
    """Why a span moved; `cause_id` names the issuance, listing, order, retirement or reversal."""

    ISSUED = "issued"
    LISTED = "listed"
    UNLISTED = "unlisted"
    SOLD = "sold"
    RETIRED = "retired"
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    CANCELLED = "cancelled"
    SPLIT = "split"  # a remainder that became a row of its own


STATES = ", ".join(f"'{state}'" for state in BlockState)
CAUSES = ", ".join(f"'{cause}'" for cause in Cause)

OWNER, BUFFER = "owner", "buffer"

# Draws the order in which spans came into accounts: first acquired, first used.
acquisitions = Sequence("acquisitions", metadata=Base.metadata, data_type=BigInteger)


class Lot(Base):
    """One vintage of one issuance, as issued: never changed. All blocks are parts of lots.

    `account` says whether it was issued to the project's owner or into the buffer.
    """

    __tablename__ = "lots"
    __table_args__ = (
        UniqueConstraint("issuance_id", "vintage", "account"),
        CheckConstraint(f"account IN ('{OWNER}', '{BUFFER}')", "known_account"),
        ExcludeConstraint(("serials", "&&"), name="ex_lots__serials"),
        Index("ix_lots__owner_code", "owner_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    issuance_id: Mapped[UUID]
    serials: Mapped[Range[int]] = mapped_column(INT8RANGE)
    project_id: Mapped[UUID]
    vintage: Mapped[int]
    account: Mapped[str] = mapped_column(Text)
    batch_no: Mapped[int]
    project_no: Mapped[int]
    project_name: Mapped[str] = mapped_column(Text)
    project_type: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[str] = mapped_column(Text)
    scope_code: Mapped[str] = mapped_column(Text)
    methodology_code: Mapped[str] = mapped_column(Text)
    district_code: Mapped[str] = mapped_column(Text)
    is_local: Mapped[bool]
    owner_code: Mapped[str] = mapped_column(Text)
    operation_date: Mapped[date]
    registered_on: Mapped[date]
    period_start: Mapped[date]
    period_end: Mapped[date]
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def serial_text(self, span: Span) -> str:
        """Return the printed form of a part of this lot."""
        return str(
            SerialText(
                unit_type=self.unit_type,
                scope_code=self.scope_code,
                project_no=self.project_no,
                vintage=self.vintage,
                batch_no=self.batch_no,
                span=span,
            )
        )

    @property
    def generated_from(self) -> date:
        """The first day on which units of this vintage were generated."""
        return max(self.period_start, date(self.vintage, 1, 1))


class Block(Base):
    """Where a span of serials stands now. The database refuses that two rows share a number."""

    __tablename__ = "blocks"
    __table_args__ = (
        ExcludeConstraint(("block", "&&"), name="ex_blocks__block"),
        CheckConstraint(f"state IN ({STATES})", "known_state"),
        CheckConstraint(
            "NOT isempty(block) AND lower_inc(block) AND NOT upper_inc(block)"
            " AND lower(block) >= 1 AND NOT upper_inf(block)",
            "whole_numbers",
        ),
        CheckConstraint("(state = 'reserved') = (listing_id IS NOT NULL)", "reserved_for"),
        CheckConstraint("(state = 'retired') = (retirement_id IS NOT NULL)", "retired_by"),
        CheckConstraint(
            "(state IN ('frozen', 'cancelled')) = (reversal_id IS NOT NULL)", "frozen_for"
        ),
        # First acquired, first used: all of an account, and one project and vintage of it.
        Index(
            "ix_blocks__held",
            "account_code",
            "acquired_seq",
            text("lower(block)"),
            postgresql_where=text("state = 'held'"),
        ),
        Index(
            "ix_blocks__held_instrument",
            "account_code",
            "project_id",
            "vintage",
            "acquired_seq",
            text("lower(block)"),
            postgresql_where=text("state = 'held'"),
        ),
        Index("ix_blocks__account", "account_code", text("lower(block)")),
        Index("ix_blocks__listing", "listing_id", postgresql_where=text("state = 'reserved'")),
        Index("ix_blocks__retirement", "retirement_id", postgresql_where=text("state = 'retired'")),
        Index(
            "ix_blocks__reversal", "reversal_id", postgresql_where=text("reversal_id IS NOT NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    block: Mapped[Range[int]] = mapped_column(INT8RANGE)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"))
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    project_id: Mapped[UUID]
    vintage: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    listing_id: Mapped[UUID | None]
    retirement_id: Mapped[UUID | None]
    reversal_id: Mapped[UUID | None]
    acquired_seq: Mapped[int] = mapped_column(BigInteger)
    acquired_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lineage(Base):
    """One movement of one span: only ever added to. From a block back to its issue by `parent`."""

    __tablename__ = "lineage"
    __table_args__ = (
        CheckConstraint(f"cause IN ({CAUSES})", "known_cause"),
        Index("ix_lineage__child_block_id", "child_block_id"),
        Index("ix_lineage__cause_id", "cause_id"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    block: Mapped[Range[int]] = mapped_column(INT8RANGE)
    parent_block_id: Mapped[UUID | None]
    child_block_id: Mapped[UUID]
    cause: Mapped[str] = mapped_column(Text)
    cause_id: Mapped[UUID]
    from_account: Mapped[str | None] = mapped_column(Text)
    to_account: Mapped[str] = mapped_column(Text)
    from_state: Mapped[str | None] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProjectState(Base):
    """The newest status of a project that registry-svc has told of; no row is in good order."""

    __tablename__ = "project_states"

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
