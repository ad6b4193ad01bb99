import asyncio

import httpx
import pytest
import sqlalchemy as sa

from tht_kit.db import Database
from tht_shared_tests.http import app as edge
from tht_shared_tests.http.conftest import writer

BODY = {"name": "一吨"}


async def stored(database):
    async with database.read() as session:
        statement = sa.text("SELECT count(*) FROM idempotency_answers")
        return (await session.execute(statement)).scalar_one()


async def test_the_same_request_again_gets_the_first_answer(api, count):
    first = await api.post("/v1/effects", json=BODY, headers=writer("k-1"))
    again = await api.post("/v1/effects", json=BODY, headers=writer("k-1"))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await count() == 1


async def test_the_key_with_another_body_is_refused(api, count):
    await api.post("/v1/effects", json=BODY, headers=writer("k-1"))
    answer = await api.post("/v1/effects", json={"name": "两吨"}, headers=writer("k-1"))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert answer.json()["errors"][0]["pointer"] == "header:Idempotency-Key"
    assert await count() == 1


async def test_fifty_at_once_with_one_key_make_one_effect_and_identical_answers(api, count):
    answers = await asyncio.gather(
        *(api.post("/v1/effects", json=BODY, headers=writer("k-1")) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await count() == 1


async def test_a_key_belongs_to_one_caller_and_one_route(api, count):
    for subject in ("partner-1", "partner-2"):
        answer = await api.post("/v1/effects", json=BODY, headers=writer("k-1", subject))
        assert "idempotency-replayed" not in answer.headers
    edge.gate.open.set()
    answer = await api.post("/v1/slow", json=BODY, headers=writer("k-1"))
    assert "idempotency-replayed" not in answer.headers
    assert await count() == 3


async def test_a_refused_request_stores_nothing_and_may_be_sent_again(api, database, count):
    for _ in range(2):
        answer = await api.post("/v1/refused", json=BODY, headers=writer("k-1"))
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/test-refused")
        assert "idempotency-replayed" not in answer.headers
    assert await stored(database) == 0
    assert await count() == 0
    # The key is free: a corrected body may use it.
    wrong = await api.post("/v1/effects", json={"name": 7}, headers=writer("k-2"))
    right = await api.post("/v1/effects", json=BODY, headers=writer("k-2"))
    assert (wrong.status_code, right.status_code) == (422, 201)


async def test_a_request_without_the_scope_claims_no_key(api, database):
    headers = writer("k-1") | {"Authorization": "Bearer nonsense"}
    assert (await api.post("/v1/effects", json=BODY, headers=headers)).status_code == 401
    assert await stored(database) == 0


@pytest.mark.parametrize(
    ("key", "status", "error"),
    [
        (None, 400, "idempotency-key-missing"),
        ("", 400, "idempotency-key-invalid"),
        ("k" * 256, 400, "idempotency-key-invalid"),
        ("k\tk", 400, "idempotency-key-invalid"),
        ("ключ", 400, "idempotency-key-invalid"),
        ("k" * 255, 201, None),
    ],
)
async def test_a_key_is_one_to_255_visible_ascii_characters(api, key, status, error):
    headers = [(name.encode(), value.encode()) for name, value in writer().items()]
    headers = [pair for pair in headers if pair[0] != b"Idempotency-Key"]
    if key is not None:
        headers.append((b"idempotency-key", key.encode()))
    answer = await api.post("/v1/effects", json=BODY, headers=headers)
    assert answer.status_code == status
    if error:
        assert answer.json()["type"] == f"/problems/{error}"
        assert answer.json()["errors"][0]["pointer"] == "header:Idempotency-Key"


async def test_while_the_first_is_running_the_second_is_told_to_wait(api, database, count):
    running = asyncio.ensure_future(api.post("/v1/slow", json=BODY, headers=writer("k-1")))
    await edge.gate.entered.wait()
    impatient = Database(database.url, lock_timeout_s=0.1)
    transport = httpx.ASGITransport(edge.app_on(edge.container_on(impatient)))
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as other:
        answer = await other.post("/v1/slow", json=BODY, headers=writer("k-1"))
    await impatient.dispose()
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/request-in-flight")
    assert answer.headers["retry-after"] == "1"
    edge.gate.open.set()
    first = await running
    again = await api.post("/v1/slow", json=BODY, headers=writer("k-1"))
    assert (first.status_code, again.content) == (201, first.content)
    assert await count() == 1
