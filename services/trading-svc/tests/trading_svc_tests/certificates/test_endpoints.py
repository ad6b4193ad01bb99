import base64
import json

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from sqlalchemy import text

from trading_svc_tests.factories import PV_OWNER


@pytest.fixture
async def certificate_id(world) -> str:
    await world.usual_parties()
    await world.issue(500)
    await world.issue(500, owner=PV_OWNER, vintage=2024)
    answer = await world.retire(PV_OWNER, 600)
    assert answer.status_code == 201, answer.text
    return answer.json()["certificate_id"]


async def certificate(world, certificate_id: str):
    return (await world.get(f"/v1/certificates/{certificate_id}")).json()


async def verify(world, certificate_id: str, **params):
    answer = await world.get(f"/v1/verify/{certificate_id}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def keys(world) -> KeySet:
    answer = await world.get("/v1/certificates/keys")
    return KeySet.import_key_set(answer.json())


async def test_a_certificate_carries_every_field(world, certificate_id):
    assert certificate_id.startswith("CQ-R-2026-")
    found = await certificate(world, certificate_id)
    document = found["document"]
    assert document["account_holder"]["code"] == PV_OWNER
    assert document["retirement"]["retired_at"] == "2026-06-01T02:00:00Z"
    assert [(u["vintage"], u["quantity_t"]) for u in document["units"]] == [
        (2025, 500),
        (2024, 100),
    ]
    assert all(unit["methodology_code"] == "CQCM-901-V001" for unit in document["units"])
    assert document["verify_url"].endswith(f"/v1/verify/{certificate_id}")
    assert document["irrevocable"] is True


async def test_anybody_can_check_the_signature_with_the_published_keys(world, certificate_id):
    found = await certificate(world, certificate_id)
    signed = jws.deserialize_compact(found["signature"], await keys(world), algorithms=["Ed25519"])
    assert json.loads(signed.payload) == found["document"]
    canonical = json.dumps(
        found["document"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert signed.payload == canonical.encode()
    assert signed.headers()["kid"] == found["kid"]


async def test_the_seal_in_the_qr_code_verifies_offline(world, certificate_id):
    found = await certificate(world, certificate_id)
    sealed = jws.deserialize_compact(found["seal"], await keys(world), algorithms=["Ed25519"])
    claim = json.loads(sealed.payload)
    digest = base64.urlsafe_b64decode(claim.pop("h") + "=")
    assert digest.hex() == found["sha256"]
    assert claim == {
        "id": certificate_id,
        "t": 600,
        "r": "VOLUNTARY",
        "b": PV_OWNER,
        "d": "2026-06-01",
    }


async def test_the_pdf_is_the_same_at_every_request(world, certificate_id):
    answers = [await world.get(f"/v1/certificates/{certificate_id}.pdf") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers["content-type"] == "application/pdf"
    assert answers[0].content == answers[1].content
    assert answers[0].content.startswith(b"%PDF-1.7")


async def test_verification_tells_the_live_state(world, certificate_id):
    found = await verify(world, certificate_id)
    assert found["valid"] is True
    assert (found["state"], found["sha256_matches"]) == ("VALID", None)
    assert (found["quantity_t"], found["reason"]) == (600, "VOLUNTARY")
    sha256 = found["sha256"]
    assert (await verify(world, certificate_id, sha256=sha256.upper()))["sha256_matches"] is True
    forged = await verify(world, certificate_id, sha256="0" * 64)
    assert (forged["valid"], forged["sha256_matches"]) == (False, False)


async def test_a_certificate_that_was_never_issued_is_not_found(world, certificate_id):
    for path in ("/v1/verify/CQ-R-2026-999999", "/v1/certificates/CQ-R-2026-999999.pdf"):
        answer = await world.get(path)
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "/problems/certificate-not-found",
        )
    assert (await world.get("/v1/certificates/CQ-R-2026-999999")).status_code == 404
    assert (await world.get(f"/v1/verify/{certificate_id}", sha256="short")).status_code == 422


@pytest.mark.parametrize(
    ("tampering", "failing"),
    [
        (
            "UPDATE certificates SET document = document || convert_to(' ', 'UTF8')",
            "signature_valid",
        ),
        (
            "UPDATE blocks SET state = 'held', retirement_id = NULL WHERE lower(block) = 1",
            "serials_retired",
        ),
    ],
)
async def test_tampering_with_the_database_shows(
    world, database, certificate_id, tampering, failing
):
    async with database.write() as session:
        await session.execute(text(tampering))
    found = await verify(world, certificate_id)
    assert (found["valid"], found[failing]) == (False, False)
