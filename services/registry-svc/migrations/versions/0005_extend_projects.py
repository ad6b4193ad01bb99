"""Projects in full: kept versions, capacity and place, who took each step, four-eyes tasks, notices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Every step of R12 is told by the statuses it lies between.
STEPS = (
    ("NOTICE", "DRAFT", "notice"),
    ("VALIDATED", "NOTICE", "validation"),
    ("REJECTED", "NOTICE", "negative_validation"),
    ("REGISTERED", "VALIDATED", "registration"),
    ("REJECTED", "VALIDATED", "refusal"),
    ("SUSPENDED", "REGISTERED", "suspension"),
    ("REGISTERED", "SUSPENDED", "resumption"),
)


def upgrade() -> None:
    _extend_projects()
    _extend_history()
    _keep_versions()
    _limit_comments()


def _extend_projects() -> None:
    op.add_column("projects", sa.Column("capacity_kw", sa.Numeric(precision=12, scale=3)))
    op.add_column("projects", sa.Column("pv_mode", sa.Text()))
    op.add_column("projects", sa.Column("latitude", sa.Numeric()))
    op.add_column("projects", sa.Column("longitude", sa.Numeric()))
    op.add_column(
        "projects",
        sa.Column(
            "green_certificate_claim", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    op.alter_column("projects", "green_certificate_claim", server_default=None)
    op.add_column("projects", sa.Column("deregistration_ground", sa.Text()))
    op.add_column("projects", sa.Column("deregistered_on", sa.Date()))
    op.execute(
        "UPDATE projects SET pv_mode = 'grid_connected' WHERE project_type = 'distributed_pv'"
    )
    op.create_check_constraint(
        op.f("ck_projects__known_pv_mode"), "projects", "pv_mode IN ('own_use', 'grid_connected')"
    )
    op.create_check_constraint(
        op.f("ck_projects__known_ground"),
        "projects",
        "deregistration_ground IN ('owner_gone', 'project_gone', 'voluntary', 'falsification')",
    )
    op.create_index(
        "ix_projects__decision_due",
        "projects",
        ["decision_due"],
        postgresql_where=sa.text("status = 'VALIDATED'"),
    )


def _extend_history() -> None:
    op.add_column("project_status_changes", sa.Column("step", sa.Text()))
    for status, before, step in STEPS:
        op.execute(
            f"UPDATE project_status_changes SET step = '{step}'"  # noqa: S608 - constants above
            f" WHERE status = '{status}' AND status_before = '{before}'"
        )
    op.execute("UPDATE project_status_changes SET step = 'recall' WHERE status = 'RECALLED'")
    op.execute(
        "UPDATE project_status_changes SET step = 'deregistration' WHERE status = 'DEREGISTERED'"
    )
    op.alter_column("project_status_changes", "step", nullable=False)
    op.add_column(
        "project_status_changes", sa.Column("organisation_code", sa.String(collation="C"))
    )
    op.add_column("project_status_changes", sa.Column("task_id", sa.Uuid()))


def _keep_versions() -> None:
    op.create_table(
        "project_versions",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("declared", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_project_versions__project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_project_versions")),
    )
    # What was filed so far could not be amended: the columns still say it.
    op.execute(
        """
        INSERT INTO project_versions (project_id, version, declared, filed_at)
        SELECT p.project_id, 1, jsonb_build_object(
            'name', p.name, 'unit_type', p.unit_type, 'methodology_code', p.methodology_code,
            'pdd_author_code', p.pdd_author_code, 'district_code', p.district_code,
            'construction_start', p.construction_start, 'operation_date', p.operation_date,
            'crediting_start', p.crediting_start, 'crediting_end', p.crediting_end,
            'meters', (SELECT coalesce(jsonb_agg(m.meter_no ORDER BY m.meter_no), '[]')
                       FROM project_meters m WHERE m.project_id = p.project_id),
            'parcels', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                            'parcel_no', c.parcel_no, 'area_m2', c.area_m2::text,
                            'land_use', c.land_use, 'non_forest_since', c.non_forest_since,
                            'is_wetland', c.is_wetland) ORDER BY c.parcel_no), '[]')
                        FROM project_parcels c WHERE c.project_id = p.project_id),
            'species', p.species, 'baseline_grid', p.baseline_grid,
            'baseline_factor_year', p.baseline_factor_year), p.created_at
        FROM projects p
        """
    )


def _limit_comments() -> None:
    op.add_column("project_comments", sa.Column("idempotency_key", sa.String(collation="C")))
    op.create_index(
        "uq_project_comments__idempotency_key",
        "project_comments",
        ["project_id", "idempotency_key"],
        unique=True,
    )
    op.add_column(
        "project_rules",
        sa.Column("comments_max", sa.Integer(), nullable=False, server_default="2000"),
    )
    op.alter_column("project_rules", "comments_max", server_default=None)


def downgrade() -> None:
    op.drop_column("project_rules", "comments_max")
    op.drop_index("uq_project_comments__idempotency_key", table_name="project_comments")
    op.drop_column("project_comments", "idempotency_key")
    op.drop_table("project_versions")
    for column in ("task_id", "organisation_code", "step"):
        op.drop_column("project_status_changes", column)
    op.drop_index("ix_projects__decision_due", table_name="projects")
    for constraint in ("ck_projects__known_ground", "ck_projects__known_pv_mode"):
        op.drop_constraint(constraint, "projects")
    for column in (
        "deregistered_on",
        "deregistration_ground",
        "green_certificate_claim",
        "longitude",
        "latitude",
        "pv_mode",
        "capacity_kw",
    ):
        op.drop_column("projects", column)
