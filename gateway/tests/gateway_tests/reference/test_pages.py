"""The merged document and its pages, from a real server."""

import html
import json
import re
import shlex

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.reference.merge import operations
from tht_kit.errors import catalogue

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/v1/projects": {
            "post": {
                "operationId": "create_project",
                "summary": "登记项目 / Create a project",
                "tags": ["项目 / Projects"],
                "security": [{"client_credentials": ["projects:write"]}],
                "parameters": [
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/ProjectIn"}}
                    }
                },
                "responses": {
                    "201": {
                        "description": "Successful Response",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/ProjectIn"}
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "ProjectIn": {
                "type": "object",
                "required": ["name", "meters"],
                "properties": {
                    "name": {
                        "type": "string",
                        "description": "名称 / its <b>name</b>",
                        "examples": ["O'Neil 光伏"],
                    },
                    "meters": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/Meter"},
                    },
                },
            },
            "Meter": {
                "type": "object",
                "required": ["meter_no"],
                "properties": {"meter_no": {"type": "string"}},
            },
        }
    },
}


@pytest.fixture
async def described(start):
    platform = await start("http")
    platform.services["registry"].openapi = DOCUMENT
    return platform


async def test_the_merged_document_is_valid_openapi_31(described):
    answer = await described.client.get("/openapi.json")
    document = answer.json()
    OpenAPIV31SpecValidator(document).validate()
    ids = [one["operationId"] for _, _, one in operations(document)]
    assert len(ids) == len(set(ids))
    assert {"/v1/projects", "/oauth2/token", "/v1/partners", "/v1/totals"} <= set(document["paths"])
    assert not any(path.startswith(("/healthz", "/metrics")) for path in document["paths"])
    assert "x-missing-services" not in document


async def test_security_is_shown_for_each_operation(described):
    paths = (await described.client.get("/openapi.json")).json()["paths"]
    assert paths["/v1/partners"]["post"]["security"] == [{"client_credentials": ["partners:write"]}]
    assert paths["/v1/projects"]["post"]["security"] == [{"client_credentials": ["projects:write"]}]
    assert "security" not in paths["/v1/totals"]["get"]
    assert {"client_secret_basic": []} in paths["/oauth2/token"]["post"]["security"]


async def test_a_service_that_is_away_is_named_and_asked_again(start):
    platform = await start("direct")
    registry = platform.services["registry"]
    registry.openapi = "not a document"
    registry.answers["/v1/totals/registry"] = None
    healthy = type(registry).__call__

    async def away(self, scope, receive, send):
        raise OSError("away")

    try:
        type(registry).__call__ = away
        document = (await platform.client.get("/openapi.json")).json()
        assert document["x-missing-services"] == ["issuance", "points", "registry", "trading"]
    finally:
        type(registry).__call__ = healthy
    registry.openapi = DOCUMENT
    document = (await platform.client.get("/openapi.json")).json()
    assert "x-missing-services" not in document
    assert "/v1/projects" in document["paths"]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_docs_page_shows_every_operation_without_a_network(described, lang):
    answer = await described.client.get(f"/docs?lang={lang}")
    page = answer.text
    document = (await described.client.get("/openapi.json")).json()
    assert answer.status_code == 200
    for path, method, one in operations(document):
        assert f'id="{one["operationId"]}"' in page, (method, path)
    assert ("Create a project" in page) == (lang == "en")
    assert ("登记项目" in page) == (lang == "zh")
    assert "<b>name</b>" not in page
    assert not re.findall(r"<script|<link|<img|@import|url\(", page)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "meters[].meter_no" in page


async def test_curl_examples_are_ready_to_paste(described):
    page = (await described.client.get("/docs?lang=en")).text
    curl = html.unescape(
        page[page.index('id="create_project"') :].split("<pre>")[1].split("</pre>")[0]
    )
    assert '-H "Idempotency-Key: $(uuidgen)"' in curl
    assert '-H "Authorization: Bearer $TOKEN"' in curl
    body = curl.split("-d ")[1].split(" \\\n")[0]
    assert json.loads(shlex.split(body)[0]) == {
        "name": "O'Neil 光伏",
        "meters": [{"meter_no": "..."}],
    }


async def test_every_error_type_has_a_page(described):
    listing = (await described.client.get("/problems?lang=en")).text
    for name in catalogue():
        assert f'href="/problems/{name}?lang=en"' in listing
        answer = await described.client.get(f"/problems/{name}?lang=zh")
        assert answer.status_code == 200
        assert catalogue()[name].title.zh in answer.text
    missing = await described.client.get("/problems/a-type-that-nobody-declares")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")
