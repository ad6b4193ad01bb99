"""Buffer, reversals, origins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())
KINDS = "'fire', 'felling', 'disaster', 'monitored_loss', 'error', 'falsification'"


def upgrade() -> None:
    _add_origins()
    _extend_issuances()
    _add_reversals()
    _add_backings()
    _add_buffer()


def _add_origins() -> None:
    op.create_table(
        "origin_series",
        sa.Column("series_no", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("series", KEY, nullable=False),
        sa.PrimaryKeyConstraint("series_no", name=op.f("pk_origin_series")),
        sa.UniqueConstraint("series", name=op.f("uq_origin_series__series")),
    )
    op.create_table(
        "external_origins",
        sa.Column("origin_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("registry_name", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("series_no", sa.Integer(), nullable=False),
        sa.Column("place", postgresql.NUMRANGE(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("cancellation_reference", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("place"), "&&"),
            where=sa.text("status <> 'REJECTED'"),
            using="gist",
            name="ex_external_origins__place",
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ISSUED', 'REJECTED')",
            name=op.f("ck_external_origins__known_status"),
        ),
        sa.CheckConstraint("quantity_t >= 1", name=op.f("ck_external_origins__positive_quantity")),
        sa.CheckConstraint(
            "period_start <= period_end", name=op.f("ck_external_origins__period_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_external_origins__project_id")
        ),
        sa.ForeignKeyConstraint(
            ["series_no"], ["origin_series.series_no"], name=op.f("fk_external_origins__series_no")
        ),
        sa.PrimaryKeyConstraint("origin_id", name=op.f("pk_external_origins")),
    )
    op.create_index("ix_external_origins__project", "external_origins", ["project_id", "origin_id"])


def _extend_issuances() -> None:
    op.alter_column("issuances", "report_id", nullable=True)
    op.add_column("issuances", sa.Column("origin_id", sa.Uuid(), nullable=True))
    for name in ("buffer_t", "withheld_t"):
        op.add_column(
            "issuances", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
        op.alter_column("issuances", name, server_default=None)
    op.create_foreign_key(
        op.f("fk_issuances__origin_id"),
        "issuances",
        "external_origins",
        ["origin_id"],
        ["origin_id"],
    )
    op.create_unique_constraint(op.f("uq_issuances__origin_id"), "issuances", ["origin_id"])
    for name in ("positive_quantity", "issued_has_batch"):
        op.drop_constraint(op.f(f"ck_issuances__{name}"), "issuances")
    for name, condition in (
        (
            "owner_and_buffer",
            "quantity_t >= 0 AND withheld_t >= 0 AND buffer_t BETWEEN 0 AND quantity_t",
        ),
        ("something_verified", "quantity_t + withheld_t >= 1"),
        ("rests_on_one", "(report_id IS NULL) <> (origin_id IS NULL)"),
        ("issued_has_batch", "(status = 'ISSUED' AND quantity_t > 0) = (batch_no IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_issuances__{name}"), "issuances", condition)
    op.add_column(
        "issued_blocks", sa.Column("account", sa.Text(), nullable=False, server_default="owner")
    )
    op.alter_column("issued_blocks", "account", server_default=None)
    op.create_check_constraint(
        op.f("ck_issued_blocks__known_account"), "issued_blocks", "account IN ('owner', 'buffer')"
    )
    op.drop_constraint(op.f("pk_issued_blocks"), "issued_blocks")
    op.create_primary_key(
        op.f("pk_issued_blocks"), "issued_blocks", ["issuance_id", "vintage", "account"]
    )


def _add_reversals() -> None:
    op.create_table(
        "reversals",
        sa.Column("reversal_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("area_ha", sa.Numeric(), nullable=True),
        sa.Column("loss", sa.Numeric(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("issuance_id", sa.Uuid(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("reporter_code", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.Column("covered", sa.Numeric(), nullable=False),
        sa.Column("deficit", sa.Numeric(), nullable=False),
        sa.Column("buffer_t", sa.BigInteger(), nullable=False),
        sa.Column("debt_t", sa.BigInteger(), nullable=False),
        sa.Column("settled_t", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_reversals__known_kind")),
        sa.CheckConstraint(
            "status IN ('REPORTED', 'OPEN', 'SETTLED', 'REJECTED')",
            name=op.f("ck_reversals__known_status"),
        ),
        sa.CheckConstraint(
            "loss > 0 AND covered BETWEEN 0 AND loss AND deficit BETWEEN covered AND loss",
            name=op.f("ck_reversals__real_loss"),
        ),
        sa.CheckConstraint(
            "settled_t BETWEEN 0 AND debt_t AND buffer_t >= 0",
            name=op.f("ck_reversals__settled_within"),
        ),
        sa.CheckConstraint(
            "(status = 'OPEN') = (confirmed_at IS NOT NULL AND settled_t < debt_t)",
            name=op.f("ck_reversals__open_is_owed"),
        ),
        sa.CheckConstraint(
            "(kind IN ('error', 'falsification')) = (issuance_id IS NOT NULL)",
            name=op.f("ck_reversals__corrects_an_issuance"),
        ),
        sa.CheckConstraint(
            "(kind = 'monitored_loss') = (report_id IS NOT NULL)",
            name=op.f("ck_reversals__measured"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_reversals__project_id")
        ),
        sa.PrimaryKeyConstraint("reversal_id", name=op.f("pk_reversals")),
    )
    op.create_index("ix_reversals__project", "reversals", ["project_id", "reversal_id"])
    op.create_index(
        "uq_reversals__report",
        "reversals",
        ["report_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'REJECTED'"),
    )
    op.create_table(
        "reversal_settlements",
        sa.Column("retirement_id", sa.Uuid(), nullable=False),
        sa.Column("reversal_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("retired_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["reversal_id"],
            ["reversals.reversal_id"],
            name=op.f("fk_reversal_settlements__reversal_id"),
        ),
        sa.PrimaryKeyConstraint("retirement_id", name=op.f("pk_reversal_settlements")),
    )
    op.create_index(
        op.f("ix_reversal_settlements__reversal_id"), "reversal_settlements", ["reversal_id"]
    )


def _add_backings() -> None:
    op.create_table(
        "issuance_backings",
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("deducted", sa.Numeric(), nullable=False),
        sa.Column("regrown", sa.Numeric(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "quantity_t >= 0 AND deducted >= 0 AND regrown >= 0",
            name=op.f("ck_issuance_backings__not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_issuance_backings__project_id")
        ),
        sa.PrimaryKeyConstraint("issuance_id", name=op.f("pk_issuance_backings")),
    )
    op.create_index("ix_issuance_backings__project", "issuance_backings", ["project_id"])
    # What was kept back before this table existed covers later losses too (R20: cumulative).
    op.execute(
        "INSERT INTO issuance_backings"
        " (issuance_id, project_id, quantity_t, deducted, regrown, issued_at)"
        " SELECT i.issuance_id, i.project_id, i.quantity_t, r.deducted, 0, i.decided_at"
        " FROM issuances i JOIN reports r USING (report_id) WHERE i.status = 'ISSUED'"
    )


def _add_buffer() -> None:
    op.create_table(
        "buffer_deposits",
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("block", postgresql.INT8RANGE(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_t", sa.BigInteger(), nullable=False),
        sa.Column("deposited_at", MOMENT, nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("block"), "&&"), using="gist", name="ex_buffer_deposits__block"
        ),
        sa.CheckConstraint(
            "upper(block) - lower(block) = quantity_t",
            name=op.f("ck_buffer_deposits__quantity_is_length"),
        ),
        sa.CheckConstraint(
            "cancelled_t BETWEEN 0 AND quantity_t",
            name=op.f("ck_buffer_deposits__never_more_than_there_is"),
        ),
        sa.PrimaryKeyConstraint("issuance_id", "vintage", name=op.f("pk_buffer_deposits")),
    )
    op.create_index("ix_buffer_deposits__project", "buffer_deposits", ["project_id", "vintage"])
    op.create_table(
        "buffer_cancellations",
        sa.Column("reversal_id", sa.Uuid(), nullable=False),
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("block", postgresql.INT8RANGE(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("block"), "&&"), using="gist", name="ex_buffer_cancellations__block"
        ),
        sa.CheckConstraint(
            "upper(block) - lower(block) = quantity_t",
            name=op.f("ck_buffer_cancellations__quantity_is_length"),
        ),
        sa.ForeignKeyConstraint(
            ["reversal_id"],
            ["reversals.reversal_id"],
            name=op.f("fk_buffer_cancellations__reversal_id"),
        ),
        sa.PrimaryKeyConstraint(
            "reversal_id", "issuance_id", "vintage", name=op.f("pk_buffer_cancellations")
        ),
    )


def downgrade() -> None:
    for table in (
        "buffer_cancellations",
        "buffer_deposits",
        "issuance_backings",
        "reversal_settlements",
        "reversals",
    ):
        op.drop_table(table)
    op.drop_constraint(op.f("pk_issued_blocks"), "issued_blocks")
    op.create_primary_key(op.f("pk_issued_blocks"), "issued_blocks", ["issuance_id", "vintage"])
    op.drop_column("issued_blocks", "account")
    for name in ("owner_and_buffer", "something_verified", "rests_on_one", "issued_has_batch"):
        op.drop_constraint(op.f(f"ck_issuances__{name}"), "issuances")
    op.create_check_constraint(
        op.f("ck_issuances__positive_quantity"), "issuances", "quantity_t >= 1"
    )
    op.create_check_constraint(
        op.f("ck_issuances__issued_has_batch"),
        "issuances",
        "(status = 'ISSUED') = (batch_no IS NOT NULL)",
    )
    for name in ("withheld_t", "buffer_t", "origin_id"):
        op.drop_column("issuances", name)
    op.alter_column("issuances", "report_id", nullable=False)
    op.drop_table("external_origins")
    op.drop_table("origin_series")
