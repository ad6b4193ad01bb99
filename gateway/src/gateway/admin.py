"""What an operator does beside the API: the first credentials and the signing keys.

python -m gateway.admin create-partner --client-id ID --name NAME --scopes "a:write b:read"
    [--organisation-code CODE] [--secret-file PATH]
python -m gateway.admin create-key|add-key|promote-key --file PATH
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from gateway import keys
from gateway.partners import service as partners
from gateway.partners.schemas import PartnerIn
from tht_kit.clock import SystemClock
from tht_kit.db import Database
from tht_kit.errors import DomainError
from tht_kit.settings import Misconfigured

DATABASE_URL = "GATEWAY_DATABASE_URL"


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        if given.command == "create-partner":
            _create_partner(given)
        else:
            _change_keys(given.command, given.file)
    except (Misconfigured, DomainError, ValidationError, FileExistsError) as error:
        sys.stderr.write(f"{given.command}: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway.admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    partner = commands.add_parser("create-partner", help="make a credential; again is no change")
    partner.add_argument("--client-id", required=True)
    partner.add_argument("--name", required=True)
    partner.add_argument("--organisation-code")
    partner.add_argument("--scopes", required=True, help="separated by spaces or commas")
    partner.add_argument(
        "--secret-file",
        type=Path,
        help="a file that holds the secret to use; where there is none, the new secret goes there",
    )
    for name, words in (
        ("create-key", "make a key file with one key"),
        ("add-key", "publish a further key that does not sign yet"),
        ("promote-key", "let the newest key sign, keep the one before published"),
    ):
        commands.add_parser(name, help=words).add_argument("--file", type=Path, required=True)
    return parser


def _create_partner(given: argparse.Namespace) -> None:
    wanted = PartnerIn(
        client_id=given.client_id,
        name=given.name,
        organisation_code=given.organisation_code,
        scopes=given.scopes.replace(",", " ").split(),
    )
    if DATABASE_URL not in os.environ:
        raise Misconfigured(f"{DATABASE_URL} is not set: set it to the gateway's database.")
    file: Path | None = given.secret_file
    secret = file.read_text("utf-8").strip() if file is not None and file.exists() else None
    issued = asyncio.run(_write(os.environ[DATABASE_URL], wanted, secret))
    _tell(issued, file, known=secret is not None)


async def _write(database_url: str, wanted: PartnerIn, secret: str | None) -> partners.Issued:
    database = Database(database_url, pool_size=1, application_name="gateway-admin")
    try:
        async with database.write() as session:
            return await partners.create(
                session,
                client_id=wanted.client_id,
                name=wanted.name,
                organisation_code=wanted.organisation_code,
                scopes=wanted.scopes,
                now=SystemClock().now(),
                secret=secret,
            )
    finally:
        await database.dispose()


def _tell(issued: partners.Issued, file: Path | None, *, known: bool) -> None:
    client_id = issued.partner.client_id
    if issued.secret is None:
        sys.stdout.write(f"{client_id} exists with this content; its secret is not shown again\n")
    elif file is None:
        sys.stdout.write(f"client_id {client_id}\nclient_secret {issued.secret}\n")
    elif known:
        sys.stdout.write(f"client_id {client_id}, its secret is the one in {file}\n")
    else:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            output.write(issued.secret + "\n")
        sys.stdout.write(f"client_id {client_id}, its secret is in {file}\n")


def _change_keys(command: str, file: Path) -> None:
    changes = {"create-key": keys.create, "add-key": keys.add, "promote-key": keys.promote}
    changed = changes[command](file)
    sys.stdout.write(f"{file}: {changed.signing.kid} signs, {len(changed.keys)} published\n")


if __name__ == "__main__":
    sys.exit(main())
