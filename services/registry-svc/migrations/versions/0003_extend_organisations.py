"""Organisations in full: subjects, standing, competence, history, the rules of both; beneficiaries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT_KEY = sa.String(collation="C")
JSON = postgresql.JSONB(astext_type=sa.Text())
TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    _extend_organisations()
    _add_history()
    _add_rules()
    _backfill()
    _add_beneficiaries()


def _extend_organisations() -> None:
    op.add_column("organisations", sa.Column("account_subject", TEXT_KEY, nullable=True))
    op.execute("UPDATE organisations SET account_subject = substr(organisation_code, 9, 9)")
    op.alter_column("organisations", "account_subject", nullable=False)
    op.add_column(
        "organisations", sa.Column("former_codes", TEXTS, nullable=False, server_default="{}")
    )
    op.alter_column("organisations", "former_codes", server_default=None)
    op.add_column("organisations", sa.Column("status_reason", sa.Text(), nullable=True))
    op.add_column("organisations", sa.Column("banned_until", sa.Date(), nullable=True))
    op.add_column("organisations", sa.Column("code_override_reason", sa.Text(), nullable=True))
    op.add_column("organisations", sa.Column("competence", JSON, nullable=True))
    op.create_check_constraint(
        op.f("ck_organisations__banned_is_suspended"),
        "organisations",
        "banned_until IS NULL OR status = 'suspended'",
    )
    op.create_index(
        "ix_organisations__former_codes", "organisations", ["former_codes"], postgresql_using="gin"
    )
    op.create_table(
        "organisation_subjects",
        sa.Column("account_subject", TEXT_KEY, nullable=False),
        sa.Column("organisation_code", TEXT_KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_code"],
            ["organisations.organisation_code"],
            name=op.f("fk_organisation_subjects__organisation_code"),
        ),
        sa.PrimaryKeyConstraint("account_subject", name=op.f("pk_organisation_subjects")),
    )
    op.create_index(
        op.f("ix_organisation_subjects__organisation_code"),
        "organisation_subjects",
        ["organisation_code"],
    )


def _add_history() -> None:
    op.create_table(
        "organisation_changes",
        sa.Column("organisation_code", TEXT_KEY, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kinds", TEXTS, nullable=False),
        sa.Column("former_codes", TEXTS, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("banned_until", sa.Date(), nullable=True),
        sa.Column("competence", JSON, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action IN ('registered', 'changed', 'competence', 'suspended', 'resumed', 'banned')",
            name=op.f("ck_organisation_changes__known_action"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_code"],
            ["organisations.organisation_code"],
            name=op.f("fk_organisation_changes__organisation_code"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_code", "version", name=op.f("pk_organisation_changes")
        ),
    )


def _add_rules() -> None:
    op.create_table(
        "verifier_rules",
        sa.Column("requirement", TEXT_KEY, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "requirement IN ('staff_full_time_min', 'staff_experienced_min',"
            " 'dishonesty_free_years', 'accreditation')",
            name=op.f("ck_verifier_rules__known_requirement"),
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_verifier_rules__value_not_negative")),
        sa.PrimaryKeyConstraint("requirement", "valid_from", name=op.f("pk_verifier_rules")),
    )
    op.create_table(
        "ban_rules",
        sa.Column("offence", TEXT_KEY, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("years > 0", name=op.f("ck_ban_rules__years_positive")),
        sa.PrimaryKeyConstraint("offence", "valid_from", name=op.f("pk_ban_rules")),
    )


def _backfill() -> None:
    # Organisations that were entered before one subject was one account keep what they have; the
    # first registered holds the subject.
    op.execute(
        "INSERT INTO organisation_subjects (account_subject, organisation_code)"
        " SELECT DISTINCT ON (account_subject) account_subject, organisation_code"
        " FROM organisations ORDER BY account_subject, registered_at, organisation_code"
    )
    op.execute(
        "INSERT INTO organisation_changes (organisation_code, version, action, name, kinds,"
        " former_codes, status, changed_by, changed_at, reason)"
        " SELECT organisation_code, version, 'registered', name, kinds, former_codes, status,"
        " 'migration', registered_at, 'as it stood when the history began' FROM organisations"
    )


def _add_beneficiaries() -> None:
    op.create_table(
        "beneficiaries",
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("normalised_name", TEXT_KEY, nullable=False),
        sa.Column("is_name_public", sa.Boolean(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=True),
        sa.Column("identifier_kind", sa.Text(), nullable=True),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("identifier_digest", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposer_code", TEXT_KEY, nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('person', 'organisation', 'event')",
            name=op.f("ck_beneficiaries__known_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'reviewed', 'refused')",
            name=op.f("ck_beneficiaries__known_status"),
        ),
        sa.CheckConstraint(
            "kind <> 'person' OR identifier IS NULL",
            name=op.f("ck_beneficiaries__persons_have_no_identifier_in_clear"),
        ),
        sa.CheckConstraint(
            "(identifier_kind IS NULL) = (identifier_digest IS NULL)",
            name=op.f("ck_beneficiaries__identified_as_a_whole"),
        ),
        sa.CheckConstraint(
            "(status = 'proposed') = (reviewed_at IS NULL)"
            " AND (reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name=op.f("ck_beneficiaries__reviewed_as_a_whole"),
        ),
        sa.PrimaryKeyConstraint("beneficiary_id", name=op.f("pk_beneficiaries")),
    )
    op.create_index(
        "uq_beneficiaries__identifier",
        "beneficiaries",
        ["kind", "country", "identifier_kind", "identifier_digest"],
        unique=True,
        postgresql_where=sa.text("status <> 'refused' AND identifier_digest IS NOT NULL"),
    )
    op.create_index(
        "uq_beneficiaries__name",
        "beneficiaries",
        ["kind", "country", "normalised_name", sa.text("coalesce(district_code, '')")],
        unique=True,
        postgresql_where=sa.text("status <> 'refused' AND identifier_digest IS NULL"),
    )
    op.create_index("ix_beneficiaries__normalised_name", "beneficiaries", ["normalised_name"])
    op.create_index("ix_beneficiaries__status", "beneficiaries", ["status", "beneficiary_id"])


def downgrade() -> None:
    op.drop_table("beneficiaries")
    op.drop_table("ban_rules")
    op.drop_table("verifier_rules")
    op.drop_table("organisation_changes")
    op.drop_table("organisation_subjects")
    op.drop_index(
        "ix_organisations__former_codes", table_name="organisations", postgresql_using="gin"
    )
    op.drop_constraint(op.f("ck_organisations__banned_is_suspended"), "organisations")
    for column in (
        "competence",
        "code_override_reason",
        "banned_until",
        "status_reason",
        "former_codes",
        "account_subject",
    ):
        op.drop_column("organisations", column)
