"""SQL that looks over several slices: an account's balances, the platform's totals."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tht_kit.db import AsyncReadSession

# R28: each term from its own ledger, so that the sum proves the blocks.
_BALANCE = text(
    """
    WITH own AS (
        SELECT b.state, upper(b.block) - lower(b.block) AS quantity_t,
            b.state = 'frozen' OR (
                l.owner_code = b.account_code AND coalesce(p.status, '') = 'SUSPENDED'
            ) AS frozen
        FROM blocks b
        JOIN lots l ON l.id = b.lot_id
        LEFT JOIN project_states p ON p.project_id = b.project_id
        WHERE b.account_code = :code
    )
    SELECT
        (SELECT coalesce(sum(upper(serials) - lower(serials)), 0) FROM lots
            WHERE owner_code = :code AND account = 'owner')::bigint AS issued_in_t,
        (SELECT coalesce(sum(quantity_t), 0) FROM orders
            WHERE buyer_code = :code)::bigint AS bought_t,
        (SELECT coalesce(sum(quantity_t), 0) FROM orders
            WHERE seller_code = :code)::bigint AS sold_t,
        (SELECT coalesce(sum(quantity_t), 0) FROM retirements
            WHERE account_code = :code)::bigint AS retired_t,
        coalesce(sum(quantity_t) FILTER (WHERE state = 'reserved'), 0)::bigint AS reserved_t,
        coalesce(sum(quantity_t) FILTER (WHERE state IN ('held', 'frozen') AND frozen), 0)::bigint
            AS frozen_t,
        coalesce(sum(quantity_t) FILTER (WHERE state = 'held' AND NOT frozen), 0)::bigint
            AS available_t,
        (SELECT coalesce(sum(balance_fen), 0) FROM cash_balances
            WHERE account_code = :code)::bigint AS cash_fen
    FROM own
    """
)


@dataclass(frozen=True, slots=True)
class Balance:
    """R28: available = issued in + bought - sold - retired - reserved - frozen."""

    issued_in_t: int
    bought_t: int
    sold_t: int
    retired_t: int
    reserved_t: int
    frozen_t: int
    available_t: int
    cash_fen: int


async def balance(session: AsyncReadSession, code: str) -> Balance:
    found = await session.execute(_BALANCE, {"code": code})
    return Balance(**found.mappings().one())


# One statement, so one snapshot: figures and invariants are of the same moment.
_TOTALS = text(
    """
    WITH retired_blocks AS (
        SELECT retirement_id, sum(upper(block) - lower(block)) AS quantity_t
        FROM blocks WHERE state = 'retired' GROUP BY retirement_id
    ), reserved_blocks AS (
        SELECT listing_id, sum(upper(block) - lower(block)) AS quantity_t
        FROM blocks WHERE state = 'reserved' GROUP BY listing_id
    ), frozen_blocks AS (
        SELECT reversal_id, sum(upper(block) - lower(block)) AS quantity_t
        FROM blocks WHERE state = 'frozen' GROUP BY reversal_id
    ), replaced AS (
        SELECT reversal_id, sum(quantity_t) AS quantity_t
        FROM retirements WHERE reversal_id IS NOT NULL GROUP BY reversal_id
    ), posted AS (
        SELECT account, sum(amount_fen) AS amount_fen FROM (
            SELECT credit_account AS account, amount_fen FROM cash_entries
            UNION ALL
            SELECT debit_account, -amount_fen FROM cash_entries
        ) sides GROUP BY account
    ), accepted AS (
        SELECT account_code, compliance_year, sum(quantity_t) AS used_t, sum(local_t) AS local_t
        FROM surrenders GROUP BY account_code, compliance_year
    )
    SELECT
        (SELECT coalesce(sum(upper(serials) - lower(serials)), 0) FROM lots)::bigint AS issued_t,
        (SELECT coalesce(sum(upper(block) - lower(block)), 0) FROM blocks
            WHERE state NOT IN ('retired', 'cancelled'))::bigint AS held_t,
        (SELECT coalesce(sum(quantity_t), 0) FROM reserved_blocks)::bigint AS reserved_t,
        (SELECT coalesce(sum(quantity_t), 0) FROM frozen_blocks)::bigint AS frozen_t,
        (SELECT coalesce(sum(upper(block) - lower(block)), 0) FROM blocks
            WHERE account_code = 'SYSTEM-BUFFER' AND state = 'held')::bigint AS buffer_t,
        (SELECT coalesce(sum(upper(block) - lower(block)), 0) FROM blocks
            WHERE state = 'cancelled')::bigint AS cancelled_t,
        (SELECT coalesce(sum(quantity_t), 0) FROM retired_blocks)::bigint AS retired_t,
        (SELECT coalesce(jsonb_object_agg(reason, quantity_t), '{}') FROM (
            SELECT reason, sum(quantity_t)::bigint AS quantity_t FROM retirements GROUP BY reason
        ) by_reason) AS retired_by_reason,
        (SELECT count(*) FROM accounts WHERE status <> 'system') AS accounts,
        (SELECT count(*) FROM orders) AS orders,
        (SELECT coalesce(sum(quantity_t), 0) FROM orders)::bigint AS traded_t,
        (SELECT coalesce(sum(amount_fen), 0) FROM orders)::bigint AS traded_fen,
        (SELECT count(*) FROM certificates) AS certificates,
        (SELECT range_agg(block) FROM blocks)
            IS NOT DISTINCT FROM (SELECT range_agg(serials) FROM lots)
            AND (SELECT coalesce(sum(upper(block) - lower(block)), 0) FROM blocks)
            = (SELECT coalesce(sum(upper(serials) - lower(serials)), 0) FROM lots)
            AS serials_conserved,
        NOT EXISTS (
            SELECT FROM blocks b LEFT JOIN LATERAL (
                SELECT l.block, l.to_account, l.to_state FROM lineage l
                WHERE l.child_block_id = b.id ORDER BY l.seq DESC LIMIT 1
            ) last ON true
            WHERE last.block IS NULL OR NOT last.block @> b.block
                OR last.to_account <> b.account_code OR last.to_state <> b.state
        ) AS lineage_complete,
        NOT EXISTS (
            SELECT FROM retirements r FULL JOIN retired_blocks b ON b.retirement_id = r.id
            WHERE r.quantity_t IS DISTINCT FROM b.quantity_t
        ) AND NOT EXISTS (
            SELECT FROM retirements r FULL JOIN certificates c ON c.retirement_id = r.id
            WHERE r.certificate_id IS DISTINCT FROM c.certificate_id
        ) AS retirements_match,
        NOT EXISTS (
            SELECT FROM (SELECT id, remaining_t FROM listings WHERE remaining_t > 0) l
            FULL JOIN reserved_blocks b ON b.listing_id = l.id
            WHERE l.remaining_t IS DISTINCT FROM b.quantity_t
        ) AS listings_match,
        NOT EXISTS (
            SELECT FROM (SELECT account, amount_fen FROM posted WHERE account <> 'bank') p
            FULL JOIN cash_balances b ON b.account_code = p.account
            WHERE coalesce(p.amount_fen, 0) <> coalesce(b.balance_fen, 0)
        ) AND coalesce((SELECT sum(balance_fen) FROM cash_balances), 0)
            = -coalesce((SELECT amount_fen FROM posted WHERE account = 'bank'), 0)
            AS cash_balanced,
        NOT EXISTS (
            SELECT FROM debts d
            FULL JOIN frozen_blocks f USING (reversal_id)
            FULL JOIN replaced r USING (reversal_id)
            WHERE d.debt_t IS NULL OR coalesce(f.quantity_t, 0) > d.debt_t - d.settled_t
                OR coalesce(r.quantity_t, 0) <> d.settled_t
        ) AND NOT EXISTS (
            SELECT FROM blocks WHERE state IN ('frozen', 'cancelled')
                AND (state = 'cancelled') <> (account_code = 'SYSTEM-BUFFER')
        ) AND NOT EXISTS (
            SELECT FROM blocks WHERE account_code = 'SYSTEM-BUFFER'
                AND state NOT IN ('held', 'cancelled')
        ) AS debts_match,
        NOT EXISTS (
            SELECT FROM enterprise_years y LEFT JOIN accepted a USING (account_code, compliance_year)
            WHERE y.used_t <> coalesce(a.used_t, 0) OR y.local_used_t <> coalesce(a.local_t, 0)
        ) AS compliance_match
    """
)


async def totals(session: AsyncReadSession) -> dict[str, Any]:
    """Return figures and invariants, all of one snapshot."""
    return dict((await session.execute(_TOTALS)).mappings().one())
