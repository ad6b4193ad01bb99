import asyncio

import pytest

from registry_svc_tests.factories import caller, register_organisation
from tht_contracts.events.registry import CalendarYearPublished

YEAR_2027 = {
    "holidays": ["2027-01-01", "2027-10-01"],
    "makeup_workdays": ["2027-10-09"],
    "source": "测试用假日安排",
}


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


def writer(org):
    return caller("calendar:write", org=org)


@pytest.mark.parametrize("year", range(2020, 2027))
async def test_the_seeded_years_are_there_with_their_event(api, events, year):
    got = (await api.get(f"/v1/calendar/{year}")).json()
    assert (got["version"], got["year"]) == (1, year)
    [event] = await events(str(year))
    assert isinstance(event, CalendarYearPublished)
    assert [day.isoformat() for day in event.holidays] == got["holidays"]


async def test_the_make_up_days_of_2026_are_worked(api):
    got = (await api.get("/v1/calendar/2026")).json()
    assert got["makeup_workdays"] == [
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    ]


async def test_a_year_that_nobody_entered_is_not_found(api):
    answer = await api.get("/v1/calendar/2027")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/calendar-year-not-found")
    assert "2027" in answer.json()["detail"]


async def test_a_year_is_published_in_versions(api, bureau, events):
    first = await api.put("/v1/calendar/2027", json=YEAR_2027, headers=writer(bureau))
    assert (first.status_code, first.json()["version"]) == (200, 1)
    again = await api.put("/v1/calendar/2027", json=YEAR_2027, headers=writer(bureau))
    assert again.json() == first.json()
    changed = YEAR_2027 | {"holidays": ["2027-01-01"]}
    second = await api.put("/v1/calendar/2027", json=changed, headers=writer(bureau))
    assert (second.json()["version"], second.json()["holidays"]) == (2, ["2027-01-01"])
    assert [event.version for event in await events("2027")] == [1, 2]
    assert (await api.get("/v1/calendar/2027")).json() == second.json()


async def test_publishers_at_once_make_one_version_each(api, bureau, events):
    bodies = [YEAR_2027 | {"source": f"第 {number} 稿"} for number in range(8)]
    answers = await asyncio.gather(
        *(api.put("/v1/calendar/2027", json=body, headers=writer(bureau)) for body in bodies)
    )
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 9))
    assert [event.version for event in await events("2027")] == list(range(1, 9))


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"holidays": ["2026-12-31"]}, ["/holidays/0"]),
        ({"holidays": ["2027-01-01", "2027-01-01"]}, ["/holidays/1"]),
        ({"makeup_workdays": ["2027-10-08"]}, ["/makeup_workdays/0"]),  # a Friday
        ({"holidays": ["2027-10-09"]}, ["/makeup_workdays/0"]),
        ({"holidays": ["2027-10-02"]}, []),  # a Saturday, as the notices list them
    ],
)
async def test_dates_that_cannot_be_meant_are_named(api, bureau, change, pointers):
    answer = await api.put("/v1/calendar/2027", json=YEAR_2027 | change, headers=writer(bureau))
    assert answer.status_code == (422 if pointers else 200)
    assert [error["pointer"] for error in answer.json().get("errors", [])] == pointers


@pytest.mark.parametrize(
    ("kind", "status"), [("bureau", 200), ("operator", 200), ("owner", 409), ("merchant", 409)]
)
async def test_only_bureau_and_operator_publish(api, kind, status):
    org = await register_organisation(api, kind)
    answer = await api.put("/v1/calendar/2027", json=YEAR_2027, headers=writer(org))
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-07-17", 20, "2026-08-13"),  # R2
        ("2026-07-17", 1, "2026-07-17"),
        ("2026-07-18", 1, "2026-07-20"),
        ("2026-02-14", 1, "2026-02-14"),  # a Saturday that is worked
        ("2025-12-31", 2, "2026-01-04"),  # a Sunday that is worked, after 元旦
    ],
)
async def test_the_end_of_a_notice_counts_its_first_day(api, start, days, end):
    query = {"start": start, "working_days": days}
    answer = await api.get("/v1/calendar/notice-end", params=query)
    assert answer.json() == {"start": start, "working_days": days, "end": end}


async def test_a_published_year_lets_a_count_go_on(api, bureau):
    query = {"start": "2026-12-21", "working_days": 20}
    answer = await api.get("/v1/calendar/notice-end", params=query)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/calendar-year-missing")
    assert "2027" in answer.json()["detail"]
    await api.put("/v1/calendar/2027", json=YEAR_2027, headers=writer(bureau))
    answer = await api.get("/v1/calendar/notice-end", params=query)
    assert answer.json()["end"] == "2027-01-18"
