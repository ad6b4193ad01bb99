"""Codes that fail their check, and one account for one subject (R32)."""

import asyncio

import pytest

from registry_svc.organisations.rules import check_character
from registry_svc_tests.factories import (
    FOUNDER,
    approve,
    caller,
    officer,
    organisation,
    organisation_code,
    register_organisation,
)

PATH = "/v1/organisations"
PILOT = "91350203M0001QAY9B"  # on its certificate; GB 32100 gives 9 for the last character
REASON = "试点时期的旧代码，营业执照原件如此"


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def writer():
    return caller("organisations:write", org=FOUNDER, subject="officer-a")


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


@pytest.fixture
def override(api, bureau):
    async def override(code=PILOT, *, by="officer-a", **changes):
        body = {"organisation_code": code, "name": "厦门试点公司", "kinds": ["owner"]}
        return await api.post(
            f"{PATH}/overrides",
            json=body | {"reason": REASON} | changes,
            headers=officer(bureau, by),
        )

    return override


async def test_a_code_that_fails_its_check_is_entered_by_two_persons_with_a_reason(
    api, override, bureau, events
):
    refused = await api.post(PATH, json=organisation(organisation_code=PILOT), headers=writer())
    assert refusal(refused) == (422, "organisation-code-invalid")
    assert "/v1/organisations/overrides" in refused.json()["detail"]
    task = (await override()).json()
    assert task["proposal"]["check_character_computed"] == "9"
    assert (await api.get(f"{PATH}/{PILOT}")).status_code == 404
    own = await approve(api, task["task_id"], officer(bureau, "officer-a"))
    assert refusal(own) == (403, "task-own")
    done = await approve(api, task["task_id"], officer(bureau, "officer-b"))
    assert done.status_code == 200
    shown = (await api.get(f"{PATH}/{PILOT}")).json()
    assert (shown["status"], shown["code_override_reason"]) == ("active", REASON)
    assert [warning["code"] for warning in shown["code_warnings"]] == ["check-character"]
    assert [event.organisation_code for event in await events(PILOT)] == [PILOT]
    [row] = (await api.get(f"{PATH}/{PILOT}/history", headers=officer(bureau))).json()["items"]
    assert (row["action"], row["changed_by"], row["approved_by"], row["reason"]) == (
        "registered",
        "officer-a",
        "officer-b",
        REASON,
    )


async def test_an_override_needs_a_reason_and_a_code_that_fails(override):
    answer = await override(reason="  ")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/reason"]
    assert refusal(await override(organisation_code())) == (
        409,
        "organisation-code-override-not-needed",
    )


@pytest.mark.parametrize(
    "code",
    ["91350203M0001QAY9", "9135020AM0001QAY9B", "91350203m0001qay9b", "91350203M0001QAYOB", ""],
)
async def test_what_is_no_code_at_all_cannot_be_overridden(override, code):
    assert refusal(await override(code)) == (422, "organisation-code-invalid")


async def test_two_approvals_of_one_override_at_once_register_once(api, override, bureau, events):
    task_id = (await override()).json()["task_id"]
    answers = await asyncio.gather(
        *(approve(api, task_id, officer(bureau, f"officer-{n}")) for n in range(2, 8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert len(await events(PILOT)) == 1
    assert refusal(await override()) == (409, "organisation-exists")


async def test_an_inner_check_that_fails_is_a_warning_only(api):
    code = "91330100297663536K"  # in use: its outer check fits, GB 11714 gives 3 inside
    made = await api.post(PATH, json=organisation(organisation_code=code), headers=writer())
    assert made.status_code == 201
    assert [warning["code"] for warning in made.json()["code_warnings"]] == [
        "subject-check-character"
    ]


def moved(code):
    """Return the code that the same subject has in another district."""
    body = code[:2] + "500103" + code[8:17]
    return body + check_character(body)


async def test_one_subject_is_registered_under_one_code_only(api):
    code = await register_organisation(api, "owner")
    body = organisation(organisation_code=moved(code))
    refused = await api.post(PATH, json=body, headers=writer())
    assert refusal(refused) == (409, "organisation-subject-registered")
    assert code in refused.json()["detail"]


async def test_former_codes_lead_to_the_organisation_and_cannot_be_registered(api, events):
    old, older = organisation_code(), organisation_code()
    body = organisation(former_codes=[old])
    code = body["organisation_code"]
    assert (await api.post(PATH, json=body, headers=writer())).status_code == 201
    change = {"name": body["name"], "kinds": body["kinds"], "former_codes": [older, moved(code)]}
    changed = (await api.put(f"{PATH}/{code}", json=change, headers=writer())).json()
    # What is on record stays there: former codes are added, never taken away.
    assert changed["former_codes"] == sorted([old, older, moved(code)])
    assert (await events(code))[-1].former_codes == changed["former_codes"]
    for former in (old, older, moved(code)):
        assert (await api.get(f"{PATH}/{former}")).json()["organisation_code"] == code
    for taken in (old, moved(older)):
        answer = await api.post(PATH, json=organisation(organisation_code=taken), headers=writer())
        assert refusal(answer) == (409, "organisation-subject-registered")


async def test_a_registered_organisation_cannot_be_claimed_as_a_former_code(api):
    other = await register_organisation(api, "owner")
    body = organisation(former_codes=[organisation_code(), other])
    refused = await api.post(PATH, json=body, headers=writer())
    assert refusal(refused) == (409, "organisation-subject-registered")
    assert refused.json()["errors"][0]["pointer"] == "/former_codes/1"
    assert (await api.get(f"{PATH}/{body['organisation_code']}")).status_code == 404


async def test_old_codes_need_only_the_form_of_one(api):
    made = await api.post(PATH, json=organisation(former_codes=[PILOT]), headers=writer())
    assert made.status_code == 201
    refused = await api.post(PATH, json=organisation(former_codes=["12345"]), headers=writer())
    assert refused.json()["errors"][0]["pointer"] == "/former_codes/0"


async def test_of_rival_claims_to_one_subject_exactly_one_wins(api):
    shared = organisation_code()
    bodies = [organisation(former_codes=[shared]) for _ in range(6)]
    bodies += [
        organisation(organisation_code=shared),
        organisation(organisation_code=moved(shared)),
    ]
    answers = await asyncio.gather(
        *(api.post(PATH, json=body, headers=writer()) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_cross_claims_at_once_never_hang(api):
    first, second = organisation_code(), organisation_code()
    bodies = [
        organisation(organisation_code=first, former_codes=[second]),
        organisation(organisation_code=second, former_codes=[first]),
    ]
    answers = await asyncio.gather(
        *(api.post(PATH, json=body, headers=writer()) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
