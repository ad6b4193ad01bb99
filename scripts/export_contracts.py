"""Writes the contracts that the code declares into docs/. Usage: export_contracts.py [--check]

docs/events/<type>.json             JSON Schema of each event, with where it is found on the bus
docs/events/examples/<type>.json    one example, as a structured CloudEvent
docs/asyncapi.yaml                  all channels, messages and who sends them (AsyncAPI 3.0)
docs/openapi/<service>.json         the HTTP interface of each service
docs/openapi/platform.json          the one that partners see, merged by the gateway

--check writes nothing and fails when a file differs from the code or belongs to nothing.
"""

import importlib
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tht_contracts.examples import EXAMPLES
from tht_contracts.registry import EVENTS
from tht_kit.events import CONTENT_TYPE, SPEC_VERSION, Event

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ("docs/events", "docs/asyncapi.yaml", "docs/openapi")
SERVICES = {
    "registry-svc": "registry_svc",
    "issuance-svc": "issuance_svc",
    "trading-svc": "trading_svc",
    "points-svc": "points_svc",
    "gateway": "gateway",
}
EXAMPLE_ID = "0199a1b2-0000-7000-8000-0000000000ff"
EXAMPLE_TIME = "2026-06-01T02:00:00.000000Z"

# Enough for a service to be put together; nothing is connected to for writing its interface.
SETTINGS = {
    "BUS": "kafka",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "AUTH_ISSUER": "https://tanhuitong.example",
    "AUTH_JWKS_URL": "https://tanhuitong.example/.well-known/jwks.json",
    "CURSOR_SECRET": "only-for-writing-the-openapi-documents",
    "SANDBOX": "1",
    "POINTS_IDENTITY_KEY": "0" * 64,
    "LOG_LEVEL": "ERROR",
}
PREFIXES = ("REGISTRY", "ISSUANCE", "TRADING", "POINTS", "GATEWAY")


def as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def event_schema(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of an event's data, with its place on the bus."""
    schema = open_to_additions(event.model_json_schema(mode="serialization"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tanhuitong:event:{event.event_type}",
        "title": event.__name__,
        "description": f"{event.summary.zh} {event.summary.en}",
        "x-topic": event.topic,
        "x-key": event.key_field,
        "x-owner": event.owner,
        **{name: part for name, part in schema.items() if name not in {"title", "description"}},
    }


def open_to_additions(schema: Any) -> Any:
    """Drop additionalProperties: false, which would refuse what a later minor version adds."""
    if isinstance(schema, dict):
        return {
            name: open_to_additions(part)
            for name, part in schema.items()
            if (name, part) != ("additionalProperties", False)
        }
    if isinstance(schema, list):
        return [open_to_additions(part) for part in schema]
    return schema


def event_example(event: Event) -> dict[str, Any]:
    """Return the event as a CloudEvent in structured form."""
    return {
        "specversion": SPEC_VERSION,
        "id": EXAMPLE_ID,
        "source": f"/{event.owner}",
        "type": event.event_type,
        "time": EXAMPLE_TIME,
        "subject": event.partition_key,
        "datacontenttype": CONTENT_TYPE,
        "data": event.model_dump(mode="json"),
    }


def event_files() -> Iterator[tuple[str, str]]:
    """Yield path and text of every event contract. Raises SystemExit for one without an example."""
    examples = {example.event_type: example for example in EXAMPLES}
    for name, event in EVENTS.items():
        if name not in examples:
            raise SystemExit(f"{name} has no example in tht_contracts.examples")
        yield f"docs/events/{name}.json", as_json(event_schema(event))
        yield f"docs/events/examples/{name}.json", as_json(event_example(examples[name]))


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document: a channel per topic, an operation per topic and owner."""
    topics: dict[str, list[type[Event]]] = {}
    for event in EVENTS.values():
        topics.setdefault(event.topic, []).append(event)
    for topic, events in topics.items():
        owners = {event.owner for event in events}
        if len(owners) > 1:
            raise SystemExit(f"{topic} has more than one owner: {', '.join(sorted(owners))}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "碳汇通 events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in Kafka's binary mode: the attributes are ce_ headers, "
            "the body is the data. Additive within a major version of a type.",
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"description": "KAFKA_BOOTSTRAP of the deployment"}},
            }
        },
        "channels": {
            topic: {
                "address": topic,
                "description": "Key: " + ", ".join(sorted({event.key_field for event in events})),
                "messages": {
                    event.event_type: {"$ref": f"#/components/messages/{event.event_type}"}
                    for event in events
                },
            }
            for topic, events in sorted(topics.items())
        },
        "operations": {
            f"send.{topic}": {
                "action": "send",
                "title": f"{events[0].owner} sends {topic}",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": [
                    {"$ref": f"#/channels/{topic}/messages/{event.event_type}"} for event in events
                ],
            }
            for topic, events in sorted(topics.items())
        },
        "components": {
            "messages": {name: message(event) for name, event in EVENTS.items()},
            "messageTraits": {"cloudevent": {"headers": cloudevent_headers()}},
        },
    }


def message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.event_type,
        "title": event.__name__,
        "summary": f"{event.summary.zh} {event.summary.en}",
        "contentType": CONTENT_TYPE,
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "bindings": {"kafka": {"key": {"type": "string", "description": event.key_field}}},
        "payload": {
            "schemaFormat": "application/schema+json;version=2020-12",
            "schema": {"$ref": f"events/{event.event_type}.json"},
        },
    }


def cloudevent_headers() -> dict[str, Any]:
    names = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject")
    return {
        "type": "object",
        "required": [*names, "content-type"],
        "properties": {
            **{name: {"type": "string"} for name in names},
            "content-type": {"type": "string"},
            "traceparent": {"type": "string", "description": "W3C trace context"},
        },
    }


def openapi_files() -> Iterator[tuple[str, str]]:
    """Yield path and text of every service's OpenAPI document and of the merged one."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(SETTINGS)
        for prefix in PREFIXES:
            os.environ[f"{prefix}_DATABASE_URL"] = "postgresql://nobody@127.0.0.1/nothing"
            os.environ[f"{prefix}_BLOBS_URL"] = f"file://{folder}/blobs"
            os.environ[f"GATEWAY_UPSTREAM_{prefix}"] = "http://127.0.0.1:9"
        for name in ("GATEWAY_SIGNING_KEY_FILE", "TRADING_CERTIFICATE_KEY_FILE"):
            os.environ[name] = str(Path(folder) / name.lower())
        documents = {}
        for service, module in SERVICES.items():
            if importlib.util.find_spec(f"{module}.main") is not None:
                app = importlib.import_module(f"{module}.main").create_app()
                documents[service] = app.openapi()
                yield f"docs/openapi/{service}.json", as_json(documents[service])
        if documents.keys() == SERVICES.keys():
            merge = importlib.import_module("gateway.reference.merge").merge
            merged = merge({name.removesuffix("-svc"): found for name, found in documents.items()})
            yield "docs/openapi/platform.json", as_json(merged)


def rendered() -> dict[str, str]:
    """Return the text of every generated file by its path."""
    files = dict(event_files())
    files["docs/asyncapi.yaml"] = (
        "# Written by scripts/export_contracts.py (make contracts). Do not edit.\n"
        + yaml.safe_dump(asyncapi(), allow_unicode=True, sort_keys=False, width=100)
    )
    return files | dict(openapi_files())


def present(root: Path) -> dict[str, str]:
    """Return the text of every file that stands where the generated ones belong."""
    found = [
        path
        for name in GENERATED
        for path in ([root / name] if (root / name).is_file() else (root / name).rglob("*.json"))
    ]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found}


def main(arguments: list[str], root: Path = ROOT) -> int:
    wanted, existing = rendered(), present(root)
    stale = sorted(path for path, text in wanted.items() if existing.get(path) != text)
    alien = sorted(existing.keys() - wanted.keys())
    if "--check" in arguments:
        for path in stale:
            print(f"{path} does not agree with the code: run make contracts and commit the result")
        for path in alien:
            print(
                f"{path} belongs to nothing in the code: run make contracts and commit the result"
            )
        return 1 if stale or alien else 0
    for path in stale:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path}")
    for path in alien:
        (root / path).unlink()
        print(f"removed {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
