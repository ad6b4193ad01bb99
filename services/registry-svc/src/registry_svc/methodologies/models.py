"""Table of the methodologies (方法学): one row per published version."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class ProjectType(StrEnum):
    DISTRIBUTED_PV = "distributed_pv"  # 分布式光伏
    AFFORESTATION = "afforestation"  # 造林碳汇
    CITIZEN_TRAVEL = "citizen_travel"  # 市民绿色出行


PROJECT_TYPES = ", ".join(f"'{known}'" for known in ProjectType)


class Methodology(Base):
    __tablename__ = "methodologies"
    __table_args__ = (
        CheckConstraint(f"project_type IN ({PROJECT_TYPES})", "known_project_type"),
        CheckConstraint(
            "crediting_years_min BETWEEN 1 AND crediting_years_max", "crediting_years_in_order"
        ),
    )

    methodology_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    project_type: Mapped[str] = mapped_column(Text)
    scope_code: Mapped[str] = mapped_column(Text)
    crediting_years_min: Mapped[int]
    crediting_years_max: Mapped[int]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def is_in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
