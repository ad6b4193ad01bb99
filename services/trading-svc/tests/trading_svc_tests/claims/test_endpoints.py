import asyncio
from datetime import UTC, datetime

import pytest

from trading_svc_tests.factories import ORGANISER, PV_OWNER, STEEL


@pytest.fixture
async def organiser(world):
    """An organiser that holds 1,000 units."""
    await world.usual_parties()
    await world.fund(ORGANISER, 10**9)
    listing = (await world.list(await world.issue(1_000), 1_000)).json()["listing_id"]
    await world.buy(listing, 1_000, by=ORGANISER)
    return ORGANISER


def claim(**changes):
    body = {
        "kind": "EVENT",
        "name": "2026 山城马拉松（𠮷祥站）",
        "place": "重庆市南岸区南滨路",
        "starts_on": "2026-04-30",
        "ends_on": "2026-05-01",
        "participants": 30_000,
        "boundary": "活动举办阶段：场馆用电、交通、住宿、餐饮、物资与废弃物",
        "emissions": [
            {
                "source": "场馆外购电力",
                "activity": "120000",
                "activity_unit": "kWh",
                "factor_kg_per_unit": "0.5581",
                "factor_year": 2023,
                "factor_source": "2023 年电力二氧化碳排放因子（重庆）",
            },
            {
                "source": "参赛者交通",
                "activity": "5489000",
                "activity_unit": "人·km",
                "factor_kg_per_unit": "0.052",
                "factor_year": 2024,
                "factor_source": "DB11/T 3043-2024",
            },
        ],
        "measures": [{"name": "公共交通免费接驳", "effect": "减少自驾约 4,000 车次"}],
        "confirmation": "SELF_DECLARED",
    }
    return body | changes


def emitting(tonnes: str):
    line = {
        "source": "综合",
        "activity": tonnes,
        "activity_unit": "t",
        "factor_kg_per_unit": "1000",
        "factor_year": 2026,
        "factor_source": "按来源分别核算后汇总",
    }
    return claim(emissions=[line])


async def declare(world, body=None):
    answer = await world.post("/v1/claims", body or claim(), by=ORGANISER)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def cover(world, claim_id: str, quantity_t: int, by: str = ORGANISER):
    return await world.post(f"/v1/claims/{claim_id}/retirement", {"quantity_t": quantity_t}, by=by)


def problem(answer) -> str:
    return answer.json()["type"].removeprefix("/problems/")


async def test_emissions_are_computed_by_source(world, organiser):
    found = await declare(world)
    assert [line["emissions_t"] for line in found["emissions"]] == ["66.972", "285.428"]
    assert (found["emissions_t"], found["required_t"]) == ("352.4", 353)
    assert (found["due_on"], found["status"]) == ("2027-05-01", "OPEN")
    again = await world.get(f"/v1/claims/{found['claim_id']}", by=ORGANISER)
    assert again.json() == found
    assert (await world.get(f"/v1/claims/{found['claim_id']}", by=STEEL)).status_code == 404


async def test_r34_one_unit_too_few_gets_no_certificate(world, organiser):
    found = await declare(world, emitting("352.4"))
    refused = await cover(world, found["claim_id"], 352)
    assert (refused.status_code, problem(refused)) == (409, "neutrality-short")
    assert (await world.account(ORGANISER))["credits"]["retired_t"] == 0
    covered = await cover(world, found["claim_id"], 353)
    assert covered.status_code == 201, covered.text
    assert covered.json()["claim"]["status"] == "NEUTRAL"
    await world.check_totals()


async def test_the_certificate_carries_the_whole_statement(world, organiser):
    found = await declare(world)
    certificate_id = (await cover(world, found["claim_id"], 353)).json()["certificate_id"]
    document = (await world.get(f"/v1/certificates/{certificate_id}")).json()["document"]
    statement = document["statement"]
    assert statement["name"] == "2026 山城马拉松（𠮷祥站）"
    assert statement["organiser"]["code"] == ORGANISER
    assert statement["emissions_t"] == "352.4"
    assert [line["emissions_t"] for line in statement["emissions"]] == ["66.972", "285.428"]
    assert statement["measures"] == claim()["measures"]
    assert (statement["conformity"], statement["completed_on"]) == ("CONFORMING", "2026-06-01")
    assert document["retirement"]["reason"] == "EVENT_NEUTRAL"
    assert document["retirement"]["claim_id"] == found["claim_id"]
    assert document["units"][0]["serials"][0]["serial"].endswith("000000001-000000353")


async def test_r35_reduce_first(world, organiser):
    found = await declare(world, claim(measures=[]))
    assert problem(await cover(world, found["claim_id"], 353)) == "measures-missing"
    named = await world.api.put(
        f"/v1/claims/{found['claim_id']}/measures",
        json={"measures": claim()["measures"]},
        headers=world.headers(ORGANISER),
    )
    assert named.status_code == 200, named.text
    assert (await cover(world, found["claim_id"], 353)).status_code == 201
    too_late = await world.api.put(
        f"/v1/claims/{found['claim_id']}/measures",
        json={"measures": claim()["measures"]},
        headers=world.headers(ORGANISER),
    )
    assert problem(too_late) == "claim-covered"


@pytest.mark.parametrize(
    ("moment", "status", "conformity"),
    [
        # 2027-05-01, 23:59 and one minute later, in Chongqing.
        (datetime(2027, 5, 1, 15, 59, tzinfo=UTC), "NEUTRAL", "CONFORMING"),
        (datetime(2027, 5, 1, 16, 0, tzinfo=UTC), "LATE", "LATE_NOT_CONFORMING"),
    ],
)
async def test_r36_late_is_certified_as_late(world, organiser, clock, moment, status, conformity):
    found = await declare(world)
    clock.set(moment)
    covered = await cover(world, found["claim_id"], 353)
    assert covered.status_code == 201, covered.text
    assert covered.json()["claim"]["status"] == status
    verified = await world.get(f"/v1/verify/{covered.json()['certificate_id']}")
    assert verified.json()["statement_conformity"] == conformity


async def test_r37_a_claim_is_covered_once_and_a_unit_supports_one_claim(world, organiser):
    first, second = await declare(world), await declare(world)
    covered = (await cover(world, first["claim_id"], 353)).json()
    again = await cover(world, first["claim_id"], 353)
    assert (again.status_code, problem(again)) == (409, "claim-covered")
    other = (await cover(world, second["claim_id"], 353)).json()
    spans = [
        (part["start"], part["end"])
        for found in (covered, other)
        for part in found["retirement"]["serials"]
    ]
    assert spans == [(1, 353), (354, 706)]


async def test_r37_covering_one_claim_twice_at_once_retires_once(world, organiser):
    found = await declare(world)
    answers = await asyncio.gather(*(cover(world, found["claim_id"], 353) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert (await world.account(ORGANISER))["credits"]["retired_t"] == 353
    await world.check_totals()


async def test_r38_a_territory_is_refused(world, organiser):
    answer = await world.post("/v1/claims", claim(kind="TERRITORY"), by=ORGANISER)
    assert (answer.status_code, problem(answer)) == (409, "territory-refused")


async def test_somebody_elses_claim_cannot_be_covered(world, organiser):
    found = await declare(world)
    await world.issue(500, owner=PV_OWNER)
    assert problem(await cover(world, found["claim_id"], 353, by=PV_OWNER)) == "claim-not-found"


async def test_an_organiser_by_another_code_must_be_registered(world, organiser):
    answer = await world.post(
        "/v1/claims", claim(organiser_code="91500000MATHT9999X"), by=ORGANISER
    )
    assert (answer.status_code, problem(answer)) == (409, "beneficiary-unknown")
    found = await declare(world, claim(organiser_code=STEEL))
    covered = (await cover(world, found["claim_id"], 353)).json()
    assert covered["retirement"]["beneficiary_code"] == STEEL


async def test_too_few_units_leave_the_claim_open(world, organiser):
    found = await declare(world, emitting("1000.5"))
    assert problem(await cover(world, found["claim_id"], 1_001)) == "credits-insufficient"
    stands = await world.get(f"/v1/claims/{found['claim_id']}", by=ORGANISER)
    assert stands.json()["status"] == "OPEN"


@pytest.mark.parametrize(
    "changes",
    [
        {"emissions": []},
        {"ends_on": "2026-04-29"},
        {"participants": -1},
        {"name": "  "},
        {"kind": "ORGANISATION"},
        {"confirmation": "THIRD_PARTY"},
        {"surprise": 1},
    ],
)
async def test_a_malformed_claim_is_refused(world, organiser, changes):
    answer = await world.post("/v1/claims", claim(**changes), by=ORGANISER)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"ends_on": "9999-12-31"},
        {"ends_on": "2101-01-01"},
        {"starts_on": "1999-12-31"},
        {"starts_on": "0001-01-01"},
        {"ends_on": "2026-05-01T00:00:00Z"},
        {"ends_on": 1777593600},
    ],
)
async def test_a_day_outside_the_platforms_calendar_is_refused_by_name(world, organiser, changes):
    answer = await world.post("/v1/claims", claim(**changes), by=ORGANISER)
    assert (answer.status_code, problem(answer)) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{next(iter(changes))}"]


async def test_a_claim_up_to_the_last_day_can_be_covered(world, organiser):
    found = await declare(world, claim(ends_on="2100-12-31"))
    assert found["due_on"] == "2101-12-31"
    assert (await cover(world, found["claim_id"], 353)).status_code == 201


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "1e3", "-1", "", "01", "1.", 5, 0.5, "1" * 13]
)
async def test_only_plain_decimals_are_read(world, organiser, value):
    line = claim()["emissions"][0] | {"activity": value}
    answer = await world.post("/v1/claims", claim(emissions=[line]), by=ORGANISER)
    assert answer.status_code == 422


async def test_nothing_emitted_is_nothing_to_claim(world, organiser):
    line = claim()["emissions"][0] | {"activity": "0"}
    answer = await world.post("/v1/claims", claim(emissions=[line]), by=ORGANISER)
    assert (answer.status_code, problem(answer)) == (422, "emissions-zero")


@pytest.mark.parametrize("factor", ["999999999999", "999999"])
async def test_emissions_beyond_any_retirement_are_refused(world, organiser, factor):
    line = claim()["emissions"][0]
    line |= {"activity": "999999999999.999999999", "factor_kg_per_unit": factor}
    answer = await world.post("/v1/claims", claim(emissions=[line] * 2), by=ORGANISER)
    assert (answer.status_code, problem(answer)) == (422, "emissions-too-large")
    assert answer.json()["errors"][0]["pointer"] == "/emissions"
