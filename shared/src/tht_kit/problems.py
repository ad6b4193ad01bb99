"""RFC 9457 problem documents, in the reader's language, for everything that is refused."""

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from tht_kit.errors import (
    DomainError,
    FieldProblem,
    InternalError,
    InvalidRequest,
    Language,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    TemporarilyUnavailable,
    Text,
)
from tht_kit.fields import BILINGUAL
from tht_kit.idempotency import Replay
from tht_kit.transient import is_transient
from tht_kit.unreadable import read_reason, syntax_reason

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"
_log = structlog.get_logger(__name__)


def language_of(accept_language: str) -> Language:
    """Return the reader's language: Chinese unless English is preferred (RFC 9110 weights)."""
    best: tuple[float, Language] = (0.0, "zh")
    for part in accept_language.split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.strip().lower()[:2]
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language in ("zh", "en") and quality > best[0]:
            best = (quality, "en" if language == "en" else "zh")
    return best[1]


def problem(error: DomainError, request: Request) -> Response:
    """Render the error as problem+json for this request."""
    language = language_of(request.headers.get("accept-language", ""))
    trace_id = request.scope.get("state", {}).get("request_id")
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + error.type,
        "title": error.title.render(language, error.params),
        "status": error.status,
        "detail": error.detail.render(language, error.params),
        "fix": error.fix.render(language, error.params),
        "instance": quote(request.url.path),
        "trace_id": trace_id,
    }
    if error.errors:
        body["errors"] = [
            {"pointer": found.pointer, "detail": found.detail.render(language, {})}
            for found in error.errors
        ]
    headers = {"Content-Language": language, "Vary": "Accept-Language", **error.headers}
    return JSONResponse(body, error.status, headers, media_type=MEDIA_TYPE)


def install_handlers(app: FastAPI) -> None:
    """Render every refusal of the app and of the framework as a problem document.

    Nothing is registered for database errors: the retry middleware must see them.
    """
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(Replay, _replay)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _internal)


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    _log.info("request.refused", type=error.type, status=error.status)
    return problem(error, request)


async def _replay(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Replay)
    return error.response


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    items = error.errors()
    if items[0]["type"] == "json_invalid" and isinstance(error.body, str):
        # FastAPI puts the offset where the path to a field belongs.
        reason = syntax_reason(error.body, items[0]["loc"][-1], items[0]["ctx"]["error"])
        return problem(_malformed(reason), request)
    found = [_field(item) for item in items]
    return problem(InvalidRequest(count=len(found), errors=found), request)


def _malformed(reason: Text) -> MalformedBody:
    return MalformedBody(reason=reason, errors=[FieldProblem("", reason)])


def _field(item: dict[str, Any]) -> FieldProblem:
    where, *path = item["loc"]
    steps = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    pointer = steps if where == "body" else f"{where}:{steps.removeprefix('/')}"
    return FieldProblem(pointer, _said(item))


def _said(item: dict[str, Any]) -> Text:
    """Return what is wrong with a field; the kit's own field types bring both languages."""
    kind, context, english = item["type"], item.get("ctx", {}), str(item["msg"])
    if kind == BILINGUAL:
        return Text(zh=context["zh"], en=context["en"])
    if kind in _LENGTHS and isinstance(item["input"], str):
        # A narrower length around a field type is checked apart and calls characters items.
        kind = f"string_{kind}"
        english = _LENGTHS[item["type"]].format(**context)
    if kind == "string_pattern_mismatch":
        english = "It does not have the expected form: {pattern}".format(**context)
    template = _CHINESE.get(kind)
    return Text(zh=template.format(**context) if template else english, en=english)


_LENGTHS = {
    "too_short": "String should have at least {min_length} characters",
    "too_long": "String should have at most {max_length} characters",
}


_CHINESE = {
    "missing": "缺少此项",
    "extra_forbidden": "不认识的字段",
    "string_type": "应为字符串",
    "string_too_short": "太短，至少 {min_length} 个字符",
    "string_too_long": "太长，至多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "list_type": "应为数组",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "enum": "应为其中之一：{expected}",
    "literal_error": "应为其中之一：{expected}",
    "decimal_parsing": "应为十进制数字符串",
    "decimal_type": "应为十进制数字符串",
    "date_from_datetime_parsing": "应为日期 YYYY-MM-DD",
    "date_parsing": "应为日期 YYYY-MM-DD",
    "datetime_parsing": "应为 RFC 3339 时间",
    "datetime_from_date_parsing": "应为 RFC 3339 时间",
    "timezone_aware": "时间须带时区",
    "uuid_parsing": "应为 UUID",
    "model_attributes_type": "应为对象",
    "string_unicode": "含有不成对的代理项，不是有效文本",
}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == NotFound.status:
        return problem(NotFound(path=request.url.path), request)
    if error.status_code == MethodNotAllowed.status:
        headers = dict(error.headers or {})
        refused = MethodNotAllowed(path=request.url.path, method=request.method, headers=headers)
        return problem(refused, request)
    if error.status_code == MalformedBody.status:
        return problem(_malformed(read_reason(error.__cause__)), request)
    raise error


async def _internal(request: Request, error: Exception) -> Response:
    if is_transient(error):
        reason = Text(zh="依赖的服务没有应答。", en="Something this service needs does not answer.")
        return problem(TemporarilyUnavailable(reason=reason, headers={"Retry-After": "2"}), request)
    return problem(InternalError(), request)


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "fix", "instance", "trace_id"],
    "properties": {
        "type": {"type": "string", "description": "稳定的问题类型 / stable problem type"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "fix": {"type": "string", "description": "如何改正 / how to mend it"},
        "instance": {"type": "string"},
        "trace_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON Pointer, or header:/query: name",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
