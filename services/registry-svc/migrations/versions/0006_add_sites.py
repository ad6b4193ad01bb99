"""Sites: outlines of parcels, fleets of vehicles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


class _Box(UserDefinedType):
    """PostgreSQL's own `box`: core GiST indexes it, no extension is needed."""

    cache_ok = True

    def get_col_spec(self, **_):
        return "BOX"


def upgrade() -> None:
    op.add_column("project_parcels", sa.Column("outline", sa.LargeBinary(), nullable=True))
    op.add_column("project_parcels", sa.Column("bbox", _Box(), nullable=True))
    op.add_column("project_parcels", sa.Column("crs", sa.Text(), nullable=True))
    op.add_column(
        "project_parcels",
        sa.Column("computed_area_m2", sa.Numeric(precision=14, scale=2), nullable=True),
    )
    op.create_check_constraint(
        op.f("ck_project_parcels__computed_area_positive"),
        "project_parcels",
        "computed_area_m2 > 0",
    )
    op.create_check_constraint(
        op.f("ck_project_parcels__drawn_as_a_whole"),
        "project_parcels",
        "num_nulls(outline, bbox, crs, computed_area_m2) IN (0, 4)",
    )
    op.create_index(
        "ix_project_parcels__bbox",
        "project_parcels",
        ["bbox"],
        postgresql_using="gist",
        postgresql_where=sa.text("released_at IS NULL AND bbox IS NOT NULL"),
    )
    op.create_table(
        "project_vehicles",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("plate_no", sa.String(collation="C"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name=op.f("fk_project_vehicles__project_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "plate_no", name=op.f("pk_project_vehicles")),
    )
    op.create_index(
        "uq_project_vehicles__plate_no",
        "project_vehicles",
        ["plate_no"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_project_vehicles__plate_no",
        table_name="project_vehicles",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_table("project_vehicles")
    op.drop_index(
        "ix_project_parcels__bbox",
        table_name="project_parcels",
        postgresql_using="gist",
        postgresql_where=sa.text("released_at IS NULL AND bbox IS NOT NULL"),
    )
    op.drop_constraint(op.f("ck_project_parcels__drawn_as_a_whole"), "project_parcels")
    op.drop_constraint(op.f("ck_project_parcels__computed_area_positive"), "project_parcels")
    op.drop_column("project_parcels", "computed_area_m2")
    op.drop_column("project_parcels", "crs")
    op.drop_column("project_parcels", "bbox")
    op.drop_column("project_parcels", "outline")
