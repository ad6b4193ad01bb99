"""An aggregate claims trips for ever, so it goes only into a project that registry-svc has told of."""

import pytest

from points_svc_tests.factories import at, bike, project_status, travel_project

DAY = at("2026-07-10 06:00")


@pytest.fixture
async def aggregated(app):
    """Return a function that tries to gather one credited trip and says how it was answered."""
    _, token = await app.rider()
    await app.send(bike(token, DAY, 3200))

    async def tried(**fields):
        answer = await app.aggregate("2026-07-01", "2026-07-31", **fields)
        return answer.status_code, answer.json().get("type", "").removeprefix("/problems/")

    return tried


async def test_an_id_that_is_no_registered_project_claims_nothing(aggregated, deliver):
    assert await aggregated() == (404, "project-not-registered")
    await deliver(project_status("NOTICE", version=2, before="DRAFT"))
    assert await aggregated() == (404, "project-not-registered")
    await deliver(travel_project())
    assert await aggregated(project_id="project-I") == (404, "project-not-registered")
    assert await aggregated() == (201, "")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"owner_code": "91500000MATHT002XA"}, (403, "forbidden")),
        ({"project_type": "distributed_pv"}, (422, "project-not-for-citizens")),
    ],
)
async def test_another_kind_of_project_claims_nothing(aggregated, deliver, changes, refusal):
    await deliver(travel_project(**changes))
    assert await aggregated() == refusal
    await deliver(travel_project(version=5))
    assert await aggregated() == (201, "")


@pytest.mark.parametrize("status", ["SUSPENDED", "DEREGISTERED"])
async def test_a_project_that_is_not_in_force_claims_nothing(aggregated, deliver, status):
    await deliver(travel_project(), project_status(status, version=5))
    assert await aggregated() == (409, "project-closed-to-aggregates")
    await deliver(project_status("REGISTERED", version=6, before=status))
    assert await aggregated() == (201, "")


async def test_older_events_and_repeated_ones_change_nothing(aggregated, deliver):
    await deliver(travel_project(), travel_project(), project_status("SUSPENDED", version=5))
    await deliver(travel_project(), project_status("REGISTERED", version=4, before="VALIDATED"))
    await deliver(travel_project(version=5), project_status("REGISTERED", version=5))
    assert await aggregated() == (409, "project-closed-to-aggregates")
