import pytest
from sqlalchemy import text

from issuance_svc_tests.factories import VERIFIER, organisation


@pytest.fixture
def verifier(database):
    async def read():
        async with database.read() as session:
            statement = text(
                "SELECT kinds, status, version FROM organisations WHERE organisation_code = :code"
            )
            return (await session.execute(statement, {"code": VERIFIER})).one()

    return read


async def test_an_organisation_is_known_once(deliver, verifier, count_rows):
    told = organisation(VERIFIER, "validator_verifier")
    await deliver(told)
    await deliver(told)
    assert await count_rows("organisations") == 1
    assert await verifier() == (["validator_verifier"], "active", 1)


async def test_an_older_version_changes_nothing(deliver, verifier):
    await deliver(
        organisation(VERIFIER, "validator_verifier"),
        organisation(VERIFIER, "validator_verifier", status="suspended", version=3),
    )
    await deliver(
        organisation(VERIFIER, "owner", version=2), organisation(VERIFIER, "owner", version=3)
    )
    assert await verifier() == (["validator_verifier"], "suspended", 3)
