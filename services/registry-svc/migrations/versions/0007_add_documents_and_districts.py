"""Documents, districts, issued credits per project, and the index of the text search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = (
    "'project_design', 'commitment_letter', 'approval', 'tenure', 'monitoring_plan',"
    " 'validation_report', 'verification_evidence', 'other'"
)
# One spelling for comparing: full-width and half-width alike, no case, no space.
TEXT_PLAIN = r"""
CREATE FUNCTION text_plain(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(regexp_replace(normalize(given, NFKC), '\s+', '', 'g'))
"""
TEXT_GRAMS = """
CREATE FUNCTION text_grams(given text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(DISTINCT substr(text_plain(given), place, 2)), '{}')
    FROM generate_series(1, length(text_plain(given)) - 1) AS place
)
"""


def upgrade() -> None:
    op.create_table(
        "districts",
        sa.Column("district_code", sa.String(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("district_code ~ '^[0-9]{6}$'", name=op.f("ck_districts__six_digits")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from",
            name=op.f("ck_districts__days_in_order"),
        ),
        sa.PrimaryKeyConstraint("district_code", name=op.f("pk_districts")),
    )
    op.create_table(
        "project_credits",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("issued_t", sa.BigInteger(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("last_issued_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "issued_t >= 1 AND batches >= 1", name=op.f("ck_project_credits__something_issued")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_credits")),
    )
    op.create_table(
        "documents",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(collation="C"), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("organisation_code", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_documents__known_kind")),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_documents__not_empty")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name=op.f("fk_documents__project_id__projects"),
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_documents")),
        sa.UniqueConstraint(
            "project_id", "kind", "sha256", name=op.f("uq_documents__project_id_kind_sha256")
        ),
    )
    op.create_index("ix_documents__sha256", "documents", ["sha256"])
    op.create_index("ix_documents__project_id", "documents", ["project_id", "document_id"])
    op.add_column(
        "project_rules",
        sa.Column("retention_years", sa.Integer(), nullable=False, server_default="10"),
    )
    op.alter_column("project_rules", "retention_years", server_default=None)
    op.execute(TEXT_PLAIN)
    op.execute(TEXT_GRAMS)
    for table in ("projects", "organisations"):
        op.execute(f"CREATE INDEX ix_{table}__name_grams ON {table} USING gin (text_grams(name))")


def downgrade() -> None:
    for table in ("projects", "organisations"):
        op.execute(f"DROP INDEX ix_{table}__name_grams")
    op.execute("DROP FUNCTION text_grams(text)")
    op.execute("DROP FUNCTION text_plain(text)")
    op.drop_column("project_rules", "retention_years")
    op.drop_table("documents")
    op.drop_table("project_credits")
    op.drop_table("districts")
