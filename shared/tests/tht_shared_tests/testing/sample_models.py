"""The tables of a small service, as its models see them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tht_kit.db import NAMING, TextKey, UtcDateTime


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("balance_fen >= 0", name="never_below_zero"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(TextKey, unique=True)
    balance_fen: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


metadata = Base.metadata
