"""Which multiplier an interval file was read with, so that a corrected meter is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interval_days", sa.Column("multiplier", sa.Numeric()))
    # Files of before were multiplied by the meter's record as it stood when they came.
    op.execute(
        """
        UPDATE interval_days SET multiplier = (
            SELECT meters.multiplier FROM meters
            WHERE meters.project_id = uploads.project_id
                AND meters.meter_no = interval_days.meter_no
                AND meters.recorded_at <= uploads.uploaded_at
            ORDER BY meters.version DESC LIMIT 1
        )
        FROM uploads
        WHERE uploads.upload_id = interval_days.upload_id
            AND uploads.options ->> 'values' = 'secondary'
        """
    )


def downgrade() -> None:
    op.drop_column("interval_days", "multiplier")
