"""R47: a behaviour is aggregated once for ever, with its own consent; and the trace to the serials."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from points_svc_tests.factories import (
    CITY_APP,
    OPERATOR,
    OPERATOR_CODE,
    at,
    bike,
    bus,
    caller,
    metro,
)
from tht_contracts.events.issuance import CreditsIssued, IssuedBlock
from tht_contracts.events.points import AggregateClosed
from tht_kit.bus import Delivered
from tht_kit.events import encode
from tht_kit.ids import new_id

pytestmark = pytest.mark.usefixtures("project")

DAY = at("2026-07-10 06:00")


async def test_credited_trips_are_claimed_once_for_ever(app, events, violations):
    subject, token = await app.rider()
    _, other = await app.rider()
    await app.send(
        bike(token, DAY, 3200),
        bike(token, DAY + timedelta(hours=2), 12_000, 20),  # rejected
        bike(other, DAY + timedelta(days=1), 5000, 25),
        bus(token, DAY + timedelta(hours=4)),  # another scenario
        bike(token, at("2026-06-30 23:00"), 3200),  # another period
    )
    answer = await app.aggregate("2026-07-01", "2026-07-31")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["trips"], made["total_g"]) == (2, 304 + 476)
    assert made["by_vintage_g"] == {"2026": 780}
    assert made["factor_versions"] == ["BJ-DB11T3043-2024"]
    for headers in (
        caller(OPERATOR, org=OPERATOR_CODE),
        caller("bureau-1", "oversight:read", org="another"),
    ):
        got = await app.api.get(answer.headers["location"], headers=headers)
        assert (got.status_code, got.json()) == (200, made)
    headers = caller("stranger", "trips:write", org="another")
    assert (await app.api.get(answer.headers["location"], headers=headers)).status_code == 403
    assert (await app.api.get(answer.headers["location"])).status_code == 401
    again = await app.aggregate("2026-07-01", "2026-07-31")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/aggregate-empty")
    wider = (await app.aggregate("2026-06-01", "2026-07-31", "bike", "bus")).json()
    assert (wider["trips"], wider["total_g"]) == (2, 304 + 120)
    assert wider["factor_versions"] == ["BJ-DB11T3043-2024", "CQ-BUS-RIDE-120G"]
    [event] = await events(made["aggregate_id"])
    assert event == AggregateClosed(
        aggregate_id=made["aggregate_id"],
        project_id="project-1",
        operator_code=OPERATOR_CODE,
        period_start="2026-07-01",
        period_end="2026-07-31",
        trips=2,
        total_g=780,
        by_vintage_g={"2026": 780},
        factor_versions=["BJ-DB11T3043-2024"],
        evidence_sha256=made["evidence_sha256"],
    )
    assert (await app.balance(subject))["points_tenths_available"] == 27 + 11 + 27
    assert await violations() == {}


async def test_the_evidence_is_a_hash_anyone_with_the_trips_can_repeat(app):
    subject, token = await app.rider()
    await app.send(*[bike(token, DAY + timedelta(days=n), 3000 + n) for n in range(5)])
    made = (await app.aggregate("2026-07-01", "2026-07-31")).json()
    trips = sorted(await app.trips(subject), key=lambda trip: trip["receipt"])
    lines = "".join(f"{trip['receipt']}:{trip['credited_g']}\n" for trip in trips)
    assert made["evidence_sha256"] == hashlib.sha256(lines.encode()).hexdigest()


async def test_aggregation_needs_its_own_consent(app):
    _, token = await app.rider()
    unwilling, other = await app.rider(consent=())
    await app.consent(unwilling, "bike", "credit")
    leaving, third = await app.rider()
    await app.send(*[bike(who, DAY, 3200) for who in (token, other, third)])
    await app.consent(leaving, "bike", "credit")
    made = (await app.aggregate("2026-07-01", "2026-07-31")).json()
    assert (made["trips"], made["total_g"]) == (1, 304)
    assert (await app.balance(unwilling))["grams_credited"] == 304
    await app.consent(unwilling, "bike", "credit", "aggregation")
    later = (await app.aggregate("2026-07-01", "2026-07-31")).json()
    assert later["trips"] == 1


async def test_vintages_are_the_years_of_the_trips_in_chongqing(app):
    app.clock.set(at("2026-01-10 12:00"))
    _, token = await app.rider()
    await app.send(
        bike(token, at("2025-12-31 23:59"), 3200), bike(token, at("2026-01-01 00:20"), 5000, 25)
    )
    made = (await app.aggregate("2025-12-01", "2026-01-31")).json()
    assert made["by_vintage_g"] == {"2025": 304, "2026": 476}


async def test_two_aggregates_at_once_share_no_trip(app, violations):
    riders = [await app.rider() for _ in range(5)]
    for _, token in riders:
        await app.send(*[bike(token, DAY + timedelta(days=n), 3200) for n in range(5)])
    answers = await asyncio.gather(*(app.aggregate("2026-07-01", "2026-07-31") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert next(a for a in answers if a.status_code == 201).json()["trips"] == 25
    assert await violations() == {}


async def test_trips_that_arrive_while_an_aggregate_closes_are_in_it_or_left_for_the_next(
    app, violations
):
    riders = [await app.rider() for _ in range(6)]
    first = [bike(token, DAY, 3200) for _, token in riders]
    await app.send(*first)
    rivals = [metro(token, DAY + timedelta(minutes=5), 12_000, 9) for _, token in riders]
    answers = await asyncio.gather(
        *(app.send(item) for item in rivals), app.aggregate("2026-07-01", "2026-07-31")
    )
    claimed = answers[-1].json()["total_g"]
    rest = await app.aggregate("2026-07-01", "2026-07-31", "bike", "metro")
    more = rest.json().get("total_g", 0)
    balances = [(await app.balance(subject))["grams_credited"] for subject, _ in riders]
    assert claimed + more == sum(balances)
    assert await violations() == {}


async def test_the_credit_of_an_aggregated_trip_stands_whatever_arrives_later(app, violations):
    subject, token = await app.rider()
    await app.send(metro(token, DAY + timedelta(minutes=10), 12_000, 30))
    assert (await app.aggregate("2026-07-01", "2026-07-31", "metro")).status_code == 201
    late = await app.verdict(bike(token, DAY, 3200, 15))
    assert (late["credited_g"], late["reason"]) == (0, "overlap")
    assert (await app.balance(subject))["grams_credited"] == 864
    assert await violations() == {}


def issued(aggregate_id, **changes):
    fields = {
        "issuance_id": str(new_id()),
        "report_id": "report-1",
        "project_id": "project-1",
        "project_no": 3,
        "project_name": "市民骑行",
        "project_type": "citizen_travel",
        "unit_type": "CQCER",
        "scope_code": "07",
        "methodology_code": "CQCM-903-V001",
        "district_code": "500103",
        "is_local": True,
        "owner_code": OPERATOR_CODE,
        "operation_date": "2021-06-01",
        "registered_on": "2021-07-01",
        "batch_no": 1,
        "period_start": "2025-12-01",
        "period_end": "2026-07-31",
        "quantity_t": 3,
        "blocks": [
            IssuedBlock(vintage=2025, start=1, end=1, serial="S-2025"),
            IssuedBlock(vintage=2026, start=2, end=3, serial="S-2026"),
        ],
        "aggregate_ids": [aggregate_id],
    }
    return CreditsIssued(**fields | changes)


def delivered(event, position="1"):
    record = encode(event, event_id=new_id(), now=datetime(2026, 8, 1, 3, tzinfo=UTC))
    return Delivered(record.topic, 0, position, record.key.encode(), record.value, record.headers)


async def trace(app, subject, receipt):
    answer = await app.api.get(
        f"/v1/citizens/{subject}/trips/{receipt}/trace",
        headers=caller(CITY_APP, "citizens:read"),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_citizen_sees_where_the_grams_went(app, consumer):
    subject, token = await app.rider()
    receipt = (await app.verdict(bike(token, DAY, 3200)))["receipt"]
    before = await trace(app, subject, receipt)
    assert (before["aggregate_id"], before["serials"]) == (None, [])
    made = (await app.aggregate("2026-07-01", "2026-07-31")).json()
    gathered = await trace(app, subject, receipt)
    assert (gathered["aggregate_id"], gathered["project_id"]) == (made["aggregate_id"], "project-1")
    assert (gathered["issuance_id"], gathered["serials"]) == (None, [])
    event = issued(made["aggregate_id"])
    await consumer.handle([delivered(event)])
    await consumer.handle([delivered(event)])
    found = await trace(app, subject, receipt)
    assert found == {
        "receipt": receipt,
        "day": "2026-07-10",
        "credited_g": 304,
        "aggregate_id": made["aggregate_id"],
        "project_id": "project-1",
        "report_id": "report-1",
        "issuance_id": event.issuance_id,
        "issued_at": "2026-08-01T03:00:00Z",
        "serials": ["S-2026"],
    }
    headers = caller(OPERATOR, org=OPERATOR_CODE)
    shown = (await app.api.get(f"/v1/aggregates/{made['aggregate_id']}", headers=headers)).json()
    assert [block["serial"] for block in shown["blocks"]] == ["S-2025", "S-2026"]


async def test_issuances_without_aggregates_or_of_strangers_change_nothing(app, consumer):
    subject, token = await app.rider()
    receipt = (await app.verdict(bike(token, DAY, 3200)))["receipt"]
    await app.aggregate("2026-07-01", "2026-07-31")
    before = await trace(app, subject, receipt)
    await consumer.handle([delivered(issued("x", aggregate_ids=[]))])
    await consumer.handle([delivered(issued(str(new_id())))])
    assert await trace(app, subject, receipt) == before
    assert before["serials"] == []


async def test_an_id_that_is_no_id_is_a_dead_letter_and_the_rest_goes_on(app, consumer, events):
    subject, token = await app.rider()
    receipt = (await app.verdict(bike(token, DAY, 3200)))["receipt"]
    made = (await app.aggregate("2026-07-01", "2026-07-31")).json()
    await consumer.handle(
        [delivered(issued("no-uuid"), "8"), delivered(issued(made["aggregate_id"]), "9")]
    )
    assert (await trace(app, subject, receipt))["serials"] == ["S-2026"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"period_start": "2026-08-01"}, 422, "aggregate-period-invalid"),
        ({"scenario_ids": ["bike", "rocket"]}, 422, "aggregate-scenario-unknown"),
        ({"scenario_ids": []}, 422, "invalid-request"),
        ({}, 409, "aggregate-empty"),
    ],
)
async def test_a_wrong_aggregate_is_refused(app, body, status, kind):
    base = {
        "project_id": "project-1",
        "scenario_ids": ["bike"],
        "period_start": "2026-07-01",
        "period_end": "2026-07-31",
    }
    headers = caller(OPERATOR, "aggregates:write", org=OPERATOR_CODE)
    answer = await app.api.post("/v1/aggregates", json=base | body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


async def test_aggregating_needs_the_scope_and_an_organisation(app):
    body = {
        "project_id": "p",
        "scenario_ids": ["bike"],
        "period_start": "2026-07-01",
        "period_end": "2026-07-31",
    }
    for headers in (
        caller(OPERATOR, "aggregates:write"),
        caller(OPERATOR, "rewards:write", org=OPERATOR_CODE),
    ):
        assert (await app.api.post("/v1/aggregates", json=body, headers=headers)).status_code == 403
