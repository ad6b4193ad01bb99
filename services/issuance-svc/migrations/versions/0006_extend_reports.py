"""Findings, reviews, resubmission; a meter's and a parcel's days are claimed once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())
OLD_DEAD = "status NOT IN ('RECALLED', 'REJECTED')"
NEW_DEAD = "status NOT IN ('RECALLED', 'REJECTED', 'SUPERSEDED')"
OLD_STATUSES = "status IN ('REPORTED', 'NOTICE', 'VERIFIED', 'REGISTERED_ER', 'ISSUED', 'RECALLED', 'REJECTED')"
NEW_STATUSES = OLD_STATUSES.replace("'REJECTED')", "'REJECTED', 'SUPERSEDED')")


def upgrade() -> None:
    _extend_copies()
    _extend_rules()
    _extend_reports()
    _add_verifiers()
    _add_sites()
    _add_deletions()
    _add_reviews()
    _add_comments()
    _add_findings()
    _add_checks()
    _add_opinions()


def _extend_copies() -> None:
    op.add_column("organisations", sa.Column("competence", JSON, nullable=True))
    op.add_column("organisations", sa.Column("banned_until", sa.Date(), nullable=True))
    op.add_column(
        "projects",
        sa.Column("third_party_required", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.alter_column("projects", "third_party_required", server_default=None)


def _extend_rules() -> None:
    """What the rules did not know yet, as the seed has it."""
    for name, kind, value in (
        ("decision_working_days", sa.Integer(), "15"),
        ("retention_years", sa.Integer(), "10"),
        ("materiality_pct", sa.Numeric(), "5"),
        ("verification_working_days", sa.Integer(), "15"),
        ("verification_grade", sa.Text(), "D"),
    ):
        op.add_column("claim_rules", sa.Column(name, kind, nullable=False, server_default=value))
        op.alter_column("claim_rules", name, server_default=None)


def _extend_reports() -> None:
    op.add_column("reports", sa.Column("verified_on", sa.Date(), nullable=True))
    op.add_column(
        "reports", sa.Column("buffer_t", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("reports", sa.Column("loss", sa.Numeric(), nullable=False, server_default="0"))
    op.add_column("reports", sa.Column("flags", JSON, nullable=False, server_default="[]"))
    op.add_column(
        "reports",
        sa.Column("verification_mode", sa.Text(), nullable=False, server_default="third_party"),
    )
    op.add_column("reports", sa.Column("root_report_id", sa.Uuid(), nullable=True))
    op.add_column(
        "reports", sa.Column("revision", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column("reports", sa.Column("revises", sa.Uuid(), nullable=True))
    op.add_column("reports", sa.Column("superseded_by", sa.Uuid(), nullable=True))
    op.execute("UPDATE reports SET root_report_id = report_id")
    op.execute(
        "UPDATE reports SET verified_on = (SELECT max((changed_at AT TIME ZONE 'Asia/Shanghai')::date)"
        " FROM report_changes AS c WHERE c.report_id = reports.report_id"
        " AND c.status IN ('VERIFIED', 'REJECTED')) WHERE opinion IS NOT NULL"
    )
    op.alter_column("reports", "root_report_id", nullable=False)
    for name in ("buffer_t", "loss", "flags", "verification_mode", "revision"):
        op.alter_column("reports", name, server_default=None)
    _replace_status_rules(NEW_STATUSES, NEW_DEAD)
    op.create_check_constraint(
        op.f("ck_reports__first_revises_nothing"), "reports", "(revision = 1) = (revises IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_reports__known_mode"),
        "reports",
        "verification_mode IN ('third_party', 'self_prepared')",
    )
    op.create_check_constraint(
        op.f("ck_reports__buffer_is_part"), "reports", "buffer_t BETWEEN 0 AND calculated_t"
    )
    op.create_unique_constraint(
        "uq_reports__root_report_id_revision", "reports", ["root_report_id", "revision"]
    )
    op.create_index("ix_reports__status", "reports", ["status", "report_id"])


def _replace_status_rules(statuses: str, dead: str) -> None:
    op.drop_constraint(op.f("ck_reports__known_status"), "reports")
    op.create_check_constraint(op.f("ck_reports__known_status"), "reports", statuses)
    op.drop_constraint(op.f("ex_reports__period"), "reports")
    op.create_exclude_constraint(
        "ex_reports__period", "reports", (sa.column("claim"), "&&"), using="gist", where=dead
    )


def _add_verifiers() -> None:
    op.create_table(
        "report_verifiers",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("verifier_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("named_by", sa.Text(), nullable=False),
        sa.Column("named_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(position = 1) = (reason IS NULL)",
            name=op.f("ck_report_verifiers__replaced_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_report_verifiers__report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "position", name=op.f("pk_report_verifiers")),
    )
    op.execute(
        "INSERT INTO report_verifiers SELECT r.report_id, 1, r.verifier_code, NULL, c.changed_by,"
        " c.changed_at FROM reports AS r JOIN report_changes AS c"
        " ON c.report_id = r.report_id AND c.status = 'NOTICE' WHERE r.verifier_code IS NOT NULL"
    )


def _add_sites() -> None:
    op.create_table(
        "claimed_sites",
        sa.Column("site_no", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("site_key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("site_no", name=op.f("pk_claimed_sites")),
        sa.UniqueConstraint("site_key", name=op.f("uq_claimed_sites__site_key")),
    )
    op.create_table(
        "report_sites",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("site_no", sa.Integer(), nullable=False),
        sa.Column("claim", postgresql.INT8RANGE(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("claim"), "&&"),
            where=sa.text("NOT released"),
            using="gist",
            name="ex_report_sites__claim",
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_report_sites__report_id")
        ),
        sa.ForeignKeyConstraint(
            ["site_no"], ["claimed_sites.site_no"], name=op.f("fk_report_sites__site_no")
        ),
        sa.PrimaryKeyConstraint("report_id", "site_no", name=op.f("pk_report_sites")),
    )
    op.execute(
        "INSERT INTO claimed_sites (site_key) SELECT DISTINCT site_key FROM"
        " (SELECT 'meter:' || unnest(meters) AS site_key FROM projects"
        " UNION SELECT 'parcel:' || district_code || ':' || (parcel ->> 'parcel_no')"
        " FROM projects, jsonb_array_elements(parcels) AS parcel) AS sites ORDER BY 1"
    )
    op.execute(
        "INSERT INTO report_sites SELECT r.report_id, s.site_no,"
        " int8range(s.site_no * 4000000::bigint + (r.eligible_start - DATE '0001-01-01') + 1,"
        " s.site_no * 4000000::bigint + (r.eligible_end - DATE '0001-01-01') + 2),"
        " r.status IN ('RECALLED', 'REJECTED')"
        " FROM reports AS r JOIN projects AS p USING (project_id) JOIN claimed_sites AS s"
        " ON s.site_key IN (SELECT 'meter:' || unnest(p.meters)"
        " UNION SELECT 'parcel:' || p.district_code || ':' || (parcel ->> 'parcel_no')"
        " FROM jsonb_array_elements(p.parcels) AS parcel)"
    )


def _add_deletions() -> None:
    op.create_table(
        "deleted_files",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deleted_by", sa.Text(), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_deleted_files__upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_deleted_files")),
    )


def _add_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("officer_code", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('OPEN', 'ACCEPTED', 'REJECTED', 'LAPSED')",
            name=op.f("ck_reviews__known_status"),
        ),
        sa.CheckConstraint(
            "(status IN ('ACCEPTED', 'REJECTED'))"
            " = (decided_by IS NOT NULL AND decided_at IS NOT NULL AND comment IS NOT NULL)",
            name=op.f("ck_reviews__decided_by_a_person"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> submitted_by",
            name=op.f("ck_reviews__not_by_the_submitter"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_reviews__project_id")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews__subject", "reviews", ["subject_type", "subject_id"])
    op.create_index("ix_reviews__status", "reviews", ["status", "review_id"])
    op.create_index("ix_reviews__project_id", "reviews", ["project_id", "review_id"])


def _add_comments() -> None:
    op.create_table(
        "report_comments",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL)",
            name=op.f("ck_report_comments__answered_as_a_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_report_comments__report_id")
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_report_comments")),
    )
    op.create_index("ix_report_comments__report_id", "report_comments", ["report_id", "comment_id"])


def _add_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("root_report_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("referenced", JSON, nullable=True),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('CAR', 'CL', 'FAR')", name=op.f("ck_findings__known_kind")),
        sa.CheckConstraint(
            "status IN ('OPEN', 'ANSWERED', 'RETURNED', 'CLOSED')",
            name=op.f("ck_findings__known_status"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_findings__report_id")
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_findings")),
        sa.UniqueConstraint(
            "root_report_id",
            "kind",
            "number",
            name=op.f("uq_findings__root_report_id_kind_number"),
        ),
    )
    op.create_index("ix_findings__project_id", "findings", ["project_id", "finding_id"])
    op.create_table(
        "finding_entries",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("entry_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("upload_ids", JSON, nullable=False),
        sa.Column("document_ids", JSON, nullable=False),
        sa.Column("organisation_code", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.finding_id"], name=op.f("fk_finding_entries__finding_id")
        ),
        sa.PrimaryKeyConstraint("finding_id", "entry_no", name=op.f("pk_finding_entries")),
    )


def _add_checks() -> None:
    op.create_table(
        "verification_checks",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("check_no", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "subject IN ('meter', 'plot', 'month', 'record')",
            name=op.f("ck_verification_checks__known_subject"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_verification_checks__report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "check_no", name=op.f("pk_verification_checks")),
        sa.UniqueConstraint(
            "report_id",
            "subject",
            "label",
            name=op.f("uq_verification_checks__report_id_subject_label"),
        ),
    )
    op.create_table(
        "verification_check_records",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("check_no", sa.Integer(), nullable=False),
        sa.Column("record_no", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("misstatement_t", sa.Numeric(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "result IN ('conforms', 'misstated')",
            name=op.f("ck_verification_check_records__known_result"),
        ),
        sa.CheckConstraint(
            "(result = 'misstated') = (misstatement_t <> 0)",
            name=op.f("ck_verification_check_records__misstated_by_something"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id", "check_no"],
            ["verification_checks.report_id", "verification_checks.check_no"],
            name=op.f("fk_verification_check_records__report_id_check_no"),
        ),
        sa.PrimaryKeyConstraint(
            "report_id", "check_no", "record_no", name=op.f("pk_verification_check_records")
        ),
    )


def _add_opinions() -> None:
    op.create_table(
        "verification_opinions",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("body_code", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("assurance_level", sa.Text(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("misstated_t", sa.Numeric(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "conclusion IN ('positive', 'negative')",
            name=op.f("ck_verification_opinions__known_conclusion"),
        ),
        sa.CheckConstraint(
            "assurance_level IN ('reasonable', 'limited')",
            name=op.f("ck_verification_opinions__known_assurance"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.report_id"], name=op.f("fk_verification_opinions__report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_verification_opinions")),
    )


def downgrade() -> None:
    for table in (
        "verification_opinions",
        "verification_check_records",
        "verification_checks",
        "finding_entries",
        "findings",
        "report_comments",
        "reviews",
        "deleted_files",
        "report_sites",
        "claimed_sites",
        "report_verifiers",
    ):
        op.drop_table(table)
    op.drop_index("ix_reports__status", table_name="reports")
    op.drop_constraint(op.f("uq_reports__root_report_id_revision"), "reports")
    for name in ("first_revises_nothing", "known_mode", "buffer_is_part"):
        op.drop_constraint(op.f(f"ck_reports__{name}"), "reports")
    op.execute("UPDATE reports SET status = 'RECALLED' WHERE status = 'SUPERSEDED'")
    _replace_status_rules(OLD_STATUSES, OLD_DEAD)
    for name in (
        "superseded_by",
        "revises",
        "revision",
        "root_report_id",
        "verification_mode",
        "flags",
        "loss",
        "buffer_t",
        "verified_on",
    ):
        op.drop_column("reports", name)
    for name in (
        "verification_grade",
        "verification_working_days",
        "materiality_pct",
        "retention_years",
        "decision_working_days",
    ):
        op.drop_column("claim_rules", name)
    op.drop_column("projects", "third_party_required")
    op.drop_column("organisations", "banned_until")
    op.drop_column("organisations", "competence")
