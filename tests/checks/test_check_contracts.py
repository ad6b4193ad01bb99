import copy
import json
import subprocess

import pytest

EVENT = {
    "title": "CreditsIssued",
    "type": "object",
    "x-topic": "issuance.credits",
    "x-key": "project_id",
    "x-owner": "issuance-svc",
    "$defs": {
        "Block": {
            "title": "Block",
            "type": "object",
            "properties": {"start": {"type": "integer", "minimum": 1}},
            "required": ["start"],
        }
    },
    "properties": {
        "project_id": {"type": "string"},
        "unit_type": {"type": "string", "enum": ["CQCER", "CCER"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "blocks": {"type": "array", "items": {"$ref": "#/$defs/Block"}},
    },
    "required": ["project_id", "unit_type", "blocks"],
}


def put(document, path, value):
    *parents, last = path
    for name in parents:
        document = document[name]
    if value is None:
        del document[last]
    else:
        document[last] = value


BREAKS = [
    (("properties", "note"), None, ".note: removed"),
    (("properties", "project_id"), {"type": "integer"}, "project_id: retyped"),
    (("properties", "project_id"), {"type": "string", "format": "uuid"}, "project_id: retyped"),
    (("properties", "note"), {"type": "string"}, "note: retyped"),
    (("required",), ["project_id", "unit_type", "blocks", "note"], ".note: newly required"),
    (("required",), ["project_id", "unit_type"], ".blocks: no longer always there"),
    (("properties", "unit_type", "enum"), ["CQCER"], 'enum narrowed, gone: "CCER"'),
    (("$defs", "Block", "properties", "start", "minimum"), 2, "minimum raised to 2"),
    (("$defs", "Block", "properties", "start", "type"), "string", "start: retyped"),
    (("$defs", "Block", "required"), ["start", "end"], ".end: newly required"),
    (("properties", "project_id", "maxLength"), 5, "maxLength lowered to 5"),
    (("properties", "project_id", "pattern"), "^a", "pattern changed"),
    (("x-topic",), "issuance.other", "x-topic: changed"),
    (("x-key",), "note", "x-key: changed"),
]

ADDITIONS = [
    (("properties", "added"), {"type": "string"}),
    (("properties", "unit_type", "enum"), ["CQCER", "CCER", "VCS"]),
    (("$defs", "Block", "properties", "start", "minimum"), 0),
    (("$defs", "Block", "title"), "Range"),
    (("description",), "better words"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), BREAKS)
def test_a_break_of_an_event_is_named(script, path, value, sentence):
    new = copy.deepcopy(EVENT)
    put(new, path, value)

    found = script("check_contracts").compare("docs/events/x.json", EVENT, new)
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(("path", "value"), ADDITIONS)
def test_an_addition_to_an_event_passes(script, path, value):
    new = copy.deepcopy(EVENT)
    put(new, path, value)

    assert script("check_contracts").compare("docs/events/x.json", EVENT, new) == []


def test_a_schema_that_contains_itself_is_compared_once(script):
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/properties/children"}}},
    }

    assert script("check_contracts").compare("docs/events/x.json", tree, tree) == []


def openapi(request, answer, parameters=()):
    return {
        "paths": {
            "/v1/orders": {
                "post": {
                    "parameters": list(parameters),
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": request}},
                    },
                    "responses": {"201": {"content": {"application/json": {"schema": answer}}}},
                }
            }
        }
    }


def thing(required=("a",), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
OPTIONAL = {"anyOf": [TEXT, {"type": "null"}]}
SMALL, LARGE = {"type": "string", "enum": ["x"]}, {"type": "string", "enum": ["x", "y"]}
QUERY = {"in": "query", "name": "limit", "schema": NUMBER}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (openapi(thing(a=TEXT), TEXT), {"paths": {}}, "POST /v1/orders: removed"),
        (openapi(thing(a=TEXT), TEXT), openapi(thing(a=NUMBER), TEXT), "body.a: retyped"),
        (openapi(thing(a=TEXT, b=TEXT), TEXT), openapi(thing(a=TEXT), TEXT), "body.b: removed"),
        (openapi(thing((), a=TEXT), TEXT), openapi(thing(a=TEXT), TEXT), "body.a: newly required"),
        (openapi(LARGE, TEXT), openapi(SMALL, TEXT), "enum narrowed"),
        (openapi(OPTIONAL, TEXT), openapi(TEXT, TEXT), "body: retyped"),
        (openapi(TEXT, thing(a=TEXT)), openapi(TEXT, thing(())), "201.a: removed"),
        (
            openapi(TEXT, thing(a=TEXT)),
            openapi(TEXT, thing((), a=TEXT)),
            "a: no longer always there",
        ),
        (openapi(TEXT, TEXT), openapi(TEXT, OPTIONAL), "201: retyped"),
        (openapi(TEXT, TEXT, [QUERY]), openapi(TEXT, TEXT), "query limit: removed"),
        (
            openapi(TEXT, TEXT),
            openapi(TEXT, TEXT, [{**QUERY, "required": True}]),
            "query limit: newly required",
        ),
    ],
)
def test_a_break_of_an_http_interface_is_named(script, old, new, sentence):
    found = script("check_contracts").compare("docs/openapi/x.json", old, new)
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (openapi(thing(a=TEXT), TEXT), openapi(thing(a=TEXT, b=TEXT), TEXT)),
        (openapi(SMALL, TEXT), openapi(LARGE, TEXT)),
        (openapi(TEXT, TEXT), openapi(OPTIONAL, TEXT)),
        (openapi(TEXT, thing(a=TEXT)), openapi(TEXT, thing(("a", "b"), a=TEXT, b=TEXT))),
        (openapi(TEXT, SMALL), openapi(TEXT, LARGE)),
        (openapi(TEXT, OPTIONAL), openapi(TEXT, TEXT)),
        (openapi(TEXT, TEXT), openapi(TEXT, TEXT, [QUERY])),
    ],
)
def test_an_addition_to_an_http_interface_passes(script, old, new):
    assert script("check_contracts").compare("docs/openapi/x.json", old, new) == []


@pytest.fixture
def repository(tmp_path):
    """A git repository with one committed event; a function to commit another version of it."""

    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    file = tmp_path / "docs/events/issuance.credits.issued.v1.json"
    file.parent.mkdir(parents=True)
    (tmp_path / "scripts").mkdir()

    def commit(document):
        file.write_text(json.dumps(document))
        git("add", "-A")
        git("commit", "-q", "-m", "change")

    git("init", "-q")
    commit(EVENT)
    return tmp_path, file, commit


NARROWED = {**EVENT, "required": ["project_id", "unit_type", "blocks", "note"]}


def test_a_break_is_refused_before_and_after_its_commit(script, repository, capsys):
    root, file, commit = repository
    assert script("check_contracts").main(root) == 0

    file.write_text(json.dumps(NARROWED))
    assert script("check_contracts").main(root) == 1
    commit(NARROWED)
    assert script("check_contracts").main(root) == 1
    assert ".note: newly required" in capsys.readouterr().out


def test_a_removed_contract_is_refused(script, repository, capsys):
    root, file, _ = repository
    file.unlink()

    assert script("check_contracts").main(root) == 1
    assert "the whole contract is removed" in capsys.readouterr().out


def test_the_line_that_the_check_prints_lifts_the_break(script, repository, capsys):
    root, file, commit = repository
    commit(NARROWED)
    script("check_contracts").main(root)
    line = capsys.readouterr().out.splitlines()[-1].split("contract_waivers.txt:")[1].strip()

    waivers = root / "scripts/contract_waivers.txt"
    waivers.write_text(line.replace("<reason>", "before the first release") + "\n")
    assert script("check_contracts").main(root) == 0

    commit({**NARROWED, "x-topic": "issuance.other"})
    assert script("check_contracts").main(root) == 1
    assert file.exists()


def test_a_new_repository_without_contracts_passes(script, tmp_path):
    assert script("check_contracts").main(tmp_path) == 0
