"""Table of the beneficiaries (受益方) that are no registered organisations."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class BeneficiaryKind(StrEnum):
    PERSON = "person"  # 个人
    ORGANISATION = "organisation"  # 未在平台登记的单位
    EVENT = "event"  # 活动


class BeneficiaryStatus(StrEnum):
    PROPOSED = "proposed"
    REVIEWED = "reviewed"
    REFUSED = "refused"


KINDS = ", ".join(f"'{kind}'" for kind in BeneficiaryKind)
STATUSES = ", ".join(f"'{status}'" for status in BeneficiaryStatus)
LIVE = "status <> 'refused'"


class Beneficiary(Base):
    __tablename__ = "beneficiaries"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", "known_kind"),
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint(
            "kind <> 'person' OR identifier IS NULL", "persons_have_no_identifier_in_clear"
        ),
        CheckConstraint(
            "(identifier_kind IS NULL) = (identifier_digest IS NULL)", "identified_as_a_whole"
        ),
        CheckConstraint(
            "(status = 'proposed') = (reviewed_at IS NULL)"
            " AND (reviewed_at IS NULL) = (reviewed_by IS NULL)",
            "reviewed_as_a_whole",
        ),
        # One record for one identifier; without one, for one name in one place.
        Index(
            "uq_beneficiaries__identifier",
            "kind",
            "country",
            "identifier_kind",
            "identifier_digest",
            unique=True,
            postgresql_where=text(f"{LIVE} AND identifier_digest IS NOT NULL"),
        ),
        Index(
            "uq_beneficiaries__name",
            "kind",
            "country",
            "normalised_name",
            text("coalesce(district_code, '')"),
            unique=True,
            postgresql_where=text(f"{LIVE} AND identifier_digest IS NULL"),
        ),
        Index("ix_beneficiaries__normalised_name", "normalised_name"),
        Index("ix_beneficiaries__status", "status", "beneficiary_id"),
    )

    beneficiary_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    normalised_name: Mapped[str] = mapped_column(TextKey)
    # Whether the name may be printed and published; a person's is masked otherwise.
    is_name_public: Mapped[bool]
    country: Mapped[str] = mapped_column(Text)
    district_code: Mapped[str | None] = mapped_column(Text)
    identifier_kind: Mapped[str | None] = mapped_column(Text)
    # In clear for organisations and events; a person's is kept as a keyed hash alone.
    identifier: Mapped[str | None] = mapped_column(Text)
    identifier_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(Text)
    proposer_code: Mapped[str] = mapped_column(TextKey)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewed_by: Mapped[str | None] = mapped_column(Text)
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
