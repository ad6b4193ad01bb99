"""Methodologies in full: versions, applicability, expert panels, steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT_KEY = sa.String(collation="C")
JSON = postgresql.JSONB(astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
STATUSES = "status IN ('DRAFT', 'REVIEWED', 'PUBLISHED', 'WITHDRAWN')"
STATED = (
    "series",
    "version_no",
    "third_party_required",
    "non_permanence",
    "applicability",
    "status",
)


def upgrade() -> None:
    _add_columns()
    _backfill()
    _constrain()
    _add_panels()
    _add_steps()


def _add_columns() -> None:
    for column in (
        sa.Column("series", TEXT_KEY, nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("third_party_required", sa.Boolean(), nullable=True),
        sa.Column("non_permanence", sa.Text(), nullable=True),
        sa.Column("applicability", JSON, nullable=True),
        sa.Column("transition_until", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
    ):
        op.add_column("methodologies", column)
    op.alter_column("methodologies", "published_at", nullable=True)


def _backfill() -> None:
    # What is published keeps saying what it said: no rules of applicability are added to it, and
    # afforestation deducted for non-permanence before the column said so.
    op.execute(
        "UPDATE methodologies SET"
        " series = regexp_replace(methodology_code, '-V[0-9]+$', ''),"
        " version_no = substring(methodology_code from 'V([0-9]+)$')::integer,"
        " third_party_required = true,"
        " non_permanence = CASE project_type WHEN 'afforestation' THEN 'deduction' ELSE 'none' END,"
        " applicability = '[]', status = 'PUBLISHED'"
    )
    for column in STATED:
        op.alter_column("methodologies", column, nullable=False)


def _constrain() -> None:
    for name, condition in (
        ("known_status", STATUSES),
        ("known_non_permanence", "non_permanence IN ('none', 'deduction', 'buffer')"),
        ("published_as_a_whole", "(published_at IS NULL) = (status IN ('DRAFT', 'REVIEWED'))"),
        ("withdrawn_as_a_whole", "(withdrawn_on IS NULL) = (status <> 'WITHDRAWN')"),
    ):
        op.create_check_constraint(op.f(f"ck_methodologies__{name}"), "methodologies", condition)
    op.create_unique_constraint(
        op.f("uq_methodologies__series_version_no"), "methodologies", ["series", "version_no"]
    )


def _add_panels() -> None:
    op.create_table(
        "methodology_panels",
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("methodology_code", TEXT_KEY, nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("members", JSON, nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("approve_votes", sa.Integer(), nullable=False),
        sa.Column("reject_votes", sa.Integer(), nullable=False),
        sa.Column("abstain_votes", sa.Integer(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("is_unanimous", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["methodology_code"],
            ["methodologies.methodology_code"],
            name=op.f("fk_methodology_panels__methodology_code"),
        ),
        sa.PrimaryKeyConstraint("panel_id", name=op.f("pk_methodology_panels")),
    )
    op.create_index(
        "ix_methodology_panels__code", "methodology_panels", ["methodology_code", "panel_id"]
    )
    op.create_table(
        "panel_rules",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("members_min", sa.Integer(), nullable=False),
        sa.Column("majority_of", sa.Integer(), nullable=False),
        sa.Column("majority_in", sa.Integer(), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("members_min > 0", name=op.f("ck_panel_rules__members_positive")),
        sa.CheckConstraint(
            "0 < majority_of AND majority_of <= majority_in",
            name=op.f("ck_panel_rules__majority_is_a_share"),
        ),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_panel_rules")),
    )


def _add_steps() -> None:
    op.create_table(
        "methodology_steps",
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("methodology_code", TEXT_KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(STATUSES, name=op.f("ck_methodology_steps__known_status")),
        sa.ForeignKeyConstraint(
            ["methodology_code"],
            ["methodologies.methodology_code"],
            name=op.f("fk_methodology_steps__methodology_code"),
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_methodology_steps")),
    )
    op.create_index(
        op.f("ix_methodology_steps__methodology_code"), "methodology_steps", ["methodology_code"]
    )
    # A version-7 id made of the moment of publication and the code: it sorts before later steps.
    op.execute(
        "INSERT INTO methodology_steps (step_id, methodology_code, status, what, changed_by,"
        " changed_at) SELECT (lpad(to_hex((extract(epoch FROM published_at) * 1000)::bigint), 12,"
        " '0') || '7' || substr(md5(methodology_code), 1, 3) || '8' ||"
        " substr(md5(methodology_code), 4, 15))::uuid, methodology_code, status, 'seeded', 'seed',"
        " published_at FROM methodologies"
    )


def downgrade() -> None:
    op.drop_table("methodology_steps")
    op.drop_table("panel_rules")
    op.drop_table("methodology_panels")
    op.drop_constraint(op.f("uq_methodologies__series_version_no"), "methodologies")
    for name in (
        "withdrawn_as_a_whole",
        "published_as_a_whole",
        "known_non_permanence",
        "known_status",
    ):
        op.drop_constraint(op.f(f"ck_methodologies__{name}"), "methodologies")
    # Drafts did not exist before.
    op.execute("DELETE FROM methodologies WHERE published_at IS NULL")
    op.alter_column("methodologies", "published_at", nullable=False)
    for column in ("withdrawal_reason", "withdrawn_on", "transition_until", *reversed(STATED)):
        op.drop_column("methodologies", column)
