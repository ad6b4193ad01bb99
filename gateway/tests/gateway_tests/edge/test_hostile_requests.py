"""What no honest client sends, as raw bytes on a socket: refused, and no service ever sees it."""

import pytest

from gateway_tests.serving import raw


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


HOSTILE = {
    "two lengths of one body": (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "the same, other order": (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Length: 5\r\n\r\n0\r\n\r\n"
    ),
    "Content-Length twice": (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
    ),
    "Content-Length with a sign": (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nab"
    ),
    "Transfer-Encoding that hides": (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
    ),
    "Transfer-Encoding twice": (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    ),
    "space before the colon": b"GET /v1/projects HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n",
    "a folded line": b"GET /v1/projects HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c: d\r\n\r\n",
    "NUL in a value": b"GET /v1/projects HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\n\r\n",
    "bare CR in a value": b"GET /v1/projects HTTP/1.1\r\nHost: a\r\nX-A: b\rX-C: d\r\n\r\n",
    "dot segments": b"GET /v1/projects/../organisations HTTP/1.1\r\nHost: a\r\n\r\n",
    "encoded dot segments": b"GET /v1/projects/%2e%2E/metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "half encoded dots": b"GET /v1/projects/.%2e/metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "a dot segment at the end": b"GET /v1/projects/.. HTTP/1.1\r\nHost: a\r\n\r\n",
    "an encoded slash": b"GET /v1/projects%2f..%2fmetrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "a backslash": b"GET /v1/projects\\..\\metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "an encoded backslash": b"GET /v1/projects%5cmetrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "an encoded NUL": b"GET /v1/projects/%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an empty segment": b"GET //v1/projects HTTP/1.1\r\nHost: a\r\n\r\n",
    "encoded CRLF in the path": b"GET /v1/projects/%0d%0aX-A:%20b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long target": b"GET /v1/projects?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "many fields": (b"GET /v1/projects HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 120 + b"\r\n"),
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_requests_are_refused(start, name):
    platform = await start("http")
    request = HOSTILE[name].replace(b"Host: a\r\n", b"Host: a\r\nConnection: close\r\n", 1)
    answer = await raw(platform.url, request)
    assert status_of(answer) == 400, answer
    assert all(not service.asked for service in platform.services.values())


async def test_a_smuggled_second_request_is_not_answered(start):
    platform = await start("http")
    smuggled = (
        b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"
        b"GET /v1/projects/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    answer = await raw(platform.url, smuggled)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert all(not service.asked for service in platform.services.values())


async def test_a_pipelined_second_request_is_answered_in_order(start):
    platform = await start("http")
    answer = await raw(
        platform.url,
        b"GET /v1/projects/first HTTP/1.1\r\nHost: a\r\n\r\n"
        b"GET /v1/trips/second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert answer.index(b"/v1/projects/first") < answer.index(b"/v1/trips/second")


async def test_an_absolute_target_does_not_choose_the_server(start):
    platform = await start("http")
    answer = await raw(
        platform.url,
        b"GET http://elsewhere.example/v1/projects HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert status_of(answer) in (200, 400)
    assert all(a["path"] == "/v1/projects" for a in platform.services["registry"].asked)


async def test_a_refusal_is_a_problem_document_in_the_readers_language(direct):
    answer = await direct.client.get("/v1/projects%2f", headers={"Accept-Language": "en"})
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "/problems/request-malformed"
    assert problem["detail"].startswith("The path has")
    assert problem["trace_id"] == answer.headers["x-request-id"]
    chinese = (await direct.client.get("/v1/projects%2f")).json()
    assert chinese["title"] == "请求格式不被接受"
