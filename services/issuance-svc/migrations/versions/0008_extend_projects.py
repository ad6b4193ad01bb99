"""What registry-svc tells of projects in full: capacity, place, non-permanence, why it stands still."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("status_reason", sa.Text()))
    op.add_column("projects", sa.Column("capacity_kw", sa.Numeric()))
    op.add_column("projects", sa.Column("pv_mode", sa.Text()))
    op.add_column("projects", sa.Column("latitude", sa.Numeric()))
    op.add_column("projects", sa.Column("longitude", sa.Numeric()))
    op.add_column(
        "projects",
        sa.Column("non_permanence", sa.Text(), nullable=False, server_default="none"),
    )
    op.alter_column("projects", "non_permanence", server_default=None)
    # Projects from before the event said so: grid-connected, and forests under K_RISK.
    op.execute(
        "UPDATE projects SET pv_mode = 'grid_connected' WHERE project_type = 'distributed_pv'"
    )
    op.execute(
        "UPDATE projects SET non_permanence = 'deduction' WHERE project_type = 'afforestation'"
    )


def downgrade() -> None:
    for column in (
        "non_permanence",
        "longitude",
        "latitude",
        "pv_mode",
        "capacity_kw",
        "status_reason",
    ):
        op.drop_column("projects", column)
