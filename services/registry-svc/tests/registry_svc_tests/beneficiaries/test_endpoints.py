import asyncio
import hashlib
import hmac

import pytest
from sqlalchemy import text

from registry_svc_tests.factories import (
    approve,
    caller,
    officer,
    organisation_code,
    register_organisation,
)
from tht_contracts.events.registry import BeneficiaryReviewed

PATH = "/v1/beneficiaries"
DOCUMENT = hashlib.sha256(b"500103199003071234").hexdigest()


def event(**changes):
    return {
        "kind": "event",
        "name": "2026 重庆马拉松",
        "country": "CN",
        "district_code": "500103",
    } | changes


def person(**changes):
    return {
        "kind": "person",
        "name": "张伟",
        "country": "CN",
        "identifier_kind": "identity_document",
        "identifier_sha256": DOCUMENT,
    } | changes


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.fixture
async def org(api):
    return await register_organisation(api, "controlled_enterprise")


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


@pytest.fixture
def propose(api, org):
    async def propose(body, *, by="partner-1", of=None):
        headers = caller("retirements:write", org=of or org, subject=by)
        del headers["Idempotency-Key"]
        return await api.post(PATH, json=body, headers=headers)

    return propose


def reader(org, *scopes, subject="reader"):
    return caller(*scopes, org=org, subject=subject)


async def decide(api, task_id, bureau, *, reject=False, subject="officer-b"):
    if not reject:
        return await approve(api, task_id, officer(bureau, subject))
    return await api.post(
        f"/v1/registry-tasks/{task_id}/rejection",
        json={"comment": "名称不实"},
        headers=officer(bureau, subject),
    )


async def test_a_beneficiary_is_reviewed_by_another_and_told(api, propose, org, bureau, events):
    made = await propose(event())
    assert made.status_code == 201
    body = made.json()
    assert (body["status"], body["name"], body["reviewed_at"]) == (
        "proposed",
        "2026 重庆马拉松",
        None,
    )
    assert await events(body["beneficiary_id"]) == []
    assert (await decide(api, body["task_id"], bureau)).status_code == 200
    got = (await api.get(made.headers["location"], headers=reader(None))).json()
    assert (got["status"], got["name"]) == ("reviewed", "2026 重庆马拉松")
    assert await events(body["beneficiary_id"]) == [
        BeneficiaryReviewed(
            beneficiary_id=body["beneficiary_id"],
            kind="event",
            display_name="2026 重庆马拉松",
            is_name_public=True,
            country="CN",
            district_code="500103",
        )
    ]


async def test_the_proposer_never_reviews_even_with_every_scope(api, propose, bureau):
    task_id = (await propose(event(), by="officer-a")).json()["task_id"]
    assert refusal(await decide(api, task_id, bureau, subject="officer-a")) == (403, "task-own")
    assert (await decide(api, task_id, bureau)).status_code == 200


async def test_a_reviewer_must_be_of_the_authority_or_the_operator(api, propose, org):
    task_id = (await propose(event())).json()["task_id"]
    assert refusal(await decide(api, task_id, org)) == (409, "organisation-unfit")


async def test_a_refused_beneficiary_may_be_proposed_again(api, propose, bureau, events):
    first = (await propose(event())).json()
    assert (await decide(api, first["task_id"], bureau, reject=True)).status_code == 200
    assert await events(first["beneficiary_id"]) == []
    again = await propose(event())
    assert again.status_code == 201
    assert again.json()["beneficiary_id"] != first["beneficiary_id"]


async def test_two_reviewers_at_once_make_one_decision(api, propose, bureau, events):
    made = (await propose(event())).json()
    answers = await asyncio.gather(
        *(decide(api, made["task_id"], bureau, subject=f"officer-{n}") for n in range(4)),
        *(
            decide(api, made["task_id"], bureau, reject=True, subject=f"refuser-{n}")
            for n in range(4)
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    [won] = [answer.json()["status"] for answer in answers if answer.status_code == 200]
    assert len(await events(made["beneficiary_id"])) == (1 if won == "APPROVED" else 0)


async def test_the_same_proposal_again_gets_the_same_record(propose):
    first, again = await propose(event()), await propose(event())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


async def test_ten_proposals_of_one_beneficiary_at_once_make_one_record(api, propose, bureau):
    answers = await asyncio.gather(
        *(propose(event(name=f"2026{' ' * n}重庆马拉松"), by=f"partner-{n}") for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    listed = await api.get(PATH, headers=officer(bureau))
    assert len(listed.json()["items"]) == 1


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (event(), event(name="2026重庆马拉松！"), True),
        (event(), event(district_code="500112"), False),
        (event(), event(kind="organisation"), False),
        (event(), event(country="FR", district_code=None), False),
        (person(), person(name="章伟"), True),  # one document is one person
        (person(), person(identifier_sha256="0" * 64), False),  # two people called 张伟
        (person(), person(identifier_kind=None, identifier_sha256=None), False),
        (
            event(identifier_kind="permit_no", identifier="渝体〔2026〕7号"),
            event(name="马拉松", identifier_kind="permit_no", identifier="渝体 [2026] 7 号"),
            True,
        ),
    ],
)
async def test_a_duplicate_is_found_by_name_or_identifier(propose, first, second, is_same):
    made = await propose(first)
    other = await propose(second, by="partner-2")
    assert made.status_code == 201
    if is_same:
        assert refusal(other) == (409, "beneficiary-exists")
        assert made.json()["beneficiary_id"] in other.json()["detail"]
    else:
        assert other.status_code == 201


async def test_the_reviewer_sees_what_it_might_be_the_same_as(api, propose, bureau):
    first = (await propose(person())).json()
    second = (await propose(person(identifier_sha256="0" * 64), by="partner-2")).json()
    task = await api.get(f"/v1/registry-tasks/{second['task_id']}", headers=officer(bureau))
    assert task.json()["proposal"]["possible_duplicates"] == [first["beneficiary_id"]]


async def test_a_registered_organisation_is_named_by_its_code_not_as_a_beneficiary(propose, org):
    body = event(kind="organisation", identifier_kind="uscc", identifier=org, name="某公司")
    assert refusal(await propose(body)) == (409, "beneficiary-is-organisation")
    other = organisation_code()
    assert (await propose(body | {"identifier": other})).status_code == 201
    wrong = other[:-1] + ("0" if other[-1] != "0" else "1")
    assert refusal(await propose(body | {"identifier": wrong})) == (
        422,
        "organisation-code-invalid",
    )


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (event(country="ZZ", district_code=None), ["/country"]),
        (event(country="FR"), ["/district_code"]),
        (event(identifier="渝体7号"), ["/identifier_kind"]),
        (event(identifier_kind="permit_no"), ["/identifier"]),
        (event(identifier_kind="uscc", identifier="1"), ["/identifier_kind"]),
        (person(identifier="500103199003071234"), ["/identifier"]),
        (person(identifier_sha256=None), ["/identifier_sha256"]),
        (person(country="XX", identifier="5", district_code="500103"), None),
    ],
)
async def test_everything_that_does_not_fit_is_named_at_once(api, propose, bureau, body, pointers):
    answer = await propose(body)
    assert refusal(answer) == (422, "invalid-request")
    found = [error["pointer"] for error in answer.json()["errors"]]
    assert found == (pointers or ["/country", "/district_code", "/identifier"])
    assert (await api.get(PATH, headers=officer(bureau))).json()["items"] == []


async def test_of_a_persons_document_only_a_keyed_hash_is_kept(propose, database, container):
    assert (await propose(person())).status_code == 201
    key = container.settings.identity_key.get_secret_value().encode()
    expected = hmac.new(key, b"beneficiary:" + bytes.fromhex(DOCUMENT), hashlib.sha256).digest()
    async with database.read() as session:
        row = (
            await session.execute(text("SELECT identifier, identifier_digest FROM beneficiaries"))
        ).one()
        kept = (await session.execute(text("SELECT count(*) FROM idempotency_answers"))).scalar()
        proposal = (await session.execute(text("SELECT proposal::text FROM four_eyes_tasks"))).all()
    assert (row.identifier, row.identifier_digest) == (None, expected)
    # The organisation's registration is the only stored answer: no plain hash of the body.
    assert kept == 1
    assert DOCUMENT not in str(proposal)


async def test_a_persons_name_is_masked_for_others_unless_published(
    api, propose, bureau, org, events
):
    made = (await propose(person())).json()
    await decide(api, made["task_id"], bureau)
    path = f"{PATH}/{made['beneficiary_id']}"
    other = await register_organisation(api, "owner")
    assert (await api.get(path, headers=reader(org))).json()["name"] == "张伟"
    assert (await api.get(path, headers=officer(bureau))).json()["name"] == "张伟"
    seen = (await api.get(path, headers=reader(other))).json()
    assert (seen["name"], seen["identifier"]) == ("张**", None)
    assert (await events(made["beneficiary_id"]))[0].display_name == "张**"
    found = await api.get(PATH, params={"name": "张伟"}, headers=reader(other))
    assert found.json()["items"] == []
    public = (
        await propose(person(is_name_public=True, identifier_sha256="1" * 64), by="p2")
    ).json()
    await decide(api, public["task_id"], bureau)
    found = await api.get(PATH, params={"name": "张伟"}, headers=reader(other))
    assert [item["name"] for item in found.json()["items"]] == ["张伟"]


async def test_an_unreviewed_beneficiary_is_seen_by_its_proposer_and_reviewers_only(
    api, propose, org, bureau
):
    path = (await propose(event())).headers["location"]
    other = await register_organisation(api, "owner")
    assert (await api.get(path, headers=reader(org))).status_code == 200
    assert (await api.get(path, headers=officer(bureau))).status_code == 200
    assert refusal(await api.get(path, headers=reader(other))) == (404, "beneficiary-not-found")
    assert (await api.get(PATH, headers=reader(other))).json()["items"] == []
    assert refusal(await api.get(path)) == (401, "unauthenticated")


async def test_search_ignores_spelling_and_takes_no_wildcards(api, propose, bureau):
    await propose(event(name="Ｃhongqing Green-Run 100%"))
    await propose(event(name="山城夜跑"))
    for query, expected in (("chongqing green", 1), ("夜", 1), ("%", 0), ("_", 0), ("马", 0)):
        page = await api.get(PATH, params={"name": query}, headers=officer(bureau))
        assert len(page.json()["items"]) == expected, query


async def test_a_suspended_or_unknown_organisation_proposes_nothing(propose):
    assert refusal(await propose(event(), of=organisation_code())) == (409, "organisation-unfit")


async def test_without_a_key_documents_are_refused(api, propose, container, org):
    object.__setattr__(container.settings, "identity_key", None)
    assert refusal(await propose(person())) == (409, "identifiers-not-kept")
    body = person(identifier_kind=None, identifier_sha256=None)
    assert (await propose(body)).status_code == 201
