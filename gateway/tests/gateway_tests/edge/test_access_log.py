"""One line for each proxied or refused call, and nothing in it that should not be."""

import json

import pytest


@pytest.fixture
def lines(capfd):
    def read():
        captured = capfd.readouterr().err.splitlines()
        found = [json.loads(line) for line in captured if line.startswith("{")]
        return [line for line in found if line["event"] == "gateway.request"], "\n".join(captured)

    return read


async def test_a_call_leaves_one_line_without_secrets(lines, direct):
    token = direct.token("steel-erp")
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "call-1"}
    await direct.client.get("/v1/projects/7?token=hidden", headers=headers)
    await direct.client.get("/v1/projects%2f", headers=headers)
    found, everything = lines()
    assert [line["status"] for line in found] == [200, 400]
    [line, refused] = found
    assert line["correlation_id"] == "call-1"
    assert (line["service"], line["path"]) == ("registry", "/v1/projects/7")
    assert (line["client_id"], line["address"]) == ("steel-erp", "127.0.0.1")
    assert line["sent_bytes"] > 0
    assert refused["refused"] == "request-malformed"
    assert token not in everything
    assert "hidden" not in everything


async def test_citizens_are_not_named_in_it(lines, direct):
    await direct.client.get("/v1/citizens/subject-token-1/trips")
    [line], everything = lines()
    assert line["path"] == "/v1/citizens/*"
    assert "subject-token-1" not in everything


async def test_a_process_that_logs_warnings_only_writes_none(lines, start):
    platform = await start("direct", log_level="WARNING")
    await platform.client.get("/v1/projects")
    assert lines()[0] == []
