"""Tables of the citizens: pseudonyms only, no name, no document number, no phone.

`identities` and `subjects` are looked up by a value of their own and are distributed by it; all
others lie with the citizen.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Purpose(StrEnum):
    """What a citizen lets the platform do with the trips of a scenario."""

    CREDIT = "credit"  # 核算减排量与积分
    AGGREGATION = "aggregation"  # 汇总申请签发


class Citizen(Base):
    __tablename__ = "citizens"

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Identity(Base):
    """One natural person, one account: the keyed hash of the document hash that the app sent."""

    __tablename__ = "identities"
    __table_args__ = (CheckConstraint("octet_length(identity_hmac) = 32", "hmac_sha256"),)

    identity_hmac: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    citizen_id: Mapped[UUID]


class CitizenPartner(Base):
    """The one random token by which a partner knows the citizen: two partners cannot match theirs."""

    __tablename__ = "citizen_partners"

    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizens.citizen_id"), primary_key=True)
    partner_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    subject_token: Mapped[str] = mapped_column(TextKey)


class Subject(Base):
    """The way back from a partner's token to the citizen.

    `is_own_app`: the citizen opened the account through this partner, who acts for the citizen.
    """

    __tablename__ = "subjects"

    subject_token: Mapped[str] = mapped_column(TextKey, primary_key=True)
    partner_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    citizen_id: Mapped[UUID]
    is_own_app: Mapped[bool]


class Consent(Base):
    """Leave for one scenario and one purpose; in force from `granted_at` until withdrawn or over."""

    __tablename__ = "consents"
    __table_args__ = (CheckConstraint("purpose IN ('credit', 'aggregation')", "known_purpose"),)

    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizens.citizen_id"), primary_key=True)
    scenario_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[date | None]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
