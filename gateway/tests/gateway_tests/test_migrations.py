from sqlalchemy import text

from gateway.wiring import MIGRATIONS, metadata
from tht_kit import migrations


async def test_the_schema_is_what_the_models_say(database):
    migrations.check(database.url, MIGRATIONS)
    async with database.read() as session:
        rows = await session.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        assert {row[0] for row in rows} - {"alembic_version"} == set(metadata.tables)
