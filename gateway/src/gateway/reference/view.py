"""The merged document as the reference page shows it: operations by tag, fields, examples, curl."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.reference.merge import Document, operations
from tht_kit.errors import Language
from tht_kit.http import SECURITY_SCHEME

DEPTH_MAX = 4
_SAMPLE_BY_FORMAT = {
    "uuid": "0199a1b2-0000-7000-8000-000000000001",
    "date": "2026-06-01",
    "date-time": "2026-06-01T02:00:00Z",
}


@dataclass(frozen=True)
class FieldView:
    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True)
class ResponseView:
    status: str
    description: str
    fields: tuple[FieldView, ...]


@dataclass(frozen=True)
class OperationView:
    operation_id: str
    method: str
    path: str
    summary: str
    description: str
    access: str
    parameters: tuple[FieldView, ...]
    body_type: str
    body_fields: tuple[FieldView, ...]
    responses: tuple[ResponseView, ...]
    curl: str


def half(text: str, lang: Language) -> str:
    """Return the Chinese or the English half of "中文 / English"."""
    zh, slash, en = text.partition(" / ")
    return (en if lang == "en" else zh).strip() if slash else text.strip()


def by_tag(document: Document, lang: Language) -> list[tuple[str, list[OperationView]]]:
    """Return the operations under their tags, in the document's order of tags."""
    found: dict[str, list[OperationView]] = {tag["name"]: [] for tag in document["tags"]}
    for path, method, operation in operations(document):
        tag = (operation.get("tags") or [""])[0]
        view = _operation(document, path, method, operation, lang)
        found.setdefault(tag, []).append(view)
    return [(half(tag, lang), views) for tag, views in found.items() if views]


def _operation(
    document: Document, path: str, method: str, operation: Document, lang: Language
) -> OperationView:
    parameters = [_resolve(document, one) for one in operation.get("parameters", [])]
    body_type, body_schema = _body(document, operation)
    return OperationView(
        operation_id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=half(str(operation.get("summary", operation["operationId"])), lang),
        description=half(str(operation.get("description", "")), lang),
        access=_access(operation),
        parameters=tuple(
            FieldView(
                name=one["name"],
                kind=f"{one['in']} · {_kind(document, one.get('schema', {}))}",
                required=one.get("required", False),
                description=_words(lang, one, one.get("schema", {})),
            )
            for one in parameters
        ),
        body_type=body_type,
        body_fields=tuple(_fields(document, body_schema, lang)),
        responses=tuple(_responses(document, operation, lang)),
        curl=_curl(document, path, method, operation, parameters),
    )


def _access(operation: Document) -> str:
    """Return the scopes that the operation asks for; "" for a public one."""
    for asked in operation.get("security", []):
        if SECURITY_SCHEME in asked:
            return " ".join(asked[SECURITY_SCHEME]) or "token"
    return ""


def _body(document: Document, operation: Document) -> tuple[str, Document]:
    content = _resolve(document, operation.get("requestBody", {})).get("content", {})
    for media_type, part in content.items():
        return media_type, part.get("schema", {})
    return "", {}


def _responses(document: Document, operation: Document, lang: Language) -> Iterator[ResponseView]:
    responses: Document = operation["responses"]
    for status, response in responses.items():
        if status == "default":
            continue
        resolved = _resolve(document, response)
        schema: Document = {}
        for part in resolved.get("content", {}).values():
            schema = part.get("schema", {})
        description = half(resolved.get("description", ""), lang)
        shown = "" if description == "Successful Response" else description
        yield ResponseView(status, shown, tuple(_fields(document, schema, lang)))


def _resolve(document: Document, value: Document) -> Document:
    while "$ref" in value:
        found: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        value = found
    return value


def _variant(document: Document, schema: Document) -> Document:
    """Return the schema behind references, and of "X or null" the X."""
    schema = _resolve(document, schema)
    given: list[Document] = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    choices = [one for one in given if one.get("type") != "null"]
    return _variant(document, choices[0]) if choices else schema


def _kind(document: Document, schema: Document) -> str:
    choices = schema.get("anyOf", schema.get("oneOf"))
    if choices:
        return " | ".join(_kind(document, one) for one in choices)
    schema = _resolve(document, schema)
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_kind(document, schema.get('items', {}))}]"
    kind = str(schema.get("type", "any"))
    return f"{kind} {schema['format']}" if "format" in schema else kind


def _words(lang: Language, *sources: Document) -> str:
    for source in sources:
        if source.get("description"):
            return half(str(source["description"]), lang)
    return ""


def _fields(
    document: Document, schema: Document, lang: Language, prefix: str = "", depth: int = 0
) -> Iterator[FieldView]:
    """Yield the fields of an object, nested ones with their path."""
    schema = _variant(document, schema)
    if schema.get("type") == "array":
        yield from _fields(document, schema.get("items", {}), lang, f"{prefix}[]", depth)
        return
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        words = _words(lang, part, _variant(document, part))
        yield FieldView(path, _kind(document, part), name in required, words)
        if depth < DEPTH_MAX:
            yield from _nested(document, part, lang, path, depth)


def _nested(
    document: Document, part: Document, lang: Language, path: str, depth: int
) -> Iterator[FieldView]:
    inner = _variant(document, part)
    if inner.get("type") in ("object", "array"):
        yield from _fields(document, inner, lang, path, depth + 1)


def sample(document: Document, schema: Document, depth: int = 0) -> Any:
    """Return an example value of a schema: its own examples first."""
    inner = _variant(document, schema)
    for source in (schema, inner):
        given = [*source.get("examples", ()), *(source.get("enum") or ())]
        given += [source[word] for word in ("const", "default") if source.get(word) is not None]
        if given:
            return given[0]
    kind = str(inner.get("type"))
    if kind in ("object", "array") and depth <= DEPTH_MAX:
        return _sample_of_parts(document, inner, depth + 1)
    if kind == "string":
        return _SAMPLE_BY_FORMAT.get(inner.get("format", ""), "...")
    return {"integer": inner.get("minimum", 1), "number": 1, "boolean": True}.get(kind)


def _sample_of_parts(document: Document, schema: Document, depth: int) -> Any:
    if schema["type"] == "array":
        return [sample(document, schema.get("items", {}), depth)]
    required = schema.get("required", [])
    return {
        name: sample(document, part, depth)
        for name, part in schema.get("properties", {}).items()
        if name in required
    }


def _curl(
    document: Document, path: str, method: str, operation: Document, parameters: list[Document]
) -> str:
    shown = path
    query = []
    lines = ["curl -sS"]
    for one in parameters:
        value = sample(document, one.get("schema", {}))
        if one["in"] == "path" and value not in (None, "..."):
            shown = shown.replace(f"{{{one['name']}}}", str(value))
        elif one["in"] == "query" and one.get("required"):
            query.append(f"{one['name']}={value}")
        elif one["in"] == "header" and one.get("required"):
            lines.append(f'-H "{one["name"]}: $(uuidgen)"')
    if method != "get":
        lines[0] += f" -X {method.upper()}"
    if _access(operation):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    media_type, schema = _body(document, operation)
    if media_type == "application/x-www-form-urlencoded":
        lines += ['-u "$CLIENT_ID:$CLIENT_SECRET"', "-d grant_type=client_credentials"]
    elif "json" in media_type:
        body = json.dumps(sample(document, schema), ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    elif media_type:
        lines += [f"-H 'Content-Type: {media_type}'", "--data-binary @file"]
    target = "$URL" + shown + ("?" + "&".join(query) if query else "")
    lines.append(f'"{target}"')
    return " \\\n  ".join(lines)
