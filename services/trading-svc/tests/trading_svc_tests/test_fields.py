"""Text that cannot be printed or stored is refused at the door, never an internal error."""

import pytest

from tht_kit.testing.tokens import bearer
from trading_svc_tests.claims.test_endpoints import claim
from trading_svc_tests.factories import OPERATOR, ORGANISER, PV_OWNER, STEEL

INVISIBLE = ["a\x00b", "a\x07b", "a\u202eb", "a\u2028b", "a\uffffb", "\u200b", "\ue000", "a\tb"]


@pytest.mark.parametrize("words", INVISIBLE, ids=[repr(words) for words in INVISIBLE])
async def test_invisible_text_is_refused_everywhere(world, words):
    await world.usual_parties()
    await world.issue(10)
    deposit = {"account_code": STEEL, "amount_fen": 1, "bank_reference": words}
    answers = [
        await world.post("/v1/claims", claim(name=words), by=ORGANISER),
        await world.post("/v1/claims", claim(boundary=words), by=ORGANISER),
        await world.retire(PV_OWNER, 1, note=words),
        await world.post("/v1/cash/deposits", deposit, by=OPERATOR),
    ]
    assert {answer.status_code for answer in answers} == {422}


@pytest.mark.parametrize("name", ["𠮷祥", "Café crème", "ཁ", "😀", "«x» <b> #let $x$"])
async def test_visible_text_is_taken_and_certified(world, name):
    await world.usual_parties()
    await world.issue(500, owner=ORGANISER)
    found = await world.post(
        "/v1/claims", claim(name=name, boundary=f"{name}\n第二行"), by=ORGANISER
    )
    assert found.status_code == 201, found.text
    path = f"/v1/claims/{found.json()['claim_id']}/retirement"
    covered = await world.post(path, {"quantity_t": 353}, by=ORGANISER)
    certificate_id = covered.json()["certificate_id"]
    document = (await world.get(f"/v1/certificates/{certificate_id}")).json()["document"]
    assert document["statement"]["name"] == name
    assert (await world.get(f"/v1/certificates/{certificate_id}.pdf")).status_code == 200


@pytest.mark.parametrize(("length", "status"), [(300, 201), (301, 422)])
async def test_a_note_may_be_longer_than_a_line(world, length, status):
    await world.usual_parties()
    await world.issue(1)
    assert (await world.retire(PV_OWNER, 1, note="注" * length)).status_code == status


async def test_half_a_character_is_no_json(world):
    body = b'{"reason":"VOLUNTARY","quantity_t":1,"note":"\\ud800"}'
    headers = world.headers(PV_OWNER) | {"Content-Type": "application/json"}
    answer = await world.api.post("/v1/retirements", content=body, headers=headers)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/verify/%00", 404),
        ("/v1/certificates/%00", 404),
        ("/v1/certificates/%00.pdf", 404),
        ("/v1/holdings/serials/%00", 404),
        ("/v1/accounts/%00", 404),
        ("/v1/accounts/%00/holdings", 404),
        ("/v1/compliance/2024/enterprises/%00", 404),
        ("/v1/listings?seller_code=%00", 422),
        ("/v1/listings?vintage=99999999999", 422),
        ("/v1/retirements?account_code=%00", 422),
    ],
)
async def test_nonsense_in_a_path_is_not_found(world, path, status):
    headers = bearer("auditor", "oversight:read")
    assert (await world.api.get(path, headers=headers)).status_code == status
