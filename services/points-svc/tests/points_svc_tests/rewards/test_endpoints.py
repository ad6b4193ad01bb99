import pytest

from points_svc_tests.factories import OPERATOR, caller
from tht_kit.ids import new_id

BODY = {
    "name": "公交乘车券 2 元",
    "kind": "coupon",
    "points_tenths": 200,
    "face_fen": 200,
    "stock": 50,
}


async def create(app, scope="rewards:write", **changes):
    return await app.api.post("/v1/rewards", json=BODY | changes, headers=caller(OPERATOR, scope))


async def test_a_reward_is_created_and_anyone_can_see_what_is_left(app):
    answer = await create(app, per_citizen_max=2)
    assert answer.status_code == 201
    made = answer.json()
    assert made | {"reward_id": "", "created_at": ""} == BODY | {
        "reward_id": "",
        "created_at": "",
        "remaining": 50,
        "per_citizen_max": 2,
    }
    got = await app.api.get(answer.headers["location"])
    assert got.json() == made
    assert made in (await app.api.get("/v1/rewards", params={"limit": 200})).json()["items"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "a\x00b"},
        {"name": "\u202e券"},  # turns the reading order
        {"kind": "cash"},
        {"points_tenths": 0},
        {"points_tenths": 10**12},
        {"face_fen": -1},
        {"stock": 0},
        {"per_citizen_max": 0},
        {"colour": "green"},
    ],
)
async def test_a_wrong_reward_is_refused(app, change):
    answer = await create(app, **change)
    assert answer.status_code == 422
    [field] = change
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


async def test_creating_needs_the_scope_and_a_key(app):
    assert (await create(app, scope="trips:write")).status_code == 403
    headers = caller(OPERATOR, "rewards:write")
    del headers["Idempotency-Key"]
    answer = await app.api.post("/v1/rewards", json=BODY, headers=headers)
    assert answer.json()["type"] == "/problems/idempotency-key-missing"


async def test_an_unknown_reward_is_not_found(app):
    answer = await app.api.get(f"/v1/rewards/{new_id()}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/reward-not-found")
