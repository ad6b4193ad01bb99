"""Citizens: one account per person, a token per partner, consent per scenario and purpose."""

import asyncio
import hashlib
import hmac

import pytest
from sqlalchemy import text

from points_svc_tests.conftest import IDENTITY_KEY
from points_svc_tests.factories import CITY_APP, MOBILITY, caller, identity

PATH = "/v1/citizens"


async def opened(app, digest, partner=CITY_APP):
    headers = caller(partner, "citizens:write")
    return await app.api.post(PATH, json={"identity_sha256": digest}, headers=headers)


async def test_the_same_person_gets_one_account_and_each_app_its_own_token(app):
    digest = identity()
    first = await opened(app, digest)
    assert first.status_code == 201
    token = first.json()["subject_token"]
    assert first.headers["location"] == f"{PATH}/{token}"
    again = await opened(app, digest)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await opened(app, digest, partner="other-app")
    assert other.status_code == 201
    assert other.json()["subject_token"] != token
    partner = await app.linked(token)
    assert await app.linked(token) == partner
    headers = caller("other-app", "citizens:write")
    linked = await app.api.put(
        f"{PATH}/{other.json()['subject_token']}/partners/{MOBILITY}", headers=headers
    )
    assert linked.json()["subject_token"] == partner  # it is the same person


async def test_one_person_opening_ten_times_at_once_is_one_citizen(app, container):
    digest = identity()
    answers = await asyncio.gather(*(opened(app, digest) for _ in range(10)))
    assert len({answer.json()["subject_token"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]


async def test_only_the_keyed_hash_of_the_person_is_stored(app, container):
    digest = identity()
    await opened(app, digest)
    keyed = hmac.new(IDENTITY_KEY.encode(), bytes.fromhex(digest), hashlib.sha256).digest()
    async with container.database.read() as session:
        found = (await session.scalars(text("SELECT identity_hmac FROM identities"))).all()
        assert keyed in found
        assert bytes.fromhex(digest) not in found
        # Nor a plain hash of the request, which would be as good as the document's hash.
        scopes = await session.scalars(text("SELECT scope FROM idempotency_answers"))
        assert not [scope for scope in scopes if "/v1/citizens" in scope]


async def test_a_consent_is_exactly_the_purposes_named(app):
    subject = await app.citizen(consent=())
    both = await app.consent(subject, "bike", "credit", "aggregation", until="2027-12-31")
    assert both["purposes"] == ["aggregation", "credit"]
    assert {grant["until"] for grant in both["grants"]} == {"2027-12-31"}
    app.clock.advance(days=1)
    one = await app.consent(subject, "bike", "credit")
    assert one["purposes"] == ["credit"]
    kept = next(grant for grant in one["grants"] if grant["purpose"] == "credit")
    assert (kept["granted_at"], kept["until"]) == ("2026-07-17T02:00:00Z", None)
    gone = next(grant for grant in one["grants"] if grant["purpose"] == "aggregation")
    assert gone["withdrawn_at"] == "2026-07-18T02:00:00Z"
    back = await app.consent(subject, "bike", "credit", "aggregation")
    again = next(grant for grant in back["grants"] if grant["purpose"] == "aggregation")
    assert (again["granted_at"], again["withdrawn_at"]) == ("2026-07-18T02:00:00Z", None)


@pytest.mark.parametrize(
    ("scenario_id", "body", "status", "kind"),
    [
        ("rocket", {"purposes": ["credit"]}, 404, "consent-scenario-unknown"),
        ("bike", {"purposes": []}, 422, "invalid-request"),
        ("bike", {"purposes": ["selling"]}, 422, "invalid-request"),
        ("bike", {"purposes": ["credit"], "until": "2026-07-16"}, 422, "consent-ended"),
        ("bike", {"purposes": ["credit"], "forever": True}, 422, "invalid-request"),
    ],
)
async def test_a_wrong_consent_is_refused(app, scenario_id, body, status, kind):
    subject = await app.citizen(consent=())
    answer = await app.api.put(
        f"{PATH}/{subject}/consents/{scenario_id}",
        json=body,
        headers=caller(CITY_APP, "citizens:write"),
    )
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


@pytest.mark.parametrize("digest", ["", "abc", "G" * 64, "A" * 64, "0" * 63, None, 5])
async def test_a_wrong_identity_hash_is_refused(app, digest):
    answer = await opened(app, digest)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/identity_sha256"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "{subject}"),
        ("GET", "{subject}/trips"),
        ("GET", "{subject}/redemptions"),
        ("PUT", "{subject}/partners/x"),
        ("PUT", "{subject}/consents/bike"),
        ("DELETE", "{subject}/consents/bike"),
    ],
)
async def test_a_token_of_another_partner_finds_nobody(app, method, path):
    subject = await app.citizen()
    headers = caller("other-app", "citizens:write", "citizens:read")
    body = {"purposes": ["credit"]} if "consents" in path and method == "PUT" else None
    where = f"{PATH}/{path.format(subject=subject)}"
    answer = await app.api.request(method, where, json=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/citizen-not-found")


@pytest.mark.parametrize("subject", ["%00", "a%0Ab", "x" * 101])
async def test_a_token_that_cannot_be_one_is_refused(app, subject):
    answer = await app.api.get(f"{PATH}/{subject}", headers=caller(CITY_APP, "citizens:read"))
    assert answer.status_code in (404, 422)


async def test_reading_and_writing_need_their_scopes(app):
    subject = await app.citizen()
    headers = caller(CITY_APP, "trips:write")
    assert (await app.api.get(f"{PATH}/{subject}", headers=headers)).status_code == 403
    body = {"identity_sha256": identity()}
    assert (await app.api.post(PATH, json=body, headers=headers)).status_code == 403
    assert (await app.api.get(f"{PATH}/{subject}")).status_code == 401


async def test_a_fresh_citizen_owns_nothing(app):
    subject = await app.citizen()
    assert await app.balance(subject) == {
        "subject": subject,
        "points_tenths_available": 0,
        "points_tenths_pending": 0,
        "points_tenths_expired": 0,
        "points_tenths_owed": 0,
        "points_tenths_earned": 0,
        "points_tenths_redeemed": 0,
        "grams_credited": 0,
        "trips_accepted": 0,
        "expiring": [],
    }


# (method, path after the citizen, body) of what only the citizen's own app may do.
OF_THE_CITIZEN = [
    ("GET", "", None),
    ("GET", "/redemptions", None),
    ("GET", "/redemptions/0199a1b2-0000-7000-8000-000000000000", None),
    ("PUT", "/partners/x", None),
    ("PUT", "/consents/bike", {"purposes": ["credit"]}),
    ("DELETE", "/consents/bike", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OF_THE_CITIZEN)
async def test_a_linked_partner_does_not_act_for_the_citizen(app, method, path, body):
    _, token = await app.rider()
    headers = caller(MOBILITY, "citizens:write", "citizens:read")
    answer = await app.api.request(method, f"{PATH}/{token}{path}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/citizen-of-another-app")


async def test_a_partner_through_which_the_citizen_opens_the_account_becomes_an_own_app(app):
    digest = identity()
    home = (await opened(app, digest)).json()["subject_token"]
    linked = await app.linked(home, "other-app")
    headers = caller("other-app", "citizens:read")
    assert (await app.api.get(f"{PATH}/{linked}", headers=headers)).status_code == 403
    again = await opened(app, digest, partner="other-app")
    assert (again.status_code, again.json()["subject_token"]) == (200, linked)
    assert (await app.api.get(f"{PATH}/{linked}", headers=headers)).status_code == 200
    # To be linked once more takes nothing away.
    assert await app.linked(home, "other-app") == linked
    assert (await app.api.get(f"{PATH}/{linked}", headers=headers)).status_code == 200
