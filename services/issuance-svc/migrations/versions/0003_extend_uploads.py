"""Uploads as jobs: a state, a lease, progress, problems; files in the store of blobs.

Files of before stay in upload_contents and can still be read; new ones no longer go there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WAITING = "state IN ('RECEIVED', 'READING')"


def upgrade() -> None:
    op.drop_constraint(op.f("fk_uploads__sha256"), "uploads", type_="foreignkey")
    op.drop_constraint(op.f("ck_uploads__known_kind"), "uploads", type_="check")
    op.drop_constraint(op.f("uq_uploads__project_id_sha256"), "uploads", type_="unique")
    op.alter_column("uploads", "size_bytes", type_=sa.BigInteger())
    op.alter_column("uploads", "rows", type_=sa.BigInteger())
    empty = sa.text("'{}'::jsonb")
    # Every upload of before was a CSV file whose rows are stored.
    for column, default in (
        (sa.Column("format", sa.Text(), nullable=False), sa.text("'csv'")),
        (
            sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
            empty,
        ),
        (sa.Column("options_key", sa.String(collation="C"), nullable=False), sa.text("''")),
        (sa.Column("state", sa.Text(), nullable=False), sa.text("'STORED'")),
        (sa.Column("rows_read", sa.BigInteger(), nullable=False), sa.text("0")),
        (sa.Column("bytes_read", sa.BigInteger(), nullable=False), sa.text("0")),
        (sa.Column("problems_total", sa.BigInteger(), nullable=False), sa.text("0")),
        (sa.Column("attempts", sa.Integer(), nullable=False), sa.text("1")),
    ):
        column.server_default = sa.DefaultClause(default)
        op.add_column("uploads", column)
        op.alter_column("uploads", column.name, server_default=None)
    op.add_column("uploads", sa.Column("refusal", postgresql.JSONB(astext_type=sa.Text())))
    op.add_column("uploads", sa.Column("worker", sa.Text()))
    op.add_column("uploads", sa.Column("lease_until", sa.DateTime(timezone=True)))
    op.add_column("uploads", sa.Column("finished_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE uploads SET rows_read = rows, bytes_read = size_bytes, finished_at = uploaded_at"
    )
    _constrain()
    op.create_table(
        "upload_problems",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("problem_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row_no", sa.BigInteger(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("what_zh", sa.Text(), nullable=False),
        sa.Column("what_en", sa.Text(), nullable=False),
        sa.Column("cure_zh", sa.Text(), nullable=False),
        sa.Column("cure_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_upload_problems__upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", "problem_no", name=op.f("pk_upload_problems")),
    )


def _constrain() -> None:
    op.create_unique_constraint(
        "uq_uploads__same_file", "uploads", ["project_id", "kind", "options_key", "sha256"]
    )
    op.create_check_constraint(
        op.f("ck_uploads__known_state"),
        "uploads",
        "state IN ('RECEIVED', 'READING', 'STORED', 'REFUSED', 'FAILED', 'CANCELLED')",
    )
    op.create_check_constraint(
        op.f("ck_uploads__reading_has_worker"),
        "uploads",
        "(state = 'READING') = (worker IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_uploads__worker_has_lease"),
        "uploads",
        "(worker IS NULL) = (lease_until IS NULL)",
    )
    op.create_index("ix_uploads__project", "uploads", ["project_id", "upload_id"])
    op.create_index(
        "ix_uploads__waiting", "uploads", ["upload_id"], postgresql_where=sa.text(_WAITING)
    )


def downgrade() -> None:
    """Possible as long as no file came that the tables of before cannot hold."""
    op.drop_table("upload_problems")
    op.drop_index("ix_uploads__waiting", table_name="uploads", postgresql_where=sa.text(_WAITING))
    op.drop_index("ix_uploads__project", table_name="uploads")
    for name in ("known_state", "reading_has_worker", "worker_has_lease"):
        op.drop_constraint(op.f(f"ck_uploads__{name}"), "uploads", type_="check")
    op.drop_constraint("uq_uploads__same_file", "uploads", type_="unique")
    for name in (
        "format",
        "options",
        "options_key",
        "state",
        "rows_read",
        "bytes_read",
        "problems_total",
        "attempts",
        "refusal",
        "worker",
        "lease_until",
        "finished_at",
    ):
        op.drop_column("uploads", name)
    op.alter_column("uploads", "rows", type_=sa.Integer())
    op.alter_column("uploads", "size_bytes", type_=sa.Integer())
    op.create_unique_constraint(
        op.f("uq_uploads__project_id_sha256"), "uploads", ["project_id", "sha256"]
    )
    op.create_check_constraint(
        op.f("ck_uploads__known_kind"), "uploads", "kind IN ('meter_readings', 'plot_inventory')"
    )
    op.create_foreign_key(
        op.f("fk_uploads__sha256"), "uploads", "upload_contents", ["sha256"], ["sha256"]
    )
