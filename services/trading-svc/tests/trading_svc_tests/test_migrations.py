from tht_kit.migrations import check
from trading_svc.wiring import MIGRATIONS


async def test_the_models_are_what_the_migrations_make(database):
    check(database.url, MIGRATIONS)
