"""Four-eyes tasks (双人复核): what one person proposes and another decides."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "four_eyes_tasks",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(collation="C"), nullable=False),
        sa.Column("subject", sa.String(collation="C"), nullable=False),
        sa.Column("proposal", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("organisation_code", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('PENDING', 'APPROVED', 'REJECTED')",
            name=op.f("ck_four_eyes_tasks__known_status"),
        ),
        sa.CheckConstraint(
            "status <> 'APPROVED' OR decided_by <> proposed_by",
            name=op.f("ck_four_eyes_tasks__four_eyes"),
        ),
        sa.CheckConstraint(
            "(status = 'PENDING') = (decided_at IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_four_eyes_tasks__decided_as_a_whole"),
        ),
        sa.CheckConstraint(
            "status <> 'REJECTED' OR comment IS NOT NULL",
            name=op.f("ck_four_eyes_tasks__rejected_with_comment"),
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_four_eyes_tasks")),
    )
    op.create_index(
        "uq_four_eyes_tasks__open",
        "four_eyes_tasks",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index("ix_four_eyes_tasks__subject", "four_eyes_tasks", ["subject", "task_id"])


def downgrade() -> None:
    op.drop_index("ix_four_eyes_tasks__subject", table_name="four_eyes_tasks")
    op.drop_index(
        "uq_four_eyes_tasks__open",
        table_name="four_eyes_tasks",
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.drop_table("four_eyes_tasks")
