"""Makes the demo partners of a sandbox stack: python -m embedded.seed FOLDER, with the gateway's settings.

Their secrets are made at the first start and kept in FOLDER/credentials.json. Safe to repeat.
"""

import asyncio
import sys
from pathlib import Path

import gateway.wiring
from embedded.partners import load_credentials, load_directory
from gateway.settings import GatewaySettings
from tht_kit.process import load_or_exit


async def seed(settings: GatewaySettings, folder: Path) -> None:
    """Make or update every partner of the directory in the gateway's database."""
    directory = load_directory()
    credentials = load_credentials(folder, directory)
    edge = gateway.wiring.wire(settings)
    try:
        for partner in directory.partners:
            await gateway.wiring.ensure_partner(
                edge,
                client_id=partner.client_id,
                name=partner.name,
                organisation_code=partner.organisation_code,
                scopes=partner.scopes,
                secret=credentials[partner.client_id],
            )
    finally:
        await edge.database.dispose()


if __name__ == "__main__":
    asyncio.run(seed(load_or_exit(GatewaySettings, "gateway"), Path(sys.argv[1])))
