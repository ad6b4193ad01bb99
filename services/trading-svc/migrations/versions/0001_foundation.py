"""The tables of the foundation: accounts, serial blocks, cash, market, retirements, compliance."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Alembic does not draft sequences.
SEQUENCES = ("acquisitions", "certificate_numbers")


def upgrade() -> None:
    for name in SEQUENCES:
        op.execute(sa.schema.CreateSequence(sa.Sequence(name, data_type=sa.BigInteger())))
    op.create_table(
        "accounts",
        sa.Column("organisation_code", sa.String(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('announced', 'open', 'suspended')", name=op.f("ck_accounts__known_status")
        ),
        sa.PrimaryKeyConstraint("organisation_code", name=op.f("pk_accounts")),
    )
    op.create_table(
        "cash_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.Column("debit_account", sa.Text(), nullable=False),
        sa.Column("credit_account", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('deposit', 'purchase')", name=op.f("ck_cash_entries__known_kind")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_cash_entries__positive_amount")),
        sa.CheckConstraint(
            "debit_account <> credit_account", name=op.f("ck_cash_entries__two_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_entries")),
    )
    op.create_index("ix_cash_entries__cause_id", "cash_entries", ["cause_id"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("certificate_id", sa.String(collation="C"), nullable=False),
        sa.Column("retirement_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('VALID')", name=op.f("ck_certificates__known_state")),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("retirement_id", name=op.f("uq_certificates__retirement_id")),
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
        "lineage",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("block", postgresql.INT8RANGE(), nullable=False),
        sa.Column("parent_block_id", sa.Uuid(), nullable=True),
        sa.Column("child_block_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.Column("from_account", sa.Text(), nullable=True),
        sa.Column("to_account", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause IN ('issued', 'listed', 'unlisted', 'sold', 'retired', 'split')",
            name=op.f("ck_lineage__known_cause"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_lineage")),
    )
    op.create_index("ix_lineage__cause_id", "lineage", ["cause_id"], unique=False)
    op.create_index("ix_lineage__child_block_id", "lineage", ["child_block_id"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("serials", postgresql.INT8RANGE(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("project_no", sa.Integer(), nullable=False),
        sa.Column("project_name", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("scope_code", sa.Text(), nullable=False),
        sa.Column("methodology_code", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("is_local", sa.Boolean(), nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False),
        sa.Column("operation_date", sa.Date(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("serials"), "&&"), using="gist", name="ex_lots__serials"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("issuance_id", "vintage", name=op.f("uq_lots__issuance_id_vintage")),
    )
    op.create_index("ix_lots__owner_code", "lots", ["owner_code"], unique=False)
    op.create_table(
        "offset_rules",
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("compliance_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("cap_pct", sa.Integer(), nullable=False),
        sa.Column("cap_base", sa.Text(), nullable=False),
        sa.Column("min_local_pct", sa.Integer(), nullable=True),
        sa.Column("operation_after", sa.Date(), nullable=True),
        sa.Column("sink_exempt_from_operation_date", sa.Boolean(), nullable=False),
        sa.Column("vintage_from", sa.Date(), nullable=True),
        sa.Column("registered_after", sa.Date(), nullable=True),
        sa.Column("excluded_types", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("capped_boundary_excluded", sa.Boolean(), nullable=False),
        sa.Column("evidence_grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_offset_rules__positive_version")),
        sa.CheckConstraint("cap_pct BETWEEN 0 AND 100", name=op.f("ck_offset_rules__cap_pct")),
        sa.CheckConstraint(
            "min_local_pct BETWEEN 0 AND 100", name=op.f("ck_offset_rules__min_local_pct")
        ),
        sa.PrimaryKeyConstraint(
            "scheme", "compliance_year", "version", name=op.f("pk_offset_rules")
        ),
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
        "project_states",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_states")),
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("block", postgresql.INT8RANGE(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=True),
        sa.Column("retirement_id", sa.Uuid(), nullable=True),
        sa.Column("acquired_seq", sa.BigInteger(), nullable=False),
        sa.Column("acquired_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("block"), "&&"), using="gist", name="ex_blocks__block"
        ),
        sa.CheckConstraint(
            "(state = 'reserved') = (listing_id IS NOT NULL)", name=op.f("ck_blocks__reserved_for")
        ),
        sa.CheckConstraint(
            "(state = 'retired') = (retirement_id IS NOT NULL)", name=op.f("ck_blocks__retired_by")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'reserved', 'retired')", name=op.f("ck_blocks__known_state")
        ),
        sa.CheckConstraint(
            "NOT isempty(block) AND lower_inc(block) AND NOT upper_inc(block) AND lower(block) >= 1 AND NOT upper_inf(block)",
            name=op.f("ck_blocks__whole_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.organisation_code"], name=op.f("fk_blocks__account_code")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_blocks__lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    op.create_index(
        "ix_blocks__account",
        "blocks",
        ["account_code", sa.literal_column("lower(block)")],
        unique=False,
    )
    op.create_index(
        "ix_blocks__held",
        "blocks",
        ["account_code", "acquired_seq", sa.literal_column("lower(block)")],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_blocks__held_instrument",
        "blocks",
        [
            "account_code",
            "project_id",
            "vintage",
            "acquired_seq",
            sa.literal_column("lower(block)"),
        ],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_blocks__listing",
        "blocks",
        ["listing_id"],
        unique=False,
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.create_index(
        "ix_blocks__retirement",
        "blocks",
        ["retirement_id"],
        unique=False,
        postgresql_where=sa.text("state = 'retired'"),
    )
    op.create_table(
        "cash_balances",
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance_fen >= 0", name=op.f("ck_cash_balances__never_below_zero")),
        sa.ForeignKeyConstraint(
            ["account_code"],
            ["accounts.organisation_code"],
            name=op.f("fk_cash_balances__account_code"),
        ),
        sa.PrimaryKeyConstraint("account_code", name=op.f("pk_cash_balances")),
    )
    op.create_table(
        "deposits",
        sa.Column("bank_reference", sa.String(collation="C"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_deposits__positive_amount")),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.organisation_code"], name=op.f("fk_deposits__account_code")
        ),
        sa.PrimaryKeyConstraint("bank_reference", name=op.f("pk_deposits")),
        sa.UniqueConstraint("id", name=op.f("uq_deposits__id")),
    )
    op.create_table(
        "enterprise_years",
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("compliance_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("obligation_t", sa.BigInteger(), nullable=False),
        sa.Column("verified_emissions_t", sa.BigInteger(), nullable=True),
        sa.Column("in_national_ets", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("used_t", sa.BigInteger(), nullable=False),
        sa.Column("local_used_t", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "local_used_t >= 0 AND local_used_t <= used_t", name=op.f("ck_enterprise_years__used")
        ),
        sa.CheckConstraint("obligation_t >= 0", name=op.f("ck_enterprise_years__obligation")),
        sa.ForeignKeyConstraint(
            ["account_code"],
            ["accounts.organisation_code"],
            name=op.f("fk_enterprise_years__account_code"),
        ),
        sa.PrimaryKeyConstraint(
            "account_code", "compliance_year", name=op.f("pk_enterprise_years")
        ),
    )
    op.create_table(
        "listings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seller_code", sa.String(collation="C"), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("project_name", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Text(), nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("is_local", sa.Boolean(), nullable=False),
        sa.Column("price_fen_per_t", sa.BigInteger(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("remaining_t", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'filled', 'withdrawn')", name=op.f("ck_listings__known_status")
        ),
        sa.CheckConstraint(
            "price_fen_per_t > 0 AND quantity_t > 0", name=op.f("ck_listings__positive")
        ),
        sa.CheckConstraint(
            "remaining_t >= 0 AND remaining_t <= quantity_t", name=op.f("ck_listings__remaining")
        ),
        sa.ForeignKeyConstraint(
            ["seller_code"], ["accounts.organisation_code"], name=op.f("fk_listings__seller_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
    )
    op.create_index(
        "ix_listings__open_instrument",
        "listings",
        ["project_id", "vintage", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_listings__seller", "listings", ["seller_code", "id"], unique=False)
    op.create_index("ix_listings__status", "listings", ["status", "id"], unique=False)
    op.create_table(
        "retirements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("beneficiary_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("compliance_year", sa.Integer(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(reason = 'ETS_COMPLIANCE') = (compliance_year IS NOT NULL)",
            name=op.f("ck_retirements__year"),
        ),
        sa.CheckConstraint(
            "reason <> 'EVENT_NEUTRAL' OR claim_id IS NOT NULL", name=op.f("ck_retirements__claim")
        ),
        sa.CheckConstraint(
            "reason IN ('ETS_COMPLIANCE', 'EVENT_NEUTRAL', 'ORG_NEUTRAL', 'PERSONAL', 'VOLUNTARY', 'ECO_DAMAGE_COMPENSATION', 'REVERSAL_REPLACEMENT')",
            name=op.f("ck_retirements__known_reason"),
        ),
        sa.CheckConstraint("quantity_t > 0", name=op.f("ck_retirements__positive")),
        sa.ForeignKeyConstraint(
            ["account_code"],
            ["accounts.organisation_code"],
            name=op.f("fk_retirements__account_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retirements")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_retirements__certificate_id")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_retirements__claim_id")),
    )
    op.create_index(
        "ix_retirements__account_code", "retirements", ["account_code", "id"], unique=False
    )
    op.create_table(
        "claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organiser_code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("participants", sa.BigInteger(), nullable=False),
        sa.Column("boundary", sa.Text(), nullable=False),
        sa.Column("emissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("emissions_t", sa.Text(), nullable=False),
        sa.Column("required_t", sa.BigInteger(), nullable=False),
        sa.Column("measures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("retirement_id", sa.Uuid(), nullable=True),
        sa.Column("certificate_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'OPEN') = (retirement_id IS NULL)", name=op.f("ck_claims__covered")
        ),
        sa.CheckConstraint(
            "status IN ('OPEN', 'NEUTRAL', 'LATE')", name=op.f("ck_claims__known_status")
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_claims__dates")),
        sa.CheckConstraint("required_t > 0", name=op.f("ck_claims__required")),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.organisation_code"], name=op.f("fk_claims__account_code")
        ),
        sa.ForeignKeyConstraint(
            ["retirement_id"], ["retirements.id"], name=op.f("fk_claims__retirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("retirement_id", name=op.f("uq_claims__retirement_id")),
    )
    op.create_index("ix_claims__account_code", "claims", ["account_code", "id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("seller_code", sa.String(collation="C"), nullable=False),
        sa.Column("buyer_code", sa.String(collation="C"), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("price_fen_per_t", sa.BigInteger(), nullable=False),
        sa.Column("price_fen_per_t_max", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount_fen = quantity_t * price_fen_per_t", name=op.f("ck_orders__exact_amount")
        ),
        sa.CheckConstraint("buyer_code <> seller_code", name=op.f("ck_orders__two_parties")),
        sa.CheckConstraint(
            "price_fen_per_t <= price_fen_per_t_max", name=op.f("ck_orders__price_limit")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_code"], ["accounts.organisation_code"], name=op.f("fk_orders__buyer_code")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name=op.f("fk_orders__listing_id")
        ),
        sa.ForeignKeyConstraint(
            ["seller_code"], ["accounts.organisation_code"], name=op.f("fk_orders__seller_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders__buyer", "orders", ["buyer_code", "id"], unique=False)
    op.create_index("ix_orders__listing_id", "orders", ["listing_id"], unique=False)
    op.create_index("ix_orders__seller", "orders", ["seller_code", "id"], unique=False)
    op.create_table(
        "surrenders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.String(collation="C"), nullable=False),
        sa.Column("compliance_year", sa.Integer(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("local_t", sa.BigInteger(), nullable=False),
        sa.Column("retirement_id", sa.Uuid(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "quantity_t > 0 AND local_t >= 0 AND local_t <= quantity_t",
            name=op.f("ck_surrenders__quantity"),
        ),
        sa.ForeignKeyConstraint(
            ["account_code", "compliance_year"],
            ["enterprise_years.account_code", "enterprise_years.compliance_year"],
            name=op.f("fk_surrenders__account_code_compliance_year"),
        ),
        sa.ForeignKeyConstraint(
            ["retirement_id"], ["retirements.id"], name=op.f("fk_surrenders__retirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surrenders")),
        sa.UniqueConstraint("retirement_id", name=op.f("uq_surrenders__retirement_id")),
    )


def downgrade() -> None:
    op.drop_table("surrenders")
    op.drop_index("ix_orders__seller", table_name="orders")
    op.drop_index("ix_orders__listing_id", table_name="orders")
    op.drop_index("ix_orders__buyer", table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_claims__account_code", table_name="claims")
    op.drop_table("claims")
    op.drop_index("ix_retirements__account_code", table_name="retirements")
    op.drop_table("retirements")
    op.drop_index("ix_listings__status", table_name="listings")
    op.drop_index("ix_listings__seller", table_name="listings")
    op.drop_index(
        "ix_listings__open_instrument",
        table_name="listings",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_table("listings")
    op.drop_table("enterprise_years")
    op.drop_table("deposits")
    op.drop_table("cash_balances")
    op.drop_index(
        "ix_blocks__retirement", table_name="blocks", postgresql_where=sa.text("state = 'retired'")
    )
    op.drop_index(
        "ix_blocks__listing", table_name="blocks", postgresql_where=sa.text("state = 'reserved'")
    )
    op.drop_index(
        "ix_blocks__held_instrument",
        table_name="blocks",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index(
        "ix_blocks__held", table_name="blocks", postgresql_where=sa.text("state = 'held'")
    )
    op.drop_index("ix_blocks__account", table_name="blocks")
    op.drop_table("blocks")
    op.drop_table("project_states")
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
    op.drop_table("offset_rules")
    op.drop_index("ix_lots__owner_code", table_name="lots")
    op.drop_table("lots")
    op.drop_index("ix_lineage__child_block_id", table_name="lineage")
    op.drop_index("ix_lineage__cause_id", table_name="lineage")
    op.drop_table("lineage")
    op.drop_index("ix_inbox__received_at", table_name="inbox", postgresql_using="brin")
    op.drop_table("inbox")
    op.drop_table("idempotency_answers")
    op.drop_table("certificates")
    op.drop_index("ix_cash_entries__cause_id", table_name="cash_entries")
    op.drop_table("cash_entries")
    op.drop_table("accounts")
    for name in SEQUENCES:
        op.execute(sa.schema.DropSequence(sa.Sequence(name)))
