"""The first schema: organisations, methodologies, projects, calendar, and the kit's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holidays", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("makeup_workdays", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
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
        "methodologies",
        sa.Column("methodology_code", sa.String(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("scope_code", sa.Text(), nullable=False),
        sa.Column("crediting_years_min", sa.Integer(), nullable=False),
        sa.Column("crediting_years_max", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "project_type IN ('distributed_pv', 'afforestation', 'citizen_travel')",
            name=op.f("ck_methodologies__known_project_type"),
        ),
        sa.CheckConstraint(
            "crediting_years_min BETWEEN 1 AND crediting_years_max",
            name=op.f("ck_methodologies__crediting_years_in_order"),
        ),
        sa.PrimaryKeyConstraint("methodology_code", name=op.f("pk_methodologies")),
    )
    op.create_table(
        "organisations",
        sa.Column("organisation_code", sa.String(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kinds <@ ARRAY['owner', 'controlled_enterprise', 'validator_verifier', 'bureau', 'operator', 'mobility_partner', 'merchant'] AND cardinality(kinds) > 0",
            name=op.f("ck_organisations__known_kinds"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'suspended')", name=op.f("ck_organisations__known_status")
        ),
        sa.PrimaryKeyConstraint("organisation_code", name=op.f("pk_organisations")),
    )
    op.create_index(
        "ix_organisations__kinds", "organisations", ["kinds"], unique=False, postgresql_using="gin"
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
        "parcel_rules",
        sa.Column("start_from", sa.Date(), nullable=False),
        sa.Column("area_m2_min", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("non_forest_years", sa.Integer(), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("start_from", name=op.f("pk_parcel_rules")),
    )
    op.create_table(
        "project_numbers",
        sa.Column("only_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "last_no BETWEEN 1 AND 9999", name=op.f("ck_project_numbers__four_digits")
        ),
        sa.CheckConstraint("only_row = 1", name=op.f("ck_project_numbers__one_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_project_numbers")),
    )
    op.create_table(
        "project_rules",
        sa.Column("unit_type", sa.String(collation="C"), nullable=False),
        sa.Column("construction_after", sa.Date(), nullable=False),
        sa.Column("notice_working_days", sa.Integer(), nullable=False),
        sa.Column("decision_working_days", sa.Integer(), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit_type", name=op.f("pk_project_rules")),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("project_no", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("scope_code", sa.Text(), nullable=False),
        sa.Column("methodology_code", sa.String(collation="C"), nullable=False),
        sa.Column("owner_code", sa.String(collation="C"), nullable=False),
        sa.Column("pdd_author_code", sa.String(collation="C"), nullable=False),
        sa.Column("validator_code", sa.String(collation="C"), nullable=True),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("is_local", sa.Boolean(), nullable=False),
        sa.Column("construction_start", sa.Date(), nullable=False),
        sa.Column("operation_date", sa.Date(), nullable=False),
        sa.Column("crediting_start", sa.Date(), nullable=False),
        sa.Column("crediting_end", sa.Date(), nullable=False),
        sa.Column("species", sa.Text(), nullable=True),
        sa.Column("baseline_grid", sa.Text(), nullable=True),
        sa.Column("baseline_factor_year", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("notice_start", sa.Date(), nullable=True),
        sa.Column("notice_end", sa.Date(), nullable=True),
        sa.Column("decision_due", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(project_no IS NOT NULL) = (status IN ('REGISTERED', 'SUSPENDED', 'DEREGISTERED'))",
            name=op.f("ck_projects__numbered_when_registered"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'NOTICE', 'VALIDATED', 'REGISTERED', 'RECALLED', 'REJECTED', 'SUSPENDED', 'DEREGISTERED')",
            name=op.f("ck_projects__known_status"),
        ),
        sa.CheckConstraint("project_no BETWEEN 1 AND 9999", name=op.f("ck_projects__four_digits")),
        sa.CheckConstraint(
            "validator_code <> owner_code AND validator_code <> pdd_author_code",
            name=op.f("ck_projects__validator_is_independent"),
        ),
        sa.ForeignKeyConstraint(
            ["methodology_code"],
            ["methodologies.methodology_code"],
            name=op.f("fk_projects__methodology_code"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_code"],
            ["organisations.organisation_code"],
            name=op.f("fk_projects__owner_code"),
        ),
        sa.ForeignKeyConstraint(
            ["pdd_author_code"],
            ["organisations.organisation_code"],
            name=op.f("fk_projects__pdd_author_code"),
        ),
        sa.ForeignKeyConstraint(
            ["validator_code"],
            ["organisations.organisation_code"],
            name=op.f("fk_projects__validator_code"),
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_projects")),
        sa.UniqueConstraint("project_no", name=op.f("uq_projects__project_no")),
    )
    op.create_index(
        "ix_projects__owner_code", "projects", ["owner_code", "project_id"], unique=False
    )
    op.create_index("ix_projects__status", "projects", ["status", "project_id"], unique=False)
    op.create_table(
        "project_comments",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_project_comments__answered_as_a_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_project_comments__project_id")
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_project_comments")),
    )
    op.create_index(
        "ix_project_comments__project_id",
        "project_comments",
        ["project_id", "comment_id"],
        unique=False,
    )
    op.create_table(
        "project_meters",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("meter_no", sa.String(collation="C"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_project_meters__project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "meter_no", name=op.f("pk_project_meters")),
    )
    op.create_index(
        "uq_project_meters__meter_no",
        "project_meters",
        ["meter_no"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "project_parcels",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("parcel_no", sa.String(collation="C"), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("land_use", sa.Text(), nullable=False),
        sa.Column("non_forest_since", sa.Date(), nullable=False),
        sa.Column("is_wetland", sa.Boolean(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("area_m2 > 0", name=op.f("ck_project_parcels__area_positive")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_project_parcels__project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "parcel_no", name=op.f("pk_project_parcels")),
    )
    op.create_index(
        "uq_project_parcels__district_code_parcel_no",
        "project_parcels",
        ["district_code", "parcel_no"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "project_status_changes",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status_before", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name=op.f("fk_project_status_changes__project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_project_status_changes")),
    )
    op.create_table(
        "project_validations",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("validator_code", sa.String(collation="C"), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_project_validations__project_id")
        ),
        sa.ForeignKeyConstraint(
            ["validator_code"],
            ["organisations.organisation_code"],
            name=op.f("fk_project_validations__validator_code"),
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_validations")),
    )


def downgrade() -> None:
    op.drop_table("project_validations")
    op.drop_table("project_status_changes")
    op.drop_index(
        "uq_project_parcels__district_code_parcel_no",
        table_name="project_parcels",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_table("project_parcels")
    op.drop_index(
        "uq_project_meters__meter_no",
        table_name="project_meters",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_table("project_meters")
    op.drop_index("ix_project_comments__project_id", table_name="project_comments")
    op.drop_table("project_comments")
    op.drop_index("ix_projects__status", table_name="projects")
    op.drop_index("ix_projects__owner_code", table_name="projects")
    op.drop_table("projects")
    op.drop_table("project_rules")
    op.drop_table("project_numbers")
    op.drop_table("parcel_rules")
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
    op.drop_index("ix_organisations__kinds", table_name="organisations", postgresql_using="gin")
    op.drop_table("organisations")
    op.drop_table("methodologies")
    op.drop_index("ix_inbox__received_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("idempotency_answers")
    op.drop_table("calendar_years")
