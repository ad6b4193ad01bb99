from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager

from issuance_svc.api import create_app
from issuance_svc.kinds import intake_of
from issuance_svc.uploads import parts
from issuance_svc.uploads.limits import Limits
from tht_kit.blobs import Blobs


@pytest.fixture
def blobs_folder(tmp_path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def limits(request) -> Limits:
    """The limits of this test; a parametrised one says what is special."""
    return Limits(**getattr(request, "param", {}))


@pytest.fixture
def intake(container, blobs_folder, limits):
    blobs = Blobs(blobs_folder.as_uri())
    return replace(intake_of(replace(container, blobs=blobs)), limits=limits)


@pytest.fixture
async def api(container, intake):
    """The API over a store of files of its own."""
    app = create_app(container)
    parts.install(app, intake)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://issuance.test") as client,
    ):
        yield client


@pytest.fixture
def kept_blobs(blobs_folder):
    """Return a function that lists the files that are kept, and finds nothing half-written."""

    def kept() -> list[str]:
        files = [path for path in blobs_folder.rglob("*") if path.is_file()]
        assert not [path for path in files if path.parent.name == "incoming"]
        return sorted(path.name for path in files)

    return kept
