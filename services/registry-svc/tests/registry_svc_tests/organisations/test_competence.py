"""Competence of validation and verification bodies (办法, article 30)."""

import asyncio
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from registry_svc.organisations import service
from registry_svc.organisations.competence_rules import (
    Accreditation,
    Competence,
    Demands,
    shortfalls,
)
from registry_svc.organisations.errors import OrganisationUnfit, VerifierNotCompetent
from registry_svc_tests.factories import (
    appoint,
    approve,
    competence,
    officer,
    organisation,
    register_organisation,
)

PATH = "/v1/organisations"
DAY = date(2026, 7, 17)
DEMANDS = Demands(10, 5, 5, accreditation_required=True)


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def shown(**changes):
    return Competence(
        **{
            "staff_full_time": 10,
            "staff_experienced": 5,
            "last_dishonesty_on": None,
            "accreditations": [Accreditation("A", "01", date(2024, 1, 1), date(2026, 12, 31))],
        }
        | changes
    )


@pytest.mark.parametrize(
    ("found", "scope_code", "day", "missing"),
    [
        (shown(), "01", DAY, []),
        (shown(staff_full_time=9), "01", DAY, ["9 competent full-time staff, at least 10"]),
        (shown(staff_experienced=4), "01", DAY, ["4 of them with two years"]),
        (shown(), "14", DAY, ["no accreditation for scope 14 (it has: 01)"]),
        (shown(accreditations=[]), "01", DAY, ["no accreditation for scope 01 (it has: none)"]),
        (shown(), "01", date(2024, 1, 1), []),
        (shown(), "01", date(2026, 12, 31), []),
        (shown(), "01", date(2023, 12, 31), ["not valid on 2023-12-31"]),
        (shown(), "01", date(2027, 1, 1), ["not valid on 2027-01-01"]),
        (shown(last_dishonesty_on=date(2021, 7, 17)), "01", DAY, ["to the end of 2026-07-17"]),
        (shown(last_dishonesty_on=date(2021, 7, 16)), "01", DAY, []),
        (
            shown(staff_full_time=3, staff_experienced=1, accreditations=[]),
            "07",
            DAY,
            ["3 competent", "1 of them", "no accreditation"],
        ),
        (None, "01", DAY, ["no competence is on record"]),
    ],
)
def test_everything_that_is_missing_is_named(found, scope_code, day, missing):
    reasons = shortfalls(found, DEMANDS, scope_code=scope_code, day=day)
    assert len(reasons) == len(missing)
    for reason, expected in zip(reasons, missing, strict=True):
        assert expected in reason.en


def test_without_a_rule_nothing_is_asked():
    assert shortfalls(None, Demands(), scope_code="01", day=DAY) == []


@given(
    full_time=st.integers(0, 30),
    experienced=st.integers(0, 30),
    offset=st.integers(-800, 1500),
    demands=st.builds(Demands, st.integers(0, 15), st.integers(0, 15), st.just(0), st.booleans()),
)
def test_a_body_is_competent_exactly_when_it_meets_every_demand(
    full_time, experienced, offset, demands
):
    accreditation = Accreditation("A", "01", date(2024, 1, 1), date(2026, 12, 31))
    day = date(2024, 1, 1) + timedelta(days=offset)
    found = shortfalls(
        shown(
            staff_full_time=full_time, staff_experienced=experienced, accreditations=[accreditation]
        ),
        demands,
        scope_code="01",
        day=day,
    )
    expected = (
        full_time >= demands.staff_full_time_min
        and experienced >= demands.staff_experienced_min
        and (
            not demands.accreditation_required
            or accreditation.valid_from <= day <= accreditation.valid_until
        )
    )
    assert (not found) == expected


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


@pytest.fixture
async def body_code(api):
    """A validation and verification body of which nothing is on record."""
    body = organisation(kinds=["validator_verifier"])
    await appoint(api, body)
    return body["organisation_code"]


@pytest.fixture
def record(api, bureau):
    async def record(code, *, by="officer-a", **changes):
        return await api.put(
            f"{PATH}/{code}/competence", json=competence(**changes), headers=officer(bureau, by)
        )

    return record


async def test_competence_is_recorded_by_two_persons_and_told(
    api, record, body_code, bureau, events
):
    path = f"{PATH}/{body_code}/competence"
    before = (await api.get(path, params={"scope_code": "01"})).json()
    assert (before["is_competent"], before["competence"]) == (False, None)
    assert before["required"] == {
        "staff_full_time_min": 10,
        "staff_experienced_min": 5,
        "dishonesty_free_years": 5,
        "accreditation_required": True,
    }
    assert [
        (rule["requirement"], rule["value"], rule["evidence_grade"]) for rule in before["rules"]
    ] == [
        ("accreditation", 1, "D"),
        ("dishonesty_free_years", 5, "V1"),
        ("staff_experienced_min", 5, "V1"),
        ("staff_full_time_min", 10, "V1"),
    ]
    task_id = (await record(body_code)).json()["task_id"]
    own = await approve(api, task_id, officer(bureau, "officer-a"))
    assert refusal(own) == (403, "task-own")
    assert (await approve(api, task_id, officer(bureau, "officer-b"))).status_code == 200
    after = (await api.get(path, params={"scope_code": "01"})).json()
    assert (after["is_competent"], after["missing"]) == (True, [])
    assert after["competence"]["evidence"] == "人员社保清单与认可证书"
    unknown, event = await events(body_code)
    assert (unknown.competence.staff_full_time, unknown.competence.accreditations) == (0, [])
    assert (event.version, event.competence.staff_full_time) == (2, 12)
    assert event.competence.staff_full_time_min == 10
    assert [one.scope_code for one in event.competence.accreditations] == ["01", "07", "14"]
    history = await api.get(f"{PATH}/{body_code}/history", headers=officer(bureau))
    assert history.json()["items"][-1]["action"] == "competence"


async def test_the_same_competence_again_is_no_new_version(api, record, body_code, bureau, events):
    for _ in range(2):
        task_id = (await record(body_code)).json()["task_id"]
        assert (await approve(api, task_id, officer(bureau, "officer-b"))).status_code == 200
    assert [event.version for event in await events(body_code)] == [1, 2]


async def test_two_approvals_at_once_record_once(api, record, body_code, bureau, events):
    task_id = (await record(body_code)).json()["task_id"]
    answers = await asyncio.gather(
        *(approve(api, task_id, officer(bureau, f"officer-{n}")) for n in range(2, 8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert len(await events(body_code)) == 2


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"staff_full_time": 5}, ["/staff_experienced"]),
        ({"staff_full_time": -1}, ["/staff_full_time"]),
        ({"staff_full_time": "12"}, ["/staff_full_time"]),
        ({"evidence": " "}, ["/evidence"]),
        (
            {
                "staff_full_time": 5,
                "accreditations": [
                    {
                        "certificate_no": "A",
                        "scope_code": "01",
                        "valid_from": "2026-01-01",
                        "valid_until": "2025-12-31",
                    },
                ]
                * 2,
            },
            [
                "/staff_experienced",
                "/accreditations/0/valid_until",
                "/accreditations/1/valid_until",
                "/accreditations/1",
            ],
        ),
    ],
)
async def test_what_contradicts_itself_is_named_all_at_once(record, body_code, changes, pointers):
    answer = await record(body_code, **changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_only_a_verification_body_has_a_competence(record, bureau):
    assert refusal(await record(bureau)) == (409, "organisation-standing-refused")


async def test_the_service_hands_out_competent_bodies_only(database, body_code, api, bureau):
    async def ask(code, day=DAY):
        async with database.read() as session:
            return await service.get_competent_verifier(
                session, code, scope_code="01", day=day, pointer="/validator_code"
            )

    with pytest.raises(VerifierNotCompetent) as caught:
        await ask(body_code)
    assert [problem.pointer for problem in caught.value.errors] == ["/validator_code"]
    with pytest.raises(OrganisationUnfit):
        await ask(bureau)
    # Before the rule there was nothing to show.
    assert (await ask(body_code, date(2023, 10, 19))).organisation_code == body_code
    able = await register_organisation(api, "validator_verifier")
    assert (await ask(able)).organisation_code == able


async def test_a_newer_rule_row_asks_more_from_its_day_on(database, api):
    able = await register_organisation(api, "validator_verifier")
    async with database.write() as session:
        await session.execute(
            text(
                "INSERT INTO verifier_rules VALUES"
                " ('staff_full_time_min', '2026-08-01', 20, 'D', 'a stricter rule of this test')"
            )
        )
    async with database.read() as session:
        for day, is_able in ((date(2026, 7, 31), True), (date(2026, 8, 1), False)):
            demands = await service.get_demands(session, day)
            found = service.competence_of(await service.get(session, able))
            assert (not shortfalls(found, demands, scope_code="01", day=day)) is is_able
