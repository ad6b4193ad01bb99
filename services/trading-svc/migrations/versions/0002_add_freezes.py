"""Freezes and the buffer account."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CAUSES = ("issued", "listed", "unlisted", "sold", "retired", "split")
NEW_CAUSES = ("frozen", "unfrozen", "cancelled")


def _replace_check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}__{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}__{name}"), table, condition)


def _known(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def upgrade() -> None:
    _replace_check(
        "accounts", "known_status", _known("status", ("announced", "open", "suspended", "system"))
    )
    op.execute(
        "INSERT INTO accounts (organisation_code, name, kinds, status, version, opened_at)"
        " VALUES ('SYSTEM-BUFFER', '非持久性缓冲账户', '{}', 'system', 0, now())"
    )
    op.add_column("lots", sa.Column("account", sa.Text(), nullable=False, server_default="owner"))
    op.alter_column("lots", "account", server_default=None)
    op.create_check_constraint(
        op.f("ck_lots__known_account"), "lots", _known("account", ("owner", "buffer"))
    )
    op.drop_constraint(op.f("uq_lots__issuance_id_vintage"), "lots")
    op.create_unique_constraint(
        op.f("uq_lots__issuance_id_vintage_account"), "lots", ["issuance_id", "vintage", "account"]
    )
    op.add_column("blocks", sa.Column("reversal_id", sa.Uuid(), nullable=True))
    _replace_check(
        "blocks",
        "known_state",
        _known("state", ("held", "reserved", "frozen", "retired", "cancelled")),
    )
    op.create_check_constraint(
        op.f("ck_blocks__frozen_for"),
        "blocks",
        "(state IN ('frozen', 'cancelled')) = (reversal_id IS NOT NULL)",
    )
    op.create_index(
        "ix_blocks__reversal",
        "blocks",
        ["reversal_id"],
        postgresql_where=sa.text("reversal_id IS NOT NULL"),
    )
    _replace_check("lineage", "known_cause", _known("cause", (*CAUSES, *NEW_CAUSES)))
    op.create_table(
        "debts",
        sa.Column("reversal_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("owner_code", sa.String(collation="C"), nullable=False),
        sa.Column("unit_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("loss_t", sa.Text(), nullable=False),
        sa.Column("debt_t", sa.BigInteger(), nullable=False),
        sa.Column("settled_t", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "settled_t BETWEEN 0 AND debt_t", name=op.f("ck_debts__never_more_than_owed")
        ),
        sa.ForeignKeyConstraint(
            ["owner_code"], ["accounts.organisation_code"], name=op.f("fk_debts__owner_code")
        ),
        sa.PrimaryKeyConstraint("reversal_id", name=op.f("pk_debts")),
    )
    op.create_table(
        "debt_flags",
        sa.Column("issuance_id", sa.Uuid(), nullable=False),
        sa.Column("reversal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reversal_id"], ["debts.reversal_id"], name=op.f("fk_debt_flags__reversal_id")
        ),
        sa.PrimaryKeyConstraint("issuance_id", "reversal_id", name=op.f("pk_debt_flags")),
    )
    op.add_column("retirements", sa.Column("reversal_id", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("ck_retirements__reversal"),
        "retirements",
        "(reason = 'REVERSAL_REPLACEMENT') = (reversal_id IS NOT NULL)",
    )
    op.create_index(
        "ix_retirements__reversal",
        "retirements",
        ["reversal_id"],
        postgresql_where=sa.text("reversal_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_retirements__reversal", table_name="retirements")
    op.drop_constraint(op.f("ck_retirements__reversal"), "retirements")
    op.drop_column("retirements", "reversal_id")
    op.drop_table("debt_flags")
    op.drop_table("debts")
    _replace_check("lineage", "known_cause", _known("cause", CAUSES))
    op.drop_index("ix_blocks__reversal", table_name="blocks")
    op.drop_constraint(op.f("ck_blocks__frozen_for"), "blocks")
    _replace_check("blocks", "known_state", _known("state", ("held", "reserved", "retired")))
    op.drop_column("blocks", "reversal_id")
    op.drop_constraint(op.f("uq_lots__issuance_id_vintage_account"), "lots")
    op.create_unique_constraint(
        op.f("uq_lots__issuance_id_vintage"), "lots", ["issuance_id", "vintage"]
    )
    op.drop_constraint(op.f("ck_lots__known_account"), "lots")
    op.drop_column("lots", "account")
    op.execute("DELETE FROM accounts WHERE organisation_code = 'SYSTEM-BUFFER'")
    _replace_check("accounts", "known_status", _known("status", ("announced", "open", "suspended")))
