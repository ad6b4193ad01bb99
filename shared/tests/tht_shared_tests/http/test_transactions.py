"""One request, one transaction: committed before the answer, repeated when PostgreSQL asks."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tht_shared_tests.http import app as edge


async def test_a_commit_that_fails_is_an_error_and_never_a_201(api, count):
    answer = await api.post("/v1/promises")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert await count() == 0


async def test_the_effect_is_committed_when_the_answer_starts(app, count):
    seen = []

    async def send(message):
        if message["type"] == "http.response.start":
            seen.append((message["status"], await count()))

    async def receive():
        return {"type": "http.request", "body": b'{"name": "a"}', "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/serialisation/0",
        "raw_path": b"/v1/serialisation/0",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": None,
        "server": ("edge.test", 80),
    }
    await app(scope, receive, send)
    assert seen == [(201, 1)]


@pytest.mark.parametrize("path", ["/v1/broken", "/v1/refused"])
async def test_an_error_takes_everything_back(api, count, path):
    await api.post(path, json={"name": "a"})
    assert await count() == 0


async def test_a_deadlock_is_run_again(api, database, count):
    async with database.write() as session:
        await session.execute(
            insert(edge.rows).values([{"row_id": 1, "n": 0}, {"row_id": 2, "n": 0}])
        )
    answers = await asyncio.gather(
        api.post("/v1/pairs/1/2", json={"name": "a"}), api.post("/v1/pairs/2/1", json={"name": "b"})
    )
    assert [answer.status_code for answer in answers] == [201, 201]
    assert {answer.json()["name"] for answer in answers} == {"a", "b"}
    assert edge.attempts.count == 3
    assert await count() == 2
    async with database.read() as session:
        assert (await session.execute(sa.select(edge.rows.c.n))).scalars().all() == [2, 2]


async def test_a_serialisation_failure_is_run_again_with_the_same_body(api, count):
    answer = await api.post("/v1/serialisation/2", json={"name": "第三次"})
    assert (answer.status_code, answer.json()["name"]) == (201, "第三次")
    assert edge.attempts.count == 3
    assert await count() == 1


async def test_a_transaction_that_never_gets_through_is_a_503(api, count):
    answer = await api.post("/v1/serialisation/99", json={"name": "a"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/temporarily-unavailable")
    assert answer.headers["retry-after"]
    assert edge.attempts.count == 5
    assert await count() == 0


async def test_a_read_route_cannot_write(database):
    async with database.read() as session:
        with pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
            await session.execute(insert(edge.rows).values(row_id=1, n=0))
