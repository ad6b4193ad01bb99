"""What holds after whatever was done, each looked up in the tables or at the public endpoints."""

from itertools import pairwise
from typing import Any

import httpx
from sqlalchemy import text

from tht_kit.db import Database

# R12's part of this service with its side states, written out by hand.
WALK = {
    ("REPORTED", "NOTICE"),
    ("NOTICE", "VERIFIED"),
    ("NOTICE", "REJECTED"),
    ("VERIFIED", "REGISTERED_ER"),
    ("REGISTERED_ER", "ISSUED"),
    ("REGISTERED_ER", "VERIFIED"),
    ("REPORTED", "RECALLED"),
    ("NOTICE", "RECALLED"),
    ("VERIFIED", "RECALLED"),
    ("REPORTED", "SUPERSEDED"),
    ("NOTICE", "SUPERSEDED"),
}
LIVE = "('REPORTED', 'NOTICE', 'VERIFIED', 'REGISTERED_ER', 'ISSUED')"

# Each finds the rows that break what its name says.
BROKEN = {
    "two blocks overlap": """
        SELECT one.serial, other.serial FROM issued_blocks AS one
        JOIN issued_blocks AS other ON one.block && other.block AND one.serial < other.serial""",
    "the line has a gap or ends elsewhere": """
        SELECT next_serial FROM serial_line
        WHERE coalesce((SELECT range_agg(block) FROM issued_blocks), '{}'::int8multirange)
            IS DISTINCT FROM CASE WHEN next_serial = 1 THEN '{}'::int8multirange
                ELSE int8multirange(int8range(1, next_serial)) END""",
    "a batch has a gap": """
        SELECT issuance_id FROM issued_blocks GROUP BY issuance_id
        HAVING max(upper(block)) - min(lower(block)) <> sum(quantity_t)""",
    "owner and buffer are not the verified quantity": """
        SELECT i.issuance_id FROM issuances AS i JOIN reports AS r USING (report_id)
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(quantity_t), 0) AS all_t,
                coalesce(sum(quantity_t) FILTER (WHERE account = 'buffer'), 0) AS buffer_t
            FROM issued_blocks AS b WHERE b.issuance_id = i.issuance_id
        ) AS blocks ON true
        WHERE i.status = 'ISSUED' AND (blocks.all_t <> i.quantity_t
            OR blocks.buffer_t <> i.buffer_t OR i.quantity_t + i.withheld_t <> r.verified_t)""",
    "something undecided or rejected has serials": """
        SELECT issuance_id FROM issuances JOIN issued_blocks USING (issuance_id)
        WHERE status <> 'ISSUED'""",
    "verified is not the floor of what was calculated": """
        SELECT report_id FROM reports WHERE calculated_t <> floor(calculated)
            OR (status IN ('VERIFIED', 'REGISTERED_ER', 'ISSUED')
                AND verified_t IS DISTINCT FROM calculated_t)""",
    "vintages are not cumulative floors of the whole": """
        SELECT report_id FROM reports WHERE calculated_t <> (
            SELECT coalesce(sum((share->>'quantity_t')::bigint), 0)
            FROM jsonb_array_elements(vintages) AS share)""",
    "an issued report has not one issuance": """
        SELECT r.report_id FROM reports AS r LEFT JOIN issuances AS i
            ON i.report_id = r.report_id AND i.status = 'ISSUED'
        GROUP BY r.report_id, r.status
        HAVING count(i.issuance_id) <> CASE WHEN r.status = 'ISSUED' THEN 1 ELSE 0 END""",
    "one officer asked and approved": """
        SELECT issuance_id FROM issuances WHERE status = 'ISSUED' AND decided_by = requested_by""",
    "batches of a project are not numbered one by one": """
        SELECT project_id FROM issuances WHERE batch_no IS NOT NULL GROUP BY project_id
        HAVING max(batch_no) <> count(*) OR min(batch_no) <> 1""",
    "two live reports claim a day of a project": f"""
        SELECT one.report_id, other.report_id FROM reports AS one JOIN reports AS other
            ON one.project_id = other.project_id AND one.report_id < other.report_id
            AND daterange(one.eligible_start, one.eligible_end, '[]')
                && daterange(other.eligible_start, other.eligible_end, '[]')
        WHERE one.status IN {LIVE} AND other.status IN {LIVE}""",
    "a dead report holds a site": f"""
        SELECT report_id FROM reports JOIN report_sites USING (report_id)
        WHERE released = (status IN {LIVE})""",
    "an aggregate serves two live reports": f"""
        SELECT aggregate_id FROM report_aggregates JOIN reports USING (report_id)
        WHERE status IN {LIVE} GROUP BY aggregate_id HAVING count(*) > 1""",
    "a verifier verifies what it validated": """
        SELECT report_id FROM reports JOIN projects USING (project_id)
        WHERE verifier_code = validator_code""",
    "a reversal is paid beyond its debt, or paid and not settled": """
        SELECT reversal_id FROM reversals WHERE settled_t > debt_t
            OR (status = 'OPEN' AND settled_t = debt_t)
            OR (status = 'SETTLED' AND settled_t <> debt_t)
            OR (status NOT IN ('OPEN', 'SETTLED') AND (debt_t, settled_t, buffer_t) <> (0, 0, 0))""",
    "a project owes more than was issued": """
        SELECT project_id FROM reversals GROUP BY project_id
        HAVING sum(debt_t + buffer_t) > (SELECT coalesce(sum(i.quantity_t), 0) FROM issuances AS i
            WHERE i.project_id = reversals.project_id AND i.status = 'ISSUED')""",
    "the history is not the report's": """
        SELECT r.report_id FROM reports AS r WHERE (r.version, r.status) IS DISTINCT FROM (
            SELECT (c.version, c.status) FROM report_changes AS c
            WHERE c.report_id = r.report_id ORDER BY c.version DESC LIMIT 1)""",
}


async def _rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.read() as session:
        return [tuple(row) for row in (await session.execute(text(statement))).all()]


async def check_everything(
    database: Database, api: httpx.AsyncClient, seen: dict[str, int]
) -> None:
    """Assert every invariant; `seen` keeps the serials of earlier steps, which never change."""
    found = {what: await _rows(database, statement) for what, statement in BROKEN.items()}
    broken = {what: rows for what, rows in found.items() if rows}
    assert not broken, broken
    await _no_history_skips(database)
    blocks = await _rows(database, "SELECT serial, quantity_t, account FROM issued_blocks")
    now = {serial: quantity_t for serial, quantity_t, _ in blocks}
    assert seen.items() <= now.items(), "a serial was taken back"
    seen |= now
    totals = (await api.get("/v1/totals/issuance")).json()
    assert totals["issued_t"] == sum(now.values()) == sum(totals["by_project_type"].values())
    (cancelled_t,) = (await _rows(database, "SELECT coalesce(sum(buffer_t), 0) FROM reversals"))[0]
    buffer = (await api.get("/v1/buffer")).json()
    assert buffer["cancelled_t"] == cancelled_t
    assert buffer["deposited_t"] == sum(row[1] for row in blocks if row[2] == "buffer")
    assert buffer["balance_t"] == buffer["deposited_t"] - buffer["cancelled_t"] >= 0


async def _no_history_skips(database: Database) -> None:
    histories: dict[Any, list[str]] = {}
    statement = "SELECT report_id, version, status FROM report_changes ORDER BY 1, 2"
    for report_id, version, status in await _rows(database, statement):
        walked = histories.setdefault(report_id, [])
        walked.append(status)
        assert version == len(walked)
    for walked in histories.values():
        assert walked[0] == "REPORTED"
        assert set(pairwise(walked)) <= WALK, walked
