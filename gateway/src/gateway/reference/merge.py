"""One OpenAPI document of the platform from those of its services.

Deterministic: the same documents give the same result, in whatever order they arrived. Only paths
that the gateway routes to a service are taken from it, so two services never claim one path. A
component name that means different things in two services gets the service's name in front.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.edge import routing
from tht_kit.http import SECURITY_SCHEME

Document = dict[str, Any]
GATEWAY = "gateway"
_REF = "#/components/"
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
_VERBS = {
    "write": ("写入", "write"),
    "read": ("读取", "read"),
    "validate": ("审定", "validate"),
    "verify": ("核查", "verify"),
    "register": ("登记决定", "decide on registering"),
    "request": ("提出申请", "request"),
    "approve": ("批准", "approve"),
    "clock": ("移动时钟：", "move the clock:"),
}
DESCRIPTION = """\
碳汇通开放接口。公开信息无需令牌；其余接口以 OAuth 2.0 客户端凭据换取的令牌访问。

* 错误均为 RFC 9457 问题文档，类型目录见 /problems；`Accept-Language: en` 得到英文。
* 会改变价值的 POST 须带 `Idempotency-Key`；重试沿用原键，不会重复生效。
* 列表以 `cursor` 翻页；时间为 RFC 3339 UTC；小数为字符串；金额单位为分，减排量单位为吨或克。

The open interface of Tanhuitong. Public facts need no token; everything else takes a token from \
OAuth 2.0 client credentials. Errors are RFC 9457 problem documents (/problems lists the types, \
`Accept-Language: en` for English). A POST that moves value needs an `Idempotency-Key`. Lists page by \
`cursor`; times are RFC 3339 UTC; decimals are strings; money is in fen, reductions in tonnes or grams.
"""


def merge(documents: Mapping[str, Document]) -> Document:
    """Merge the documents by service name; "gateway" names the gateway's own.

    Raises ValueError for a component that is called like another service's renamed one.
    """
    kept = {name: _with_own_paths(name, documents[name]) for name in sorted(documents)}
    kept = {name: _reachable(document) for name, document in kept.items()}
    clashing = _clashes(kept)
    paths: Document = {}
    components: dict[str, Document] = {}
    for name, document in kept.items():
        renamed = {(kind, part): f"{name.title()}{part}" for kind, part in clashing}
        document = _rename(document, renamed)  # noqa: PLW2901
        paths |= document["paths"]
        for kind, part, value in _parts(document):
            if components.setdefault(kind, {}).setdefault(part, value) != value:
                raise ValueError(f"{kind}/{part} is still claimed twice after renaming")
    _make_operation_ids_unique(paths)
    components = {kind: dict(sorted(parts.items())) for kind, parts in sorted(components.items())}
    components["securitySchemes"] = _security_schemes(kept, paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "碳汇通 API / Tanhuitong API",
            "version": "1.0.0",
            "description": DESCRIPTION,
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": components,
        "tags": [{"name": tag} for tag in _tags(paths)],
    }


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield path, method and operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method, operation


def _with_own_paths(service: str, document: Document) -> Document:
    """Return the document with the paths that the gateway routes to the service."""
    paths = {}
    for path, item in document.get("paths", {}).items():
        target = routing.match(path)
        if (target[0] if target else GATEWAY) == service:
            paths[path] = {
                method: {**operation, "x-service": service} if method in _METHODS else operation
                for method, operation in item.items()
            }
    return {"paths": paths, "components": document.get("components", {})}


def _parts(document: Document) -> Iterator[tuple[str, str, Any]]:
    for kind, parts in document["components"].items():
        if kind != "securitySchemes":
            for name, value in parts.items():
                yield kind, name, value


def _refs(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the components that a part of a document refers to."""
    if isinstance(value, dict):
        ref = value.get("$ref")
        if isinstance(ref, str) and ref.startswith(_REF):
            kind, _, name = ref.removeprefix(_REF).partition("/")
            yield kind, name
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs(inner)


def _reachable(document: Document) -> Document:
    """Drop the components that no path leads to."""
    values = {(kind, name): value for kind, name, value in _parts(document)}
    found: set[tuple[str, str]] = set()
    waiting = list(_refs(document["paths"]))
    while waiting:
        key = waiting.pop()
        if key not in found and key in values:
            found.add(key)
            waiting += _refs(values[key])
    components: Document = {"securitySchemes": document["components"].get("securitySchemes", {})}
    for kind, name in sorted(found):
        components.setdefault(kind, {})[name] = values[kind, name]
    return {**document, "components": components}


def _clashes(documents: Mapping[str, Document]) -> set[tuple[str, str]]:
    """Return the component names that mean different things, themselves or by what they refer to."""
    values: dict[tuple[str, str], dict[str, Any]] = {}
    for service, document in documents.items():
        for kind, name, value in _parts(document):
            values.setdefault((kind, name), {})[service] = value
    shared = {key: list(found.values()) for key, found in values.items() if len(found) > 1}
    clashing = {
        key
        for key, found in shared.items()
        if len({json.dumps(value, sort_keys=True) for value in found}) > 1
    }
    while True:
        infected = {
            key
            for key, found in shared.items()
            if key not in clashing and any(clashing.intersection(_refs(value)) for value in found)
        }
        if not infected:
            return clashing
        clashing |= infected


def _rename(document: Document, renamed: Mapping[tuple[str, str], str]) -> Document:
    components: Document = {}
    for kind, name, value in _parts(document):
        new_name = renamed.get((kind, name), name)
        components.setdefault(kind, {})[new_name] = _point(value, renamed)
    return {"paths": _point(document["paths"], renamed), "components": components}


def _point(value: Any, renamed: Mapping[tuple[str, str], str]) -> Any:
    """Return a copy of the value whose references name the components as they are called now."""
    if isinstance(value, dict):
        pointed = {name: _point(inner, renamed) for name, inner in value.items()}
        for kind, name in _refs({"$ref": value.get("$ref")}):
            pointed["$ref"] = f"{_REF}{kind}/{renamed.get((kind, name), name)}"
        return pointed
    if isinstance(value, list):
        return [_point(inner, renamed) for inner in value]
    return value


def _make_operation_ids_unique(paths: Document) -> None:
    by_id: dict[str, list[Document]] = {}
    for _, _, operation in operations({"paths": paths}):
        by_id.setdefault(operation["operationId"], []).append(operation)
    for operation_id, found in by_id.items():
        if len(found) > 1:
            for operation in found:
                operation["operationId"] = f"{operation['x-service']}_{operation_id}"


def _security_schemes(documents: Mapping[str, Document], paths: Document) -> Document:
    schemes: Document = {}
    for document in documents.values():
        schemes |= document["components"]["securitySchemes"]
    scopes = {
        scope
        for _, _, operation in operations({"paths": paths})
        for asked in operation.get("security", [])
        for scope in asked.get(SECURITY_SCHEME, [])
    }
    described = {scope: _scope_text(scope) for scope in sorted(scopes)}
    flow = {"tokenUrl": "/oauth2/token", "scopes": described}
    schemes[SECURITY_SCHEME] = {"type": "oauth2", "flows": {"clientCredentials": flow}}
    return dict(sorted(schemes.items()))


def _scope_text(scope: str) -> str:
    resource, _, verb = scope.partition(":")
    zh, en = _VERBS.get(verb, (verb, verb))
    return f"{zh} {resource} / {en} {resource}"


def _tags(paths: Document) -> list[str]:
    """Return the tags by service in the order of the business, each once."""
    order = [*routing.PREFIXES, GATEWAY]
    found: dict[str, int] = {}
    for _, _, operation in operations({"paths": paths}):
        for tag in operation.get("tags", []):
            rank = order.index(operation["x-service"])
            found[tag] = min(rank, found.get(tag, rank))
    return sorted(found, key=lambda tag: (found[tag], tag))
