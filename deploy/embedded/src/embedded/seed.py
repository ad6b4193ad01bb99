"""Makes the demo partners of a sandbox stack: python -m embedded.seed FOLDER, over GATEWAY_DATABASE_URL.

Their secrets are made at the first start and kept in FOLDER/credentials.json. Safe to repeat.
"""

import asyncio
import os
import sys
from pathlib import Path

from embedded.partners import load_credentials, load_directory
from gateway.partners import service as partners
from tht_kit.clock import SystemClock
from tht_kit.db import Database


async def seed(database_url: str, folder: Path) -> None:
    """Make every partner of the directory that the gateway's database lacks."""
    directory = load_directory()
    credentials = load_credentials(folder, directory)
    database = Database(database_url, pool_size=1, application_name="seed")
    try:
        async with database.write() as session:
            for partner in directory.partners:
                await partners.create(
                    session,
                    client_id=partner.client_id,
                    name=partner.name,
                    organisation_code=partner.organisation_code,
                    scopes=partner.scopes,
                    now=SystemClock().now(),
                    secret=credentials[partner.client_id],
                )
    finally:
        await database.dispose()


if __name__ == "__main__":
    asyncio.run(seed(os.environ["GATEWAY_DATABASE_URL"], Path(sys.argv[1])))
