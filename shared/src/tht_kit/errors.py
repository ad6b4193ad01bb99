"""Errors with a stable type, in two languages: one class per case, rendered once at the edge.

Slices subclass `DomainError` in their errors.py; every subclass enters the catalogue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in Chinese and in English; may hold {placeholders} for `format`."""

    zh: str
    en: str

    def render(self, language: Language, params: dict[str, Any]) -> str:
        chosen = self.zh if language == "zh" else self.en
        localised = {
            name: value.render(language, {}) if isinstance(value, Text) else value
            for name, value in params.items()
        }
        return chosen.format(**localised) if localised else chosen


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong at one place of the request: a JSON Pointer into the body, or a header name."""

    pointer: str
    detail: Text


class DomainError(Exception):
    """A refusal with a reason. Raising it rolls the transaction back.

    Subclasses state `type` (stable, kebab-case), `status`, `title`, `detail` and `fix` (how to mend).
    """

    type: ClassVar[str]
    status: ClassVar[int] = 409
    title: ClassVar[Text]
    detail: ClassVar[Text]
    fix: ClassVar[Text]

    def __init__(
        self,
        *,
        pointer: str | None = None,
        errors: Sequence[FieldProblem] = (),
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> None:
        self.params = params
        self.headers = headers or {}
        found = list(errors)
        if pointer is not None:
            rendered = Text(
                zh=self.detail.render("zh", params), en=self.detail.render("en", params)
            )
            found.insert(0, FieldProblem(pointer, rendered))
        self.errors = tuple(found)
        super().__init__(self.detail.render("en", params))


def catalogue(*, strict: bool = True) -> dict[str, type[DomainError]]:
    """Return every error type known to this process, by its stable name.

    Raises RuntimeError if two classes claim one name with different statuses or titles; not
    `strict`, the first one is shown.
    """
    known: dict[str, type[DomainError]] = {}
    for error in _subclasses(DomainError):
        if "type" not in error.__dict__:
            continue
        other = known.setdefault(error.type, error)
        if strict and (other.status, other.title) != (error.status, error.title):
            raise RuntimeError(
                f"{error.type} is declared by {other.__module__} and {error.__module__}"
            )
    return known


def _subclasses(base: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in base.__subclasses__():
        yield child
        yield from _subclasses(child)


class InvalidRequest(DomainError):
    type = "invalid-request"
    status = 422
    title = Text(zh="请求内容有误", en="The request is not valid")
    detail = Text(zh="请求中有 {count} 处错误。", en="{count} place(s) of the request are wrong.")
    fix = Text(
        zh="按 errors 中的位置逐一改正后重发。",
        en="Mend each place named in errors and send it again.",
    )


class MalformedBody(DomainError):
    type = "malformed-body"
    status = 400
    title = Text(zh="请求体无法解析", en="The body cannot be read")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(zh="请发送 UTF-8 编码的有效内容。", en="Send valid content, encoded as UTF-8.")


class MediaTypeUnsupported(DomainError):
    type = "media-type-unsupported"
    status = 415
    title = Text(zh="不支持的内容类型", en="Unsupported media type")
    detail = Text(
        zh="Content-Type 是 {media_type}，应为 {accepted}。",
        en="The Content-Type is {media_type}; it must be {accepted}.",
    )
    fix = Text(
        zh="请以 {accepted} 格式发送，并在 Content-Type 请求头中写明。",
        en="Send the body as {accepted} and say so in the Content-Type header.",
    )


class NotFound(DomainError):
    type = "not-found"
    status = 404
    title = Text(zh="资源不存在", en="Not found")
    detail = Text(zh="没有 {path}。", en="There is nothing at {path}.")
    fix = Text(
        zh="请核对路径，接口目录见 /docs。",
        en="Check the path; the list of operations is at /docs.",
    )


class MethodNotAllowed(DomainError):
    type = "method-not-allowed"
    status = 405
    title = Text(zh="方法不允许", en="Method not allowed")
    detail = Text(zh="{path} 不接受 {method}。", en="{path} does not take {method}.")
    fix = Text(zh="允许的方法见 Allow 响应头。", en="The Allow header names the methods it takes.")


class Unauthenticated(DomainError):
    type = "unauthenticated"
    status = 401
    title = Text(zh="未通过身份验证", en="Not authenticated")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="向 /oauth2/token 申请令牌，并放入 Authorization: Bearer 请求头。",
        en="Get a token from /oauth2/token and send it as Authorization: Bearer.",
    )


class Forbidden(DomainError):
    type = "forbidden"
    status = 403
    title = Text(zh="没有权限", en="Not permitted")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="换用有此权限的凭据，或向平台运营方申请。",
        en="Use a credential that has this right, or ask the platform's operator for it.",
    )


class IdempotencyKeyMissing(DomainError):
    type = "idempotency-key-missing"
    status = 400
    title = Text(zh="缺少 Idempotency-Key", en="Idempotency-Key is missing")
    detail = Text(
        zh="此操作会改变价值，必须带 Idempotency-Key 请求头。",
        en="This operation moves value: it needs an Idempotency-Key header.",
    )
    fix = Text(
        zh="为每次操作生成一个新的 UUID 作为键；重试时沿用原键。",
        en="Make a new UUID for each operation as the key; keep the key when you retry.",
    )


class IdempotencyKeyInvalid(DomainError):
    type = "idempotency-key-invalid"
    status = 400
    title = Text(zh="Idempotency-Key 无效", en="Idempotency-Key is not valid")
    detail = Text(
        zh="Idempotency-Key 须为 1 至 {limit} 个可见 ASCII 字符。",
        en="Idempotency-Key must be 1 to {limit} visible ASCII characters.",
    )
    fix = Text(zh="使用 UUID。", en="Use a UUID.")


class IdempotencyKeyReused(DomainError):
    type = "idempotency-key-reused"
    status = 422
    title = Text(
        zh="Idempotency-Key 已用于其他内容", en="Idempotency-Key was used with another body"
    )
    detail = Text(
        zh="键 {key} 已用于内容不同的请求。",
        en="The key {key} has been used for a request with other content.",
    )
    fix = Text(
        zh="新操作请用新键；若要重试，请原样重发。",
        en="Use a new key for a new operation; to retry, send the first request unchanged.",
    )


class RequestInFlight(DomainError):
    type = "request-in-flight"
    status = 409
    title = Text(zh="同一请求正在处理", en="The same request is still running")
    detail = Text(
        zh="键 {key} 的请求尚未结束。", en="The request with key {key} has not ended yet."
    )
    fix = Text(zh="稍后用同一键重试。", en="Retry with the same key after Retry-After seconds.")


class CursorInvalid(DomainError):
    type = "cursor-invalid"
    status = 400
    title = Text(zh="游标无效", en="The cursor is not valid")
    detail = Text(
        zh="游标被改动、不属于本查询，或出自其他环境。",
        en="The cursor was altered, belongs to another query, or comes from another environment.",
    )
    fix = Text(
        zh="从不带 cursor 的第一页重新开始，并保持筛选条件不变。",
        en="Start again without cursor, and keep the filters unchanged while paging.",
    )


class TemporarilyUnavailable(DomainError):
    type = "temporarily-unavailable"
    status = 503
    title = Text(zh="暂时无法处理", en="Temporarily unavailable")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="按 Retry-After 等待后，用同一 Idempotency-Key 重试。",
        en="Wait as Retry-After says and retry with the same Idempotency-Key.",
    )


class InternalError(DomainError):
    type = "internal-error"
    status = 500
    title = Text(zh="平台内部错误", en="Internal error")
    detail = Text(
        zh="请求未生效，错误已记录。", en="The request had no effect; the error has been recorded."
    )
    fix = Text(
        zh="请携 trace_id 联系平台；可用同一 Idempotency-Key 重试。",
        en="Give the trace_id to the operator; you may retry with the same Idempotency-Key.",
    )
