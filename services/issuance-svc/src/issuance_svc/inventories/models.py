"""Tables of tree inventories: the trees as they came, what each plot came to, what was odd."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey


class TreeMeasurement(Base):
    """One tree on one day; a bare plot's visit is a row of status `empty`."""

    __tablename__ = "tree_measurements"
    __table_args__ = (
        CheckConstraint("status IN ('live', 'dead', 'removed', 'empty')", "known_status"),
    )

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    plot_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    measured_on: Mapped[date] = mapped_column(primary_key=True)
    tree_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    row_no: Mapped[int]
    stratum: Mapped[str] = mapped_column(Text)
    species: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    dbh_cm: Mapped[Decimal | None] = mapped_column(Numeric)
    height_m: Mapped[Decimal | None] = mapped_column(Numeric)
    agb_kg: Mapped[Decimal | None] = mapped_column(Numeric)
    trees_per_ha: Mapped[Decimal] = mapped_column(Numeric)


class StandRow(Base):
    """The living trees of a plot on one day that are counted in the same way."""

    __tablename__ = "stands"
    __table_args__ = (
        CheckConstraint(
            "(basis = 'measured' AND agb_t_per_ha IS NOT NULL AND d73_per_ha IS NULL"
            " AND species IS NULL) OR (basis = 'allometry' AND agb_t_per_ha IS NULL"
            " AND d73_per_ha IS NOT NULL AND species IS NOT NULL)",
            "one_basis",
        ),
    )

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    plot_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    measured_on: Mapped[date] = mapped_column(primary_key=True)
    # The species, or nothing for trees with a measured biomass.
    group_key: Mapped[str] = mapped_column(TextKey, primary_key=True)
    stratum: Mapped[str] = mapped_column(Text)
    plot_area_m2: Mapped[Decimal] = mapped_column(Numeric)
    stratum_area_ha: Mapped[Decimal] = mapped_column(Numeric)
    basis: Mapped[str] = mapped_column(Text)
    species: Mapped[str | None] = mapped_column(Text)
    trees: Mapped[int]
    trees_per_ha: Mapped[Decimal] = mapped_column(Numeric)
    d73_per_ha: Mapped[Decimal | None] = mapped_column(Numeric)
    agb_t_per_ha: Mapped[Decimal | None] = mapped_column(Numeric)


class InventoryRemark(Base):
    """A row that is odd but no mistake: what it says and how it was counted."""

    __tablename__ = "inventory_remarks"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    remark_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_no: Mapped[int]
    code: Mapped[str] = mapped_column(Text)
    plot_no: Mapped[str] = mapped_column(Text)
    tree_no: Mapped[str] = mapped_column(Text)
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
