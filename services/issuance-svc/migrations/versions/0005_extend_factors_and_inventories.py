"""Factors by two persons, their kinds as data; tree inventories and what was odd in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "factor_kinds",
        sa.Column("kind", sa.String(collation="C"), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("used_for", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("parts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("instead", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_factor_kinds")),
    )
    # Packaged factors of before state neither validity nor persons, like those of today.
    op.add_column("factors", sa.Column("valid_from", sa.Date()))
    op.add_column("factors", sa.Column("valid_until", sa.Date()))
    op.add_column("factors", sa.Column("task_id", sa.Uuid()))
    op.add_column("factors", sa.Column("proposed_by", sa.Text()))
    op.add_column("factors", sa.Column("approved_by", sa.Text()))
    op.add_column("factors", sa.Column("recorded_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_factors__valid_forwards"), "factors", "valid_from <= valid_until"
    )
    op.create_check_constraint(
        op.f("ck_factors__two_persons"), "factors", "proposed_by <> approved_by"
    )
    _create_inventories()


def _create_inventories() -> None:
    op.create_table(
        "tree_measurements",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("plot_no", sa.String(collation="C"), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("tree_no", sa.String(collation="C"), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("species", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("dbh_cm", sa.Numeric(), nullable=True),
        sa.Column("height_m", sa.Numeric(), nullable=True),
        sa.Column("agb_kg", sa.Numeric(), nullable=True),
        sa.Column("trees_per_ha", sa.Numeric(), nullable=False),
        sa.CheckConstraint(
            "status IN ('live', 'dead', 'removed', 'empty')",
            name=op.f("ck_tree_measurements__known_status"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_tree_measurements__upload_id")
        ),
        sa.PrimaryKeyConstraint(
            "upload_id", "plot_no", "measured_on", "tree_no", name=op.f("pk_tree_measurements")
        ),
    )
    op.create_table(
        "stands",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("plot_no", sa.String(collation="C"), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("group_key", sa.String(collation="C"), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("plot_area_m2", sa.Numeric(), nullable=False),
        sa.Column("stratum_area_ha", sa.Numeric(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("species", sa.Text(), nullable=True),
        sa.Column("trees", sa.Integer(), nullable=False),
        sa.Column("trees_per_ha", sa.Numeric(), nullable=False),
        sa.Column("d73_per_ha", sa.Numeric(), nullable=True),
        sa.Column("agb_t_per_ha", sa.Numeric(), nullable=True),
        sa.CheckConstraint(
            "(basis = 'measured' AND agb_t_per_ha IS NOT NULL AND d73_per_ha IS NULL"
            " AND species IS NULL) OR (basis = 'allometry' AND agb_t_per_ha IS NULL"
            " AND d73_per_ha IS NOT NULL AND species IS NOT NULL)",
            name=op.f("ck_stands__one_basis"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_stands__upload_id")
        ),
        sa.PrimaryKeyConstraint(
            "upload_id", "plot_no", "measured_on", "group_key", name=op.f("pk_stands")
        ),
    )
    op.create_table(
        "inventory_remarks",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("remark_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("plot_no", sa.Text(), nullable=False),
        sa.Column("tree_no", sa.Text(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name=op.f("fk_inventory_remarks__upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", "remark_no", name=op.f("pk_inventory_remarks")),
    )


def downgrade() -> None:
    op.drop_table("inventory_remarks")
    op.drop_table("stands")
    op.drop_table("tree_measurements")
    op.drop_constraint(op.f("ck_factors__two_persons"), "factors", type_="check")
    op.drop_constraint(op.f("ck_factors__valid_forwards"), "factors", type_="check")
    for column in (
        "recorded_at",
        "approved_by",
        "proposed_by",
        "task_id",
        "valid_until",
        "valid_from",
    ):
        op.drop_column("factors", column)
    op.drop_table("factor_kinds")
