"""The invariants see what they are there to see: each is broken on purpose, and named."""

import pytest
from sqlalchemy import text

from issuance_svc_tests.factories import FOREST_ID, forest_project, plot_csv
from issuance_svc_tests.properties.invariants import BROKEN, check_everything

LAST = "(SELECT max(lower(block)) FROM issued_blocks)"
MOVED = f"UPDATE issued_blocks SET block = int8range(lower(block) + {{by}}, upper(block) + {{by}}) WHERE lower(block) = {LAST}"  # noqa: E501 - one statement
DAMAGE = {
    "two blocks overlap": [
        "ALTER TABLE issued_blocks DROP CONSTRAINT ex_issued_blocks__block",
        MOVED.format(by=-1),
    ],
    "the line has a gap or ends elsewhere": ["UPDATE serial_line SET next_serial = 9000"],
    "a batch has a gap": [
        MOVED.format(by=1),
        "UPDATE serial_line SET next_serial = next_serial + 1",
    ],
    "owner and buffer are not the verified quantity": [
        "UPDATE issuances SET quantity_t = quantity_t - 1"
    ],
    "something undecided or rejected has serials": [
        "UPDATE issuances SET status = 'REJECTED', batch_no = NULL"
    ],
    "verified is not the floor of what was calculated": [
        "UPDATE reports SET calculated = calculated + 1"
    ],
    "vintages are not cumulative floors of the whole": [
        "UPDATE reports SET vintages = '[]'::jsonb"
    ],
    "an issued report has not one issuance": [
        "ALTER TABLE reports DISABLE TRIGGER USER",
        "UPDATE reports SET status = 'VERIFIED' WHERE status = 'ISSUED'",
    ],
    "one officer asked and approved": [
        "ALTER TABLE issuances DROP CONSTRAINT ck_issuances__four_eyes",
        "UPDATE issuances SET decided_by = requested_by",
    ],
    "batches of a project are not numbered one by one": ["UPDATE issuances SET batch_no = 7"],
    "a dead report holds a site": ["UPDATE report_sites SET released = true"],
    "a verifier verifies what it validated": [
        "UPDATE reports SET verifier_code = (SELECT max(validator_code) FROM projects)"
    ],
    "the history is not the report's": ["UPDATE reports SET version = version + 1"],
    "a serial was taken back": [],
}
NEEDS_MORE = {
    "two live reports claim a day of a project",
    "an aggregate serves two live reports",
    "a reversal is paid beyond its debt, or paid and not settled",
    "a project owes more than was issued",
}


def test_all_but_those_of_several_reports_are_broken_here():
    """Those four need rows that tests of their own slices make (periods, aggregates, reversals)."""
    assert set(DAMAGE) - {"a serial was taken back"} == set(BROKEN) - NEEDS_MORE


@pytest.mark.parametrize("what", DAMAGE)
async def test_what_is_broken_is_seen(desk, deliver, database, what):
    await deliver(forest_project())
    report = await desk.reported(
        plot_csv(), project_id=FOREST_ID, period_start="2021-01-01", period_end="2025-12-31"
    )
    await desk.issued(report)
    seen: dict[str, int] = {}
    await check_everything(database, desk.api, seen)
    assert sum(seen.values()) == 2519
    if not DAMAGE[what]:
        seen["CQ-CQCER-14-0008-2020-01-000000001-000000001"] = 1
    for statement in DAMAGE[what]:
        async with database.write() as session:
            await session.execute(text(statement))
    with pytest.raises(AssertionError, match=what):
        await check_everything(database, desk.api, seen)
