"""Meters: one meter under every spelling of its number."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Where two projects hold one meter already, the first keeps the key and the others keep their
# spelling as theirs: no key is written like that, so both stay as they were and nobody can join.
BACKFILL = """
WITH spelt AS (
    SELECT project_id, meter_no, released_at,
           ltrim(regexp_replace(upper(meter_no), '[^0-9A-Z]', '', 'g'), '0') COLLATE "C" AS meter_key
    FROM project_meters
), ranked AS (
    SELECT project_id, meter_no, meter_key,
           row_number() OVER (
               PARTITION BY meter_key, released_at IS NULL
               ORDER BY meter_no <> meter_key, project_id, meter_no
           ) AS place,
           released_at
    FROM spelt
)
UPDATE project_meters
SET meter_key = CASE
    WHEN ranked.released_at IS NULL AND ranked.place > 1 THEN ranked.meter_no
    ELSE ranked.meter_key
END
FROM ranked
WHERE project_meters.project_id = ranked.project_id
  AND project_meters.meter_no = ranked.meter_no
"""


def upgrade() -> None:
    op.add_column("project_meters", sa.Column("meter_key", sa.String(collation="C"), nullable=True))
    op.execute(BACKFILL)
    op.alter_column("project_meters", "meter_key", nullable=False)
    op.create_index(
        "uq_project_meters__meter_key",
        "project_meters",
        ["meter_key"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_index(
        "uq_project_meters__meter_no",
        table_name="project_meters",
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.create_index(
        "uq_project_meters__meter_no",
        "project_meters",
        ["meter_no"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_index(
        "uq_project_meters__meter_key",
        table_name="project_meters",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_column("project_meters", "meter_key")
