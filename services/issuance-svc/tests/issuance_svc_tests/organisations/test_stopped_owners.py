"""An owner that is suspended or banned reports nothing (R10)."""

from datetime import date

import pytest

from issuance_svc_tests.factories import OWNER, meter_csv, organisation, problem

STOPPED = [
    {"status": "suspended"},
    {"status": "suspended", "banned_until": date(2029, 7, 17)},
]


@pytest.mark.parametrize("changes", STOPPED)
async def test_a_stopped_owner_uploads_reports_and_notices_nothing(desk, deliver, changes):
    upload_id = await desk.uploaded(meter_csv())
    report = await desk.reported(upload_ids=[upload_id])
    await deliver(organisation(OWNER, "owner", version=2, **changes))
    answers = [
        await desk.upload(meter_csv() + "\n"),
        await desk.report(upload_ids=[upload_id]),
        await desk.revise(report["report_id"], upload_ids=[upload_id]),
        await desk.notice(report["report_id"]),
    ]
    for answer in answers:
        assert (answer.status_code, problem(answer)) == (409, "organisation-stopped")
        if "banned_until" in changes:
            assert "2029-07-17" in answer.json()["detail"]
    await deliver(organisation(OWNER, "owner", version=3))
    assert (await desk.notice(report["report_id"])).status_code == 200


@pytest.mark.parametrize("changes", STOPPED)
async def test_a_stopped_owner_may_still_take_a_report_back(desk, deliver, changes):
    report = await desk.reported()
    await deliver(organisation(OWNER, "owner", version=2, **changes))
    assert (await desk.recall(report["report_id"])).status_code == 200
