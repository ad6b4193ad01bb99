from dataclasses import replace

import pytest

from tht_kit.db import Database
from tht_kit.problems import language_of
from tht_shared_tests.http.conftest import writer

PATH = "/v1/effects"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("fr", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh;q=0.3, en;q=0.7", "en"),
        ("en;q=0, zh", "zh"),
        ("fr, en;q=0.5", "en"),
        ("en;q=wat", "zh"),
    ],
)
def test_the_readers_language_is_chinese_unless_english_is_preferred(header, language):
    assert language_of(header) == language


@pytest.mark.parametrize(
    ("language", "title", "detail"),
    [("zh-CN", "被拒绝", "不接受 一吨：已有"), ("en", "Refused", "一吨 is not taken: it exists")],
)
async def test_a_refusal_is_a_problem_document_in_the_readers_language(
    api, language, title, detail
):
    headers = writer() | {"Accept-Language": language, "X-Request-ID": "r-1"}
    answer = await api.post("/v1/refused", json={"name": "一吨"}, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == language[:2]
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.headers["x-request-id"] == "r-1"
    assert answer.json() == {
        "type": "/problems/test-refused",
        "title": title,
        "status": 409,
        "detail": detail,
        "fix": "换一个。" if language == "zh-CN" else "Take another.",
        "instance": "/v1/refused",
        "trace_id": "r-1",
        "errors": [{"pointer": "/name", "detail": detail}],
    }


@pytest.mark.parametrize(
    ("body", "pointer", "chinese"),
    [
        ({}, "/name", "缺少此项"),
        ({"name": 1}, "/name", "应为字符串"),
        ({"name": "a" * 101}, "/name", "太长，至多 100 个字符"),
        ({"name": "a", "parts": [{"size": 1}, {"size": 0}]}, "/parts/1/size", "应不小于 1"),
        ({"name": "a", "parts": [{"size": "1"}]}, "/parts/0/size", "应为整数"),
        ({"name": "a", "parts": {}}, "/parts", "应为数组"),
        ({"name": "a", "b/c~d": 1}, "/b~1c~0d", "不认识的字段"),
        ([], "", "应为对象"),
    ],
)
async def test_a_wrong_field_is_named_by_its_json_pointer(api, body, pointer, chinese):
    answer = await api.post(PATH, json=body, headers=writer())
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    assert answer.json()["errors"] == [{"pointer": pointer, "detail": chinese}]


async def test_every_wrong_field_is_named(api):
    answer = await api.post(PATH, json={"parts": [{}, {"size": 0}]}, headers=writer())
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/name",
        "/parts/0/size",
        "/parts/1/size",
    ]


async def test_a_wrong_query_parameter_is_named(api):
    answer = await api.get(PATH, params={"limit": 201})
    assert answer.json()["errors"] == [{"pointer": "query:limit", "detail": "应不大于 200"}]


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"name": "\xff"}', b'{"name": "a"} trailing', b"[" * 100_000]
)
async def test_a_body_that_is_no_json_is_refused(api, content):
    headers = writer() | {"Content-Type": "application/json"}
    answer = await api.post(PATH, content=content, headers=headers)
    assert answer.status_code == (422 if content == b"" else 400)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (
            b'{"name": }',
            "请求体不是有效的 JSON：第 1 行第 10 列，此处应有一个值。",
            "The body is not valid JSON: line 1, column 10: a value is expected.",
        ),
        (
            '{\n  "name": "一吨",\n  name: 1}'.encode(),
            "请求体不是有效的 JSON：第 3 行第 3 列，此处应有双引号括起的字段名。",
            (
                "The body is not valid JSON: line 3, column 3:"
                " a field name in double quotes is expected."
            ),
        ),
        (
            b'{"name": "a"} b',
            "请求体不是有效的 JSON：第 1 行第 15 列，JSON 之后还有内容。",
            "The body is not valid JSON: line 1, column 15: there is something after the JSON.",
        ),
        (
            '{"name": "一吨"}'.encode("gbk"),
            "请求体不是 UTF-8 编码：第 13 个字节无法解码。",
            "The body is not UTF-8: its byte number 13 cannot be decoded.",
        ),
        (
            b"[" * 100_000,
            "请求体的 JSON 嵌套过深。",
            "The JSON of the body is nested too deep.",
        ),
        (
            b'{"name": ' + b"1" * 5000 + b"}",
            "请求体中有一个数字位数过多。",
            "A number in the body has too many digits.",
        ),
    ],
)
async def test_what_makes_a_body_unreadable_is_said_in_the_readers_language(api, content, zh, en):
    for language, expected in (("zh", zh), ("en", en)):
        headers = {"Content-Type": "application/json", "Accept-Language": language}
        answer = await api.post(PATH, content=content, headers=writer() | headers)
        body = answer.json()
        assert (answer.status_code, body["type"]) == (400, "/problems/malformed-body")
        assert body["detail"] == expected
        assert body["errors"] == [{"pointer": "", "detail": expected}]


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        (None, "（缺失）"),
        ("", "（缺失）"),
        ("text/plain", "text/plain"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("multipart/form-data; boundary=x", "multipart/form-data; boundary=x"),
        ("json", "json"),
    ],
)
async def test_a_body_that_is_not_said_to_be_json_is_a_415(api, count, content_type, shown):
    headers = writer() | ({} if content_type is None else {"Content-Type": content_type})
    answer = await api.post(PATH, content=b'{"name": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/media-type-unsupported")
    assert answer.json()["detail"] == f"Content-Type 是 {shown}，应为 application/json。"
    assert await count() == 0


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"],
)
async def test_json_by_any_of_its_names_is_taken(api, content_type):
    headers = writer() | {"Content-Type": content_type}
    answer = await api.post(PATH, content=b'{"name": "a"}', headers=headers)
    assert answer.status_code == 201


async def test_a_request_without_a_body_needs_no_content_type(api):
    answer = await api.post(PATH, headers=writer())
    assert answer.json()["errors"] == [{"pointer": "", "detail": "缺少此项"}]


@pytest.mark.parametrize(
    ("body", "pointer", "zh", "en"),
    [
        (
            {"line": "优惠券ABC\u202ed"},
            "/line",
            "含有不能印出的字符：第 7 个字符 U+202E",
            "It contains a character that cannot be printed: U+202E at position 7",
        ),
        (
            {"prose": "一\n\x1b"},
            "/prose",
            "含有不能印出的字符：第 3 个字符 U+001B",
            "It contains a character that cannot be printed: U+001B at position 3",
        ),
        (
            {"code": "{x}"},
            "/code",
            "格式不符",
            "It does not have the expected form: ^[0-9]{6}$",
        ),
        (
            {"short": "abcdef"},
            "/short",
            "太长，至多 5 个字符",
            "String should have at most 5 characters",
        ),
    ],
)
async def test_a_wrong_text_is_explained_without_a_formula(api, body, pointer, zh, en):
    for language, expected in (("zh", zh), ("en", en)):
        headers = writer() | {"Accept-Language": language}
        answer = await api.post("/v1/texts", json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": pointer, "detail": expected}]


@pytest.mark.parametrize("body", [b'{"name": "a\\u0000b"}', b'{"name": "\\ud800"}'])
async def test_text_that_cannot_be_stored_is_the_senders_mistake(api, body):
    headers = writer() | {"Content-Type": "application/json"}
    answer = await api.post(PATH, content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert (await api.get("/v1/named/a%00b")).status_code == 400


async def test_an_unknown_path_and_method_are_problems_too(api):
    answer = await api.get("/v1/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    answer = await api.delete(PATH)
    assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
    assert answer.headers["allow"]


async def test_an_unknown_error_tells_the_reader_nothing_but_its_id(api):
    answer = await api.post("/v1/broken", headers={"X-Request-ID": "r-2"})
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert answer.json()["trace_id"] == "r-2"
    assert answer.headers["x-request-id"] == "r-2"
    assert "secret" not in answer.text


@pytest.mark.parametrize("given", ["", "a" * 65, "ä", "a\tb"])
async def test_a_request_id_that_cannot_be_kept_is_replaced(api, given):
    answer = await api.get(PATH, headers=[(b"x-request-id", given.encode())])
    assert len(answer.headers["x-request-id"]) == 36


async def test_a_database_that_is_away_is_a_503(app, api):
    container = app.state.container
    away = Database("postgresql://nobody@127.0.0.1:9/nothing")
    app.state.container = replace(container, database=away)
    await container.bus.start()
    answer = await api.post(PATH, json={"name": "a"}, headers=writer())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/temporarily-unavailable")
    assert answer.headers["retry-after"]
    ready = await api.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert ready.json()["checks"]["bus"] == "ok"
    assert (await api.get("/healthz")).status_code == 200
    await container.bus.close()
    await away.dispose()
