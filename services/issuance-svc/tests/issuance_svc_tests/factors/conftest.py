import pytest

from issuance_svc_tests.factories import parties


@pytest.fixture
async def office(api, deliver):
    """The API, with the bureau and the others known to it."""
    await deliver(*parties())
    return api
