"""A project with a recorded meter, and a way to send its files."""

import pytest

from issuance_svc_tests.factories import PV_ID, as_owner, problem


@pytest.fixture
def send(api):
    """Return a function that uploads meter data; options stand in the query string."""

    async def sent(content, *, kind="interval_readings", media="text/csv", **options):
        return await api.post(
            "/v1/uploads",
            params={"project_id": PV_ID, "kind": kind} | options,
            content=content.encode() if isinstance(content, str) else content,
            headers={"Content-Type": media} | as_owner() | {"Accept-Language": "en"},
        )

    return sent


@pytest.fixture
def stored(send):
    """Return a function that uploads a file which must be stored, and returns the upload."""

    async def sent(content, **options):
        answer = await send(content, **options)
        assert answer.status_code in (200, 201), answer.text
        assert answer.json()["state"] == "STORED"
        return answer.json()

    return sent


@pytest.fixture
def record(api):
    """Return a function that records a meter and its calibration."""

    async def recorded(meter_no="M1", *, checked="2024-12-20", channels=None, **facts):
        body = {
            "project_id": PV_ID,
            "meter_no": meter_no,
            "class_pct": "0.5",
            "multiplier": "1",
            "register_digits": 6,
            "channels": channels or ["export", "import"],
            "valid_from": "2021-09-01",
        } | facts
        answer = await api.post("/v1/meters", json=body, headers=as_owner())
        assert answer.status_code in (200, 201), answer.text
        if checked:
            check = {
                "project_id": PV_ID,
                "meter_no": meter_no,
                "kind": "calibration",
                "performed_on": checked,
                "error_pct": "0.1",
            }
            answer = await api.post("/v1/meters/checks", json=check, headers=as_owner())
            assert answer.status_code == 201, answer.text

    return recorded


@pytest.fixture
def quantified(desk):
    """Return a function that reports the uploads and returns the answer, with the exact tonnes."""

    async def reported(*uploads, start="2025-01-01", end="2025-01-31"):
        return await desk.report(
            upload_ids=[upload["upload_id"] for upload in uploads],
            period_start=start,
            period_end=end,
            headers=as_owner() | {"Accept-Language": "en"},
        )

    return reported


def refused(answer):
    """Return the type of a refusal and its sentence."""
    return problem(answer), answer.json()["detail"]
