"""Tables of the organisations (单位)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Kind(StrEnum):
    """What an organisation may act as; one organisation may have several kinds."""

    OWNER = "owner"  # 项目业主
    CONTROLLED_ENTERPRISE = "controlled_enterprise"  # 重点排放单位
    VALIDATOR_VERIFIER = "validator_verifier"  # 审定与核查机构
    BUREAU = "bureau"  # 生态环境主管部门
    OPERATOR = "operator"  # 平台运营方
    MOBILITY_PARTNER = "mobility_partner"  # 出行数据方
    MERCHANT = "merchant"  # 商户


class OrganisationStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


KINDS = ", ".join(f"'{kind}'" for kind in Kind)
STATUSES = ", ".join(f"'{status}'" for status in OrganisationStatus)


class Organisation(Base):
    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(f"kinds <@ ARRAY[{KINDS}] AND cardinality(kinds) > 0", "known_kinds"),
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        Index("ix_organisations__kinds", "kinds", postgresql_using="gin"),
    )

    organisation_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def acts_as(self, *kinds: Kind) -> bool:
        """Say whether the organisation is active and has one of the kinds."""
        return self.status == OrganisationStatus.ACTIVE and not set(kinds).isdisjoint(self.kinds)
