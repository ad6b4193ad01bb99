"""All tables of the foundation, and the first number of the serial line."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aggregates",
        sa.Column("aggregate_id", sa.String(collation="C"), nullable=False),
        sa.Column("source_event_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("operator_code", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("trips", sa.BigInteger(), nullable=False),
        sa.Column("total_g", sa.BigInteger(), nullable=False),
        sa.Column("by_vintage_g", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("factor_versions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("total_g > 0", name=op.f("ck_aggregates__positive_grams")),
        sa.PrimaryKeyConstraint("aggregate_id", name=op.f("pk_aggregates")),
        sa.UniqueConstraint("source_event_id", name=op.f("uq_aggregates__source_event_id")),
    )
    op.create_index(op.f("ix_aggregates__project_id"), "aggregates", ["project_id"], unique=False)
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holidays", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("makeup_workdays", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "claim_rules",
        sa.Column("unit_type", sa.String(collation="C"), nullable=False),
        sa.Column("vintage_after", sa.Date(), nullable=False),
        sa.Column("lookback_years", sa.Integer(), nullable=False),
        sa.Column("notice_working_days", sa.Integer(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit_type", name=op.f("pk_claim_rules")),
    )
    op.create_table(
        "factors",
        sa.Column("factor_id", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.String(collation="C"), nullable=False),
        sa.Column("region", sa.String(collation="C"), nullable=True),
        sa.Column("subject", sa.String(collation="C"), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "grade IN ('V1', 'V2', 'V3', 'M', 'D')", name=op.f("ck_factors__known_grade")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_factors__positive_version")),
        sa.PrimaryKeyConstraint("factor_id", name=op.f("pk_factors")),
    )
    op.create_index(
        "uq_factors__place",
        "factors",
        ["kind", "region", "subject", "year", "version"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "idempotency_answers",
        sa.Column("scope", sa.String(collation="C"), nullable=False),
        sa.Column("key", sa.String(collation="C"), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_answers")),
    )
    op.create_table(
        "inbox",
        sa.Column("inbox_group", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("inbox_group", "event_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox__received_at", "inbox", ["received_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox__event_id")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_insert_scale_factor": "0.05",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
    op.create_index(
        "ix_outbox__created_at", "outbox", ["created_at"], unique=False, postgresql_using="brin"
    )
    op.create_index(
        "ix_outbox__dead_letters",
        "outbox",
        ["topic", "created_at"],
        unique=False,
        postgresql_where=sa.text("type = 'dead-letter'"),
    )
    op.create_index(
        "ix_outbox__unpublished",
        "outbox",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "organisations",
        sa.Column("organisation_code", sa.String(collation="C"), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_code", name=op.f("pk_organisations")),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("project_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("scope_code", sa.Text(), nullable=False),
        sa.Column("methodology_code", sa.Text(), nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False),
        sa.Column("validator_code", sa.Text(), nullable=False),
        sa.Column("pdd_author_code", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("is_local", sa.Boolean(), nullable=False),
        sa.Column("construction_start", sa.Date(), nullable=False),
        sa.Column("operation_date", sa.Date(), nullable=False),
        sa.Column("crediting_start", sa.Date(), nullable=False),
        sa.Column("crediting_end", sa.Date(), nullable=False),
        sa.Column("meters", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("parcels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("species", sa.Text(), nullable=True),
        sa.Column("baseline_grid", sa.Text(), nullable=True),
        sa.Column("baseline_factor_year", sa.Integer(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.CheckConstraint("project_no BETWEEN 1 AND 9999", name=op.f("ck_projects__four_digits")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_projects")),
        sa.UniqueConstraint("project_no", name=op.f("uq_projects__project_no")),
    )
    op.create_table(
        "serial_line",
        sa.Column("line_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_serial", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("line_id = 1", name=op.f("ck_serial_line__one_line")),
        sa.CheckConstraint("next_serial >= 1", name=op.f("ck_serial_line__from_one")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_serial_line")),
    )
    op.create_table(
        "upload_contents",
        sa.Column("sha256", sa.String(collation="C"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_upload_contents")),
    )
    op.create_table(
        "reports",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("project_no", sa.Integer(), nullable=False),
        sa.Column("methodology_code", sa.Text(), nullable=False),
        sa.Column("formula_version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("eligible_start", sa.Date(), nullable=False),
        sa.Column("eligible_end", sa.Date(), nullable=False),
        sa.Column("claim", postgresql.INT8RANGE(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("calculation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("calculated", sa.Numeric(), nullable=False),
        sa.Column("calculated_t", sa.BigInteger(), nullable=False),
        sa.Column("deducted", sa.Numeric(), nullable=False),
        sa.Column("vintages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verifier_code", sa.Text(), nullable=True),
        sa.Column("notice_start", sa.Date(), nullable=True),
        sa.Column("notice_end", sa.Date(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("verified_t", sa.BigInteger(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("claim"), "&&"),
            where=sa.text("status NOT IN ('RECALLED', 'REJECTED')"),
            using="gist",
            name="ex_reports__period",
        ),
        sa.CheckConstraint(
            "claim = int8range(project_no * 4000000::bigint + (eligible_start - DATE '0001-01-01') + 1, project_no * 4000000::bigint + (eligible_end - DATE '0001-01-01') + 2)",
            name=op.f("ck_reports__claim_is_period"),
        ),
        sa.CheckConstraint(
            "status IN ('REPORTED', 'NOTICE', 'VERIFIED', 'REGISTERED_ER', 'ISSUED', 'RECALLED', 'REJECTED')",
            name=op.f("ck_reports__known_status"),
        ),
        sa.CheckConstraint(
            "calculated_t >= 0 AND deducted >= 0", name=op.f("ck_reports__not_negative")
        ),
        sa.CheckConstraint(
            "verified_t IS NULL OR verified_t = calculated_t",
            name=op.f("ck_reports__verified_as_calculated"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_reports__project_id")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reports")),
    )
    op.create_index(op.f("ix_reports__project_id"), "reports", ["project_id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(collation="C"), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('meter_readings', 'plot_inventory')", name=op.f("ck_uploads__known_kind")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["upload_contents.sha256"], name=op.f("fk_uploads__sha256")
        ),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("project_id", "sha256", name=op.f("uq_uploads__project_id_sha256")),
    )
    op.create_table(
        "issuances",
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'ISSUED') = (batch_no IS NOT NULL)",
            name=op.f("ck_issuances__issued_has_batch"),
        ),
        sa.CheckConstraint(
            "status <> 'ISSUED' OR decided_by <> requested_by", name=op.f("ck_issuances__four_eyes")
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ISSUED', 'REJECTED')", name=op.f("ck_issuances__known_status")
        ),
        sa.CheckConstraint("batch_no BETWEEN 1 AND 99", name=op.f("ck_issuances__two_digits")),
        sa.CheckConstraint("quantity_t >= 1", name=op.f("ck_issuances__positive_quantity")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_issuances__project_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_issuances__report_id")
        ),
        sa.PrimaryKeyConstraint("issuance_id", name=op.f("pk_issuances")),
        sa.UniqueConstraint(
            "project_id", "batch_no", name=op.f("uq_issuances__project_id_batch_no")
        ),
    )
    op.create_index(
        "ix_issuances__project", "issuances", ["project_id", "issuance_id"], unique=False
    )
    op.create_index(
        "uq_issuances__live",
        "issuances",
        ["report_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'REJECTED'"),
    )
    op.create_table(
        "meter_readings",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("export_kwh", sa.Numeric(), nullable=False),
        sa.Column("import_kwh", sa.Numeric(), nullable=False),
        sa.Column("calibration", sa.Text(), nullable=False),
        sa.Column("mpe_pct", sa.Numeric(), nullable=True),
        sa.Column("error_pct", sa.Numeric(), nullable=True),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_meter_readings__upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", "meter_no", "month", name=op.f("pk_meter_readings")),
    )
    op.create_table(
        "plot_measurements",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("plot_no", sa.String(collation="C"), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("plot_area_m2", sa.Numeric(), nullable=False),
        sa.Column("stratum_area_ha", sa.Numeric(), nullable=False),
        sa.Column("volume_m3_per_ha", sa.Numeric(), nullable=True),
        sa.Column("agb_t_per_ha", sa.Numeric(), nullable=True),
        sa.CheckConstraint(
            "(volume_m3_per_ha IS NULL) <> (agb_t_per_ha IS NULL)",
            name=op.f("ck_plot_measurements__one_path"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_plot_measurements__upload_id")
        ),
        sa.PrimaryKeyConstraint(
            "upload_id", "plot_no", "measured_on", name=op.f("pk_plot_measurements")
        ),
    )
    op.create_table(
        "report_aggregates",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("aggregate_id", sa.String(collation="C"), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["aggregate_id"],
            ["aggregates.aggregate_id"],
            name=op.f("fk_report_aggregates__aggregate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_report_aggregates__report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "aggregate_id", name=op.f("pk_report_aggregates")),
    )
    op.create_index(
        "uq_report_aggregates__in_use",
        "report_aggregates",
        ["aggregate_id"],
        unique=True,
        postgresql_where=sa.text("NOT released"),
    )
    op.create_table(
        "report_changes",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_report_changes__report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "version", name=op.f("pk_report_changes")),
    )
    op.create_table(
        "report_uploads",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_report_uploads__report_id")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_report_uploads__upload_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "upload_id", name=op.f("pk_report_uploads")),
    )
    op.create_table(
        "issued_blocks",
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("block", postgresql.INT8RANGE(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.String(collation="C"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("block"), "&&"), using="gist", name="ex_issued_blocks__block"
        ),
        sa.CheckConstraint(
            "NOT isempty(block) AND lower(block) >= 1", name=op.f("ck_issued_blocks__real_numbers")
        ),
        sa.CheckConstraint(
            "upper(block) - lower(block) = quantity_t",
            name=op.f("ck_issued_blocks__quantity_is_length"),
        ),
        sa.ForeignKeyConstraint(
            ["issuance_id"], ["issuances.issuance_id"], name=op.f("fk_issued_blocks__issuance_id")
        ),
        sa.PrimaryKeyConstraint("issuance_id", "vintage", name=op.f("pk_issued_blocks")),
        sa.UniqueConstraint("serial", name=op.f("uq_issued_blocks__serial")),
    )
    op.execute("INSERT INTO serial_line (line_id, next_serial) VALUES (1, 1)")


def downgrade() -> None:
    op.drop_table("issued_blocks")
    op.drop_table("report_uploads")
    op.drop_table("report_changes")
    op.drop_index(
        "uq_report_aggregates__in_use",
        table_name="report_aggregates",
        postgresql_where=sa.text("NOT released"),
    )
    op.drop_table("report_aggregates")
    op.drop_table("plot_measurements")
    op.drop_table("meter_readings")
    op.drop_index(
        "uq_issuances__live",
        table_name="issuances",
        postgresql_where=sa.text("status <> 'REJECTED'"),
    )
    op.drop_index("ix_issuances__project", table_name="issuances")
    op.drop_table("issuances")
    op.drop_table("uploads")
    op.drop_index(op.f("ix_reports__project_id"), table_name="reports")
    op.drop_table("reports")
    op.drop_table("upload_contents")
    op.drop_table("serial_line")
    op.drop_table("projects")
    op.drop_table("organisations")
    op.drop_index(
        "ix_outbox__unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_index(
        "ix_outbox__dead_letters",
        table_name="outbox",
        postgresql_where=sa.text("type = 'dead-letter'"),
    )
    op.drop_index("ix_outbox__created_at", table_name="outbox", postgresql_using="brin")
    op.drop_table("outbox")
    op.drop_index("ix_inbox__received_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("idempotency_answers")
    op.drop_index("uq_factors__place", table_name="factors", postgresql_nulls_not_distinct=True)
    op.drop_table("factors")
    op.drop_table("claim_rules")
    op.drop_table("calendar_years")
    op.drop_index(op.f("ix_aggregates__project_id"), table_name="aggregates")
    op.drop_table("aggregates")
