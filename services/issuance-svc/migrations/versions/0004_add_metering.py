"""Meters, their checks, and what they measured: intervals by day, spans between register readings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CHANNELS = "['export', 'import', 'generation', 'auxiliary', 'net']"


def upgrade() -> None:
    op.create_table(
        "meter_claims",
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("meter_no", name=op.f("pk_meter_claims")),
    )
    op.create_table(
        "meters",
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("class_pct", sa.Numeric(), nullable=False),
        sa.Column("multiplier", sa.Numeric(), nullable=False),
        sa.Column("register_digits", sa.Integer(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("initial_indexes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("final_indexes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("green_certificates", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "class_pct > 0 AND multiplier > 0", name=op.f("ck_meters__positive_facts")
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_meters__valid_span")
        ),
        sa.CheckConstraint(
            f"channels <@ ARRAY{_CHANNELS}::text[]", name=op.f("ck_meters__known_channels")
        ),
        sa.PrimaryKeyConstraint("meter_id", name=op.f("pk_meters")),
        sa.UniqueConstraint(
            "project_id", "meter_no", "version", name=op.f("uq_meters__project_id_meter_no_version")
        ),
    )
    _checks()
    _intervals()
    _registers()


def _checks() -> None:
    op.create_table(
        "meter_checks",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("error_pct", sa.Numeric(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("certificate_no", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('calibration', 'fault')", name=op.f("ck_meter_checks__known_kind")
        ),
        sa.CheckConstraint(
            "(kind = 'calibration') = (error_pct IS NOT NULL)"
            " AND (kind = 'calibration') = (valid_until IS NOT NULL)",
            name=op.f("ck_meter_checks__result_of_a_calibration"),
        ),
        sa.ForeignKeyConstraint(
            ["replaces"],
            ["meter_checks.check_id"],
            name=op.f("fk_meter_checks__replaces"),
        ),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_meter_checks")),
        sa.UniqueConstraint("replaces", name=op.f("uq_meter_checks__replaces")),
    )
    op.create_index(
        "uq_meter_checks__place",
        "meter_checks",
        ["project_id", "meter_no", "kind", "performed_on", "replaces"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def _intervals() -> None:
    op.create_table(
        "interval_days",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("channel", sa.String(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("interval_min", sa.Integer(), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("wide_cells", postgresql.ARRAY(sa.Numeric()), nullable=True),
        sa.Column("factor", sa.Numeric(), nullable=False),
        sa.Column("per_kwh", sa.Numeric(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("positive", sa.Numeric(), nullable=False),
        sa.Column("negative", sa.Numeric(), nullable=False),
        sa.Column("largest", sa.Numeric(), nullable=False),
        sa.Column("deepest", sa.Numeric(), nullable=False),
        sa.Column("stale_min", sa.Integer(), nullable=False),
        sa.Column("night", sa.Numeric(), nullable=True),
        sa.CheckConstraint(
            "(cells IS NULL) <> (wide_cells IS NULL)",
            name=op.f("ck_interval_days__one_kind_of_cells"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_interval_days__upload_id")
        ),
        sa.PrimaryKeyConstraint(
            "upload_id", "meter_no", "channel", "day", name=op.f("pk_interval_days")
        ),
    )
    op.create_index("ix_interval_days__day", "interval_days", ["upload_id", "day"])


def _registers() -> None:
    op.create_table(
        "register_spans",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("channel", sa.String(collation="C"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("index_before", sa.Numeric(), nullable=False),
        sa.Column("index_after", sa.Numeric(), nullable=False),
        sa.Column("multiplier", sa.Numeric(), nullable=False),
        sa.Column("rolled_over", sa.Boolean(), nullable=False),
        sa.Column("kwh", sa.Numeric(), nullable=False),
        sa.CheckConstraint(
            "kwh >= 0 AND ended_on >= started_on", name=op.f("ck_register_spans__forward")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["uploads.upload_id"],
            name=op.f("fk_register_spans__upload_id"),
        ),
        sa.PrimaryKeyConstraint(
            "upload_id", "meter_no", "channel", "started_at", name=op.f("pk_register_spans")
        ),
    )


def downgrade() -> None:
    for table in ("register_spans", "interval_days", "meter_checks", "meters", "meter_claims"):
        op.drop_table(table)
