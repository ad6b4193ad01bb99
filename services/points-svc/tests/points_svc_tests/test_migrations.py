import asyncio

from alembic.config import Config
from alembic.script import ScriptDirectory

from points_svc.wiring import MIGRATIONS
from tht_kit.migrations import check


def test_there_is_one_head():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


async def test_the_migrations_make_what_the_models_say(database):
    # The fixture's database was made by upgrading an empty one.
    await asyncio.to_thread(check, database.url, MIGRATIONS)
