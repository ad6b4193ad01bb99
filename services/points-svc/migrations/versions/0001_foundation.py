"""foundation

Follows ; drafted 2026-11-23.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aggregates",
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("operator_code", sa.Text(), nullable=False),
        sa.Column("scenario_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("trips", sa.BigInteger(), nullable=False),
        sa.Column("total_g", sa.BigInteger(), nullable=False),
        sa.Column("by_vintage_g", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("factor_versions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issuance_id", sa.Text(), nullable=True),
        sa.Column("report_id", sa.Text(), nullable=True),
        sa.Column(
            "blocks", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(issuance_id IS NULL) = (issued_at IS NULL)",
            name=op.f("ck_aggregates__issued_as_a_whole"),
        ),
        sa.CheckConstraint("period_start <= period_end", name=op.f("ck_aggregates__period")),
        sa.CheckConstraint("trips > 0 AND total_g > 0", name=op.f("ck_aggregates__positive")),
        sa.PrimaryKeyConstraint("aggregate_id", name=op.f("pk_aggregates")),
    )
    op.create_table(
        "citizens",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("citizen_id", name=op.f("pk_citizens")),
    )
    op.create_table(
        "coupon_codes",
        sa.Column("reward_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reward_id", "code", name=op.f("pk_coupon_codes")),
    )
    op.create_table(
        "entries",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("tenths", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "debit IN ('programme', 'citizen', 'receivable', 'redeemed', 'expired') AND credit IN ('programme', 'citizen', 'receivable', 'redeemed', 'expired')",
            name=op.f("ck_entries__known_sides"),
        ),
        sa.CheckConstraint(
            "kind IN ('earn', 'reverse', 'settle', 'redeem', 'expire')",
            name=op.f("ck_entries__known_kind"),
        ),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_entries__two_sides")),
        sa.CheckConstraint(
            "tenths >= 0 AND grams >= 0 AND tenths + grams > 0", name=op.f("ck_entries__positive")
        ),
        sa.PrimaryKeyConstraint("citizen_id", "entry_id", name=op.f("pk_entries")),
    )
    op.create_table(
        "idempotency_answers",
        sa.Column("scope", sa.String(collation="C"), nullable=False),
        sa.Column("key", sa.String(collation="C"), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_answers")),
    )
    op.create_table(
        "identities",
        sa.Column("identity_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "octet_length(identity_hmac) = 32", name=op.f("ck_identities__hmac_sha256")
        ),
        sa.PrimaryKeyConstraint("identity_hmac", name=op.f("pk_identities")),
    )
    op.create_table(
        "inbox",
        sa.Column("inbox_group", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("inbox_group", "event_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox__received_at", "inbox", ["received_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "live_trips",
        sa.Column("trip_id", sa.String(collation="C"), nullable=False),
        sa.Column("partner_id", sa.String(collation="C"), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trip_id", "partner_id", name=op.f("pk_live_trips")),
    )
    op.create_table(
        "lots",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earned_tenths", sa.BigInteger(), nullable=False),
        sa.Column("remaining_tenths", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "remaining_tenths BETWEEN 0 AND earned_tenths",
            name=op.f("ck_lots__remaining_within_earned"),
        ),
        sa.PrimaryKeyConstraint("citizen_id", "expires_on", "lot_id", name=op.f("pk_lots")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox__event_id")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_insert_scale_factor": "0.05",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
    op.create_index(
        "ix_outbox__created_at", "outbox", ["created_at"], unique=False, postgresql_using="brin"
    )
    op.create_index(
        "ix_outbox__dead_letters",
        "outbox",
        ["topic", "created_at"],
        unique=False,
        postgresql_where=sa.text("type = 'dead-letter'"),
    )
    op.create_index(
        "ix_outbox__unpublished",
        "outbox",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "programme_rules",
        sa.Column("rule_id", sa.String(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "grade IN ('V1', 'V2', 'M', 'D')", name=op.f("ck_programme_rules__known_grade")
        ),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_programme_rules")),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", sa.String(collation="C"), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_projects")),
    )
    op.create_table(
        "reward_stocks",
        sa.Column("reward_id", sa.Uuid(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("remaining >= 0", name=op.f("ck_reward_stocks__never_negative")),
        sa.PrimaryKeyConstraint("reward_id", name=op.f("pk_reward_stocks")),
    )
    op.create_table(
        "rewards",
        sa.Column("reward_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points_tenths", sa.BigInteger(), nullable=False),
        sa.Column("face_fen", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=False),
        sa.Column("per_citizen_max", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('coupon')", name=op.f("ck_rewards__known_kind")),
        sa.CheckConstraint("per_citizen_max > 0", name=op.f("ck_rewards__per_citizen_positive")),
        sa.CheckConstraint(
            "points_tenths > 0 AND face_fen >= 0 AND stock > 0", name=op.f("ck_rewards__positive")
        ),
        sa.PrimaryKeyConstraint("reward_id", name=op.f("pk_rewards")),
    )
    op.create_table(
        "scenarios",
        sa.Column("scenario_id", sa.String(collation="C"), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column(
            "operators", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("pending_days", sa.Integer(), nullable=False),
        sa.Column("methodology_code", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "grade IN ('V1', 'V2', 'M', 'D')", name=op.f("ck_scenarios__known_grade")
        ),
        sa.CheckConstraint("pending_days >= 0", name=op.f("ck_scenarios__pending_not_negative")),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_scenarios__valid_days")),
        sa.PrimaryKeyConstraint("scenario_id", name=op.f("pk_scenarios")),
    )
    op.create_table(
        "subjects",
        sa.Column("subject_token", sa.String(collation="C"), nullable=False),
        sa.Column("partner_id", sa.String(collation="C"), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("is_own_app", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject_token", "partner_id", name=op.f("pk_subjects")),
    )
    op.create_table(
        "trip_claims",
        sa.Column("event_id", sa.String(collation="C"), nullable=False),
        sa.Column("partner_id", sa.String(collation="C"), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=True),
        sa.Column("receipt", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("credited_g", sa.Integer(), nullable=False),
        sa.Column("points_tenths", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.CHAR(length=1), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('A', 'R', 'Q')", name=op.f("ck_trip_claims__known_verdict")
        ),
        sa.CheckConstraint(
            "octet_length(content_sha256) = 32", name=op.f("ck_trip_claims__sha256")
        ),
        sa.PrimaryKeyConstraint("event_id", "partner_id", name=op.f("pk_trip_claims")),
    )
    op.create_table(
        "trips",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("receipt", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("trip_id", sa.Text(), nullable=False),
        sa.Column("scenario_id", sa.Text(), nullable=False),
        sa.Column("scenario_version", sa.Integer(), nullable=True),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.Column("distance_method", sa.Text(), nullable=True),
        sa.Column("steps", sa.Integer(), nullable=True),
        sa.Column("start_cell", sa.Text(), nullable=True),
        sa.Column("end_cell", sa.Text(), nullable=True),
        sa.Column("verdict", sa.CHAR(length=1), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "rule", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("credited_g", sa.Integer(), nullable=False),
        sa.Column("points_tenths", sa.Integer(), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict <> 'A' OR start_time <= end_time", name=op.f("ck_trips__interval")
        ),
        sa.CheckConstraint(
            "verdict = 'A' OR credited_g + points_tenths = 0",
            name=op.f("ck_trips__credit_if_accepted"),
        ),
        sa.CheckConstraint("verdict IN ('A', 'R', 'Q')", name=op.f("ck_trips__known_verdict")),
        sa.CheckConstraint(
            "credited_g >= 0 AND points_tenths >= 0", name=op.f("ck_trips__never_negative")
        ),
        sa.PrimaryKeyConstraint("citizen_id", "day", "receipt", name=op.f("pk_trips")),
    )
    op.create_index(
        "ix_trips__aggregate_id",
        "trips",
        ["aggregate_id"],
        unique=False,
        postgresql_where=sa.text("aggregate_id IS NOT NULL"),
    )
    op.create_table(
        "accounts",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("available_tenths", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("receivable_tenths", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("earned_tenths", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("redeemed_tenths", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expired_tenths", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credited_g", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("trips_accepted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "available_tenths - receivable_tenths = earned_tenths - redeemed_tenths - expired_tenths",
            name=op.f("ck_accounts__balanced"),
        ),
        sa.CheckConstraint(
            "available_tenths >= 0 AND receivable_tenths >= 0 AND earned_tenths >= 0 AND redeemed_tenths >= 0 AND expired_tenths >= 0 AND credited_g >= 0 AND trips_accepted >= 0",
            name=op.f("ck_accounts__never_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name=op.f("fk_accounts__citizen_id")
        ),
        sa.PrimaryKeyConstraint("citizen_id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "citizen_partners",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.String(collation="C"), nullable=False),
        sa.Column("subject_token", sa.String(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name=op.f("fk_citizen_partners__citizen_id")
        ),
        sa.PrimaryKeyConstraint("citizen_id", "partner_id", name=op.f("pk_citizen_partners")),
    )
    op.create_table(
        "consents",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("scenario_id", sa.String(collation="C"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('credit', 'aggregation')", name=op.f("ck_consents__known_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.citizen_id"], name=op.f("fk_consents__citizen_id")
        ),
        sa.PrimaryKeyConstraint("citizen_id", "scenario_id", "purpose", name=op.f("pk_consents")),
    )
    op.create_table(
        "scenario_versions",
        sa.Column("scenario_id", sa.String(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["scenario_id"],
            ["scenarios.scenario_id"],
            name=op.f("fk_scenario_versions__scenario_id"),
        ),
        sa.PrimaryKeyConstraint("scenario_id", "version", name=op.f("pk_scenario_versions")),
    )
    op.create_table(
        "redemptions",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("reward_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("points_tenths", sa.BigInteger(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 AND points_tenths > 0", name=op.f("ck_redemptions__positive")
        ),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["accounts.citizen_id"], name=op.f("fk_redemptions__citizen_id")
        ),
        sa.PrimaryKeyConstraint("citizen_id", "redemption_id", name=op.f("pk_redemptions")),
    )
    op.create_table(
        "redemption_lots",
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("tenths", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("tenths > 0", name=op.f("ck_redemption_lots__positive")),
        sa.ForeignKeyConstraint(
            ["citizen_id", "expires_on", "lot_id"],
            ["lots.citizen_id", "lots.expires_on", "lots.lot_id"],
            name=op.f("fk_redemption_lots__citizen_id_expires_on_lot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["citizen_id", "redemption_id"],
            ["redemptions.citizen_id", "redemptions.redemption_id"],
            name=op.f("fk_redemption_lots__citizen_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint(
            "citizen_id", "redemption_id", "expires_on", "lot_id", name=op.f("pk_redemption_lots")
        ),
    )


def downgrade() -> None:
    op.drop_table("redemption_lots")
    op.drop_table("redemptions")
    op.drop_table("scenario_versions")
    op.drop_table("consents")
    op.drop_table("citizen_partners")
    op.drop_table("accounts")
    op.drop_index(
        "ix_trips__aggregate_id",
        table_name="trips",
        postgresql_where=sa.text("aggregate_id IS NOT NULL"),
    )
    op.drop_table("trips")
    op.drop_table("trip_claims")
    op.drop_table("subjects")
    op.drop_table("scenarios")
    op.drop_table("rewards")
    op.drop_table("reward_stocks")
    op.drop_table("programme_rules")
    op.drop_index(
        "ix_outbox__unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_index(
        "ix_outbox__dead_letters",
        table_name="outbox",
        postgresql_where=sa.text("type = 'dead-letter'"),
    )
    op.drop_index("ix_outbox__created_at", table_name="outbox", postgresql_using="brin")
    op.drop_table("outbox")
    op.drop_table("lots")
    op.drop_table("live_trips")
    op.drop_index("ix_inbox__received_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("identities")
    op.drop_table("idempotency_answers")
    op.drop_table("entries")
    op.drop_table("coupon_codes")
    op.drop_table("citizens")
    op.drop_table("aggregates")
