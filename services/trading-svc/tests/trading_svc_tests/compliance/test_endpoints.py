import asyncio
from collections import Counter
from datetime import date

import pytest
from sqlalchemy import text

from tht_kit.testing.tokens import bearer
from trading_svc.compliance.errors import OffsetRuleSeedChanged
from trading_svc.wiring import prepare
from trading_svc_tests.factories import (
    BUREAU,
    CEMENT,
    FOREST_OWNER,
    PV_OWNER,
    STEEL,
)

# 2022: 10 %, 60 % local (grade M); 2024: 5 %, no local rule (grade V2).


@pytest.fixture(autouse=True)
async def _parties(world):
    await world.usual_parties()
    await world.fund(STEEL, 10**12)


async def standing(world, year: int, code: str = STEEL):
    answer = await world.get(f"/v1/compliance/{year}/enterprises/{code}", by=code)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def hand_over(world, issued, quantity_t: int) -> None:
    """Let steel buy issued units."""
    listing = (await world.list(issued, quantity_t)).json()["listing_id"]
    assert (await world.buy(listing, quantity_t, by=STEEL)).status_code == 201


async def units(world, quantity_t: int, **how) -> str:
    """Issue units and let steel buy them; returns the project."""
    issued = await world.issue(quantity_t, **how)
    await hand_over(world, issued, quantity_t)
    return issued.project_id


def reasons(answer) -> list[str]:
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"] == "/problems/surrender-refused", answer.text
    return [error["pointer"].rpartition("reason:")[2] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("obligation_t", "year", "max_t"),
    [
        (100_000, 2022, 10_000),
        (100_000, 2024, 5_000),
        (123_457, 2022, 12_345),
        (123_457, 2024, 6_172),
        (99, 2022, 9),
    ],
)
async def test_r22_the_answer_before_the_commit(world, obligation_t, year, max_t):
    assert (await world.obligation(STEEL, year, obligation_t)).status_code == 200
    found = await standing(world, year)
    assert (found["max_offset_t"], found["remaining_t"], found["used_t"]) == (max_t, max_t, 0)
    assert found["rule"]["evidence_grade"] == ("M" if year == 2022 else "V2")
    assert found["rule"]["source"]


async def test_r22_up_to_the_cap_and_not_one_more(world):
    await world.obligation(STEEL, 2022, 123_457)
    await units(world, 12_346)
    assert reasons(await world.surrender(STEEL, 2022, 12_346)) == ["OFFSET_CAP"]
    accepted = await world.surrender(STEEL, 2022, 12_345)
    assert accepted.status_code == 201, accepted.text
    found = await standing(world, 2022)
    assert (found["remaining_t"], found["allowances_due_t"]) == (0, 111_112)
    assert reasons(await world.surrender(STEEL, 2022, 1)) == ["OFFSET_CAP"]
    await world.check_totals()


async def test_r23_local_share_on_units_actually_used(world):
    await world.obligation(STEEL, 2022, 100_000)
    local = await units(world, 5_000)
    outside = await units(world, 5_000, is_local=False)
    assert (await world.surrender(STEEL, 2022, 5_000, project_id=local)).status_code == 201
    assert (await standing(world, 2022))["outside_remaining_t"] == 3_333
    refused = await world.surrender(STEEL, 2022, 5_000, project_id=outside)
    assert reasons(refused) == ["LOCAL_SHARE"]
    refused = await world.surrender(STEEL, 2022, 3_334, project_id=outside)
    assert reasons(refused) == ["LOCAL_SHARE"]
    accepted = await world.surrender(STEEL, 2022, 3_333, project_id=outside)
    assert accepted.status_code == 201, accepted.text
    found = await standing(world, 2022)
    assert (found["used_t"], found["local_used_t"], found["outside_remaining_t"]) == (
        8_333,
        5_000,
        0,
    )


async def test_r23_does_not_bind_where_the_year_has_no_local_share(world):
    await world.obligation(STEEL, 2024, 100_000)
    outside = await units(world, 5_000, is_local=False)
    assert (await world.surrender(STEEL, 2024, 5_000, project_id=outside)).status_code == 201


async def test_a_year_without_a_rule_is_refused_by_name(world):
    await world.obligation(STEEL, 2020, 100_000)
    await units(world, 10)
    answer = await world.surrender(STEEL, 2020, 1)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/offset-rule-missing")
    assert "2020" in answer.json()["detail"]
    asked = await world.get(f"/v1/compliance/2020/enterprises/{STEEL}", by=STEEL)
    assert asked.json()["type"] == "/problems/offset-rule-missing"
    # Even for an enterprise that nobody put on a list.
    answer = await world.surrender(CEMENT, 2019, 1)
    assert answer.json()["type"] == "/problems/offset-rule-missing"


async def test_r24_only_enterprises_on_the_years_list(world):
    await units(world, 10)
    answer = await world.surrender(STEEL, 2024, 1)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/obligation-missing")


async def test_r24_an_entity_of_the_national_ets_may_not_use_local_units(world):
    await world.obligation(STEEL, 2025, 100_000, in_national_ets=True)
    local = await units(world, 10)
    national = await units(world, 10, unit_type="CCER")
    assert reasons(await world.surrender(STEEL, 2025, 1, project_id=local)) == ["UNIT_TYPE"]
    assert (await world.surrender(STEEL, 2025, 10, project_id=national)).status_code == 201
    assert (await standing(world, 2025))["max_offset_t"] == 5_000


async def test_r27_national_units_must_be_registered_after_the_day(world):
    await world.obligation(STEEL, 2025, 100_000, in_national_ets=True)
    early = await units(world, 10, unit_type="CCER", registered_on=date(2024, 1, 22))
    later = await units(world, 10, unit_type="CCER", registered_on=date(2024, 1, 23))
    refused = await world.surrender(STEEL, 2025, 1, project_id=early)
    assert reasons(refused) == ["REGISTRATION_DATE"]
    assert (await world.surrender(STEEL, 2025, 1, project_id=later)).status_code == 201


async def test_a_cap_on_verified_emissions_needs_them(world):
    await world.obligation(STEEL, 2014, 50_000)
    await units(world, 10, unit_type="CCER")
    answer = await world.surrender(STEEL, 2014, 1)
    assert answer.json()["type"] == "/problems/verified-emissions-missing"
    await world.obligation(STEEL, 2014, 50_000, verified_emissions_t=40_000)
    assert (await standing(world, 2014))["max_offset_t"] == 3_200


async def test_r25_one_refused_unit_refuses_the_request_with_every_reason(world):
    await world.obligation(STEEL, 2022, 1_000)  # cap 100
    old = await world.issue(30, vintage=2015, operation_date=date(2014, 6, 19))
    good = await world.issue(30)
    await hand_over(world, old, 30)
    await hand_over(world, good, 30)
    answer = await world.surrender(STEEL, 2022, 60)
    assert sorted(reasons(answer)) == ["OPERATION_DATE", "VINTAGE"]
    assert all(old.blocks[0].serial in error["pointer"] for error in answer.json()["errors"])
    assert (await world.account(STEEL))["credits"]["retired_t"] == 0
    # The good ones by name of their project go through.
    accepted = await world.surrender(STEEL, 2022, 30, project_id=good.project_id)
    assert accepted.status_code == 201


async def test_r25_cap_and_unit_reasons_are_listed_together(world):
    await world.obligation(STEEL, 2022, 100)  # cap 10
    await units(world, 30, vintage=2015, is_local=False)
    answer = await world.surrender(STEEL, 2022, 30)
    assert sorted(reasons(answer)) == ["LOCAL_SHARE", "OFFSET_CAP", "VINTAGE"]


async def test_r25_units_from_inside_a_capped_boundary(world):
    await world.obligation(STEEL, 2022, 1_000)
    await world.obligation(CEMENT, 2022, 1_000)
    inside = await units(world, 10, owner=CEMENT)
    assert reasons(await world.surrender(STEEL, 2022, 1, project_id=inside)) == ["CAPPED_BOUNDARY"]


async def test_r25_named_serials_that_are_retired_listed_frozen_or_anothers(world):
    await world.obligation(STEEL, 2022, 1_000_000)
    await units(world, 100)  # 1-100
    frozen = await world.issue(10, owner=STEEL)  # 101-110, steel's own project
    await world.issue(10, owner=PV_OWNER)  # 111-120
    await world.retire(STEEL, 10, serials=[{"start": 41, "end": 50}])
    await world.list(frozen, 5, by=STEEL)  # 101-105
    await world.suspend(frozen)
    answer = await world.surrender(
        STEEL,
        2022,
        80,
        serials=[{"start": 41, "end": 100}, {"start": 101, "end": 120}],
    )
    codes = reasons(answer)
    assert Counter(codes)["RETIRED"] == 1
    assert Counter(codes)["NOT_HELD"] == 1
    assert Counter(codes)["LISTED"] == 1
    assert Counter(codes)["FROZEN"] == 2
    assert (await world.account(STEEL))["credits"]["retired_t"] == 10


async def test_named_serials_are_surrendered_from_the_middle(world):
    await world.obligation(STEEL, 2022, 1_000_000)
    await units(world, 100)
    serials = [{"start": 50, "end": 59}, {"start": 10, "end": 19}]
    accepted = await world.surrender(STEEL, 2022, 20, serials=serials)
    assert accepted.status_code == 201, accepted.text
    spans = [(s["start"], s["end"]) for s in accepted.json()["retirement"]["serials"]]
    assert spans == [(10, 19), (50, 59)]
    blocks = (await world.get(f"/v1/accounts/{STEEL}/holdings", by=STEEL)).json()["items"]
    assert [(b["start"], b["end"], b["state"]) for b in blocks] == [
        (1, 9, "held"),
        (10, 19, "retired"),
        (20, 49, "held"),
        (50, 59, "retired"),
        (60, 100, "held"),
    ]
    await world.check_totals()


@pytest.mark.parametrize(
    ("serials", "type_"),
    [
        ([{"start": 1, "end": 5}, {"start": 5, "end": 9}], "serials-malformed"),
        ([{"start": 1, "end": 9}], "serials-malformed"),
        ([{"start": 10**9, "end": 10**9 + 9}], "serial-unknown"),
        ([{"start": 5, "end": 1}], "invalid-request"),
        ([{"start": 0, "end": 9}], "invalid-request"),
    ],
)
async def test_serials_that_make_no_sense(world, serials, type_):
    await world.obligation(STEEL, 2022, 1_000_000)
    await units(world, 100)
    answer = await world.surrender(STEEL, 2022, 10, serials=serials)
    assert answer.json()["type"] == f"/problems/{type_}"


async def test_r26_a_surrender_is_repeated_without_a_second_effect(world):
    await world.obligation(STEEL, 2024, 10_000)
    await units(world, 100)
    body = {"year": 2024, "quantity_t": 40}
    first = await world.post("/v1/surrenders", body, by=STEEL, key="k")
    again = await world.post("/v1/surrenders", body, by=STEEL, key="k")
    assert first.status_code == 201
    assert again.json() == first.json()
    assert (await standing(world, 2024))["used_t"] == 40


async def test_r26_a_surrendered_unit_serves_nothing_else(world):
    await world.obligation(STEEL, 2024, 10_000)
    await world.obligation(STEEL, 2023, 10_000)
    await units(world, 100)
    await world.surrender(STEEL, 2024, 100)
    named = {"serials": [{"start": 1, "end": 10}]}
    assert reasons(await world.surrender(STEEL, 2023, 10, **named)) == ["RETIRED"]
    assert (await world.retire(STEEL, 10, **named)).json()[
        "type"
    ] == "/problems/serials-unavailable"
    assert (await world.surrender(STEEL, 2023, 1)).json()[
        "type"
    ] == "/problems/credits-insufficient"


async def test_the_surrender_is_told_with_its_retirement(world, events):
    await world.obligation(STEEL, 2024, 10_000)
    await units(world, 100)
    accepted = (await world.surrender(STEEL, 2024, 40)).json()
    recorded, retired = await events(STEEL)
    assert (recorded.obligation_t, recorded.version) == (10_000, 1)
    assert (retired.reason, retired.compliance_year) == ("ETS_COMPLIANCE", 2024)
    assert retired.certificate_id == accepted["certificate_id"]
    assert [(b.start, b.end) for b in retired.blocks] == [(1, 40)]


async def test_two_surrenders_that_together_break_the_cap_one_wins(world):
    await world.obligation(STEEL, 2024, 10_000)  # cap 500
    await units(world, 1_000)
    answers = await asyncio.gather(*(world.surrender(STEEL, 2024, 300) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    found = await standing(world, 2024)
    assert (found["used_t"], found["remaining_t"]) == (300, 200)
    await world.check_totals()


async def test_twenty_surrenders_at_once_fill_the_cap_exactly(world):
    await world.obligation(STEEL, 2024, 10_000)
    await units(world, 1_000)
    answers = await asyncio.gather(*(world.surrender(STEEL, 2024, 50) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 10}
    assert (await standing(world, 2024))["remaining_t"] == 0
    await world.check_totals()


async def test_an_obligation_is_recorded_for_controlled_enterprises_by_the_bureau(world):
    answer = await world.obligation(FOREST_OWNER, 2024, 10)
    assert answer.json()["type"] == "/problems/not-controlled-enterprise"
    headers = bearer("steel", "surrenders:write", organisation_code=STEEL)
    path = f"/v1/compliance/2024/obligations/{STEEL}"
    body = {"obligation_t": 1, "due_on": "2025-12-31"}
    assert (await world.api.put(path, json=body, headers=headers)).status_code == 403
    assert (await world.obligation("91500000MATHT9999X", 2024, 10)).status_code == 404


async def test_a_corrected_obligation_keeps_what_was_used(world, events):
    await world.obligation(STEEL, 2024, 10_000)
    await units(world, 500)
    await world.surrender(STEEL, 2024, 500)
    corrected = await world.obligation(STEEL, 2024, 8_000)
    assert corrected.json()["version"] == 2
    found = await standing(world, 2024)
    assert (found["max_offset_t"], found["used_t"], found["remaining_t"]) == (400, 500, 0)
    await world.check_totals()


async def test_an_enterprises_year_is_its_own_business(world):
    await world.obligation(STEEL, 2024, 10_000)
    path = f"/v1/compliance/2024/enterprises/{STEEL}"
    assert (await world.api.get(path)).status_code == 401
    stranger = bearer("cement", organisation_code=CEMENT)
    assert (await world.api.get(path, headers=stranger)).status_code == 403
    bureau = bearer("bureau", "compliance:write", organisation_code=BUREAU)
    assert (await world.api.get(path, headers=bureau)).status_code == 200
    missing = await world.get(f"/v1/compliance/2023/enterprises/{STEEL}", by=STEEL)
    assert missing.json()["type"] == "/problems/enterprise-year-not-found"


async def test_the_period_shows_when_it_is_over(world, clock):
    await world.obligation(STEEL, 2024, 10_000, due_on="2026-06-01")
    assert (await standing(world, 2024))["status"] == "OPEN"
    clock.advance(hours=14)  # 2026-06-02, 00:00 in Chongqing
    assert (await standing(world, 2024))["status"] == "PAST_DUE"


async def test_loading_the_rules_again_changes_nothing(container, database):
    versions = text("SELECT scheme, compliance_year, xmin::text FROM offset_rules ORDER BY 1, 2")
    async with database.read() as session:
        before = (await session.execute(versions)).all()
    await prepare(container)
    async with database.read() as session:
        assert (await session.execute(versions)).all() == before


async def test_a_seed_that_contradicts_the_database_stops_the_start(container, database):
    correction = "UPDATE offset_rules SET cap_pct = 6 WHERE compliance_year = 2024"
    async with database.write() as session:
        await session.execute(text(correction))
    with pytest.raises(OffsetRuleSeedChanged, match="cap_pct of LOCAL 2024, version 1"):
        await prepare(container)


async def test_a_correction_is_a_new_version_that_holds_and_outlives_the_start(
    world, container, database
):
    await world.obligation(STEEL, 2024, 100_000)
    correction = """
        INSERT INTO offset_rules
        SELECT (jsonb_populate_record(r, '{"version": 2, "cap_pct": 6, "source": "made up"}')).*
        FROM offset_rules r WHERE compliance_year = 2024
    """
    async with database.write() as session:
        await session.execute(text(correction.replace(":", "\\:")))
    await prepare(container)
    found = await standing(world, 2024)
    assert found["max_offset_t"] == 6_000
    assert (found["rule"]["version"], found["rule"]["source"]) == (2, "made up")


@pytest.mark.parametrize("due_on", ["9999-12-31", "1999-12-31"])
async def test_a_deadline_outside_the_platforms_calendar_is_refused(world, due_on):
    answer = await world.obligation(STEEL, 2024, 10, due_on=due_on)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/due_on"]
