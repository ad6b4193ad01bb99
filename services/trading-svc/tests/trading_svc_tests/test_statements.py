"""Few round trips: what an operation costs is counted, so that a new statement is a decision."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from trading_svc_tests.factories import PV_OWNER, STEEL


@contextmanager
def counted(database):
    statements: list[str] = []

    def note(conn, cursor, statement, parameters, context, executemany):
        statements.append(statement.strip().split("\n")[0][:80])

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


@pytest.fixture
async def issued(world):
    await world.usual_parties()
    await world.fund(STEEL, 10**9)
    await world.fund(PV_OWNER, 1)
    return await world.issue(10_000)


async def test_a_retirement_is_nine_statements_however_large_the_account(world, database, issued):
    for _ in range(5):
        await world.issue(10)
    with counted(database) as statements:
        assert (await world.retire(PV_OWNER, 10_025)).status_code == 201
    assert len(statements) == 9, statements


async def test_a_purchase_is_twelve_statements(world, database, issued):
    listing = (await world.list(issued, 100)).json()["listing_id"]
    with counted(database) as statements:
        assert (await world.buy(listing, 1, by=STEEL)).status_code == 201
    assert len(statements) == 12, statements
