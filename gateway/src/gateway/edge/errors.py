"""What the edge itself refuses."""

from tht_kit.errors import DomainError, Text


class RequestMalformed(DomainError):
    type = "request-malformed"
    status = 400
    title = Text(zh="请求格式不被接受", en="The request's form is refused")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="请使用规范的 HTTP 客户端库发送请求，路径中不要使用编码的斜杠或 “..”。",
        en="Send the request with an ordinary HTTP library, without encoded slashes or dot segments.",
    )


class BodyTooLarge(DomainError):
    type = "body-too-large"
    status = 413
    title = Text(zh="请求体过大", en="The body is too large")
    detail = Text(
        zh="此接口的请求体上限为 {limit_bytes} 字节。",
        en="The body of this operation may have up to {limit_bytes} bytes.",
    )
    fix = Text(
        zh="请分批发送；大文件请使用 POST /v1/uploads。",
        en="Send it in several parts; large files go to POST /v1/uploads.",
    )


class BodyTooSlow(DomainError):
    type = "body-too-slow"
    status = 408
    title = Text(zh="请求体发送过慢", en="The body arrives too slowly")
    detail = Text(
        zh="请求体未在 {limit_s} 秒内到达。", en="The body did not arrive within {limit_s} seconds."
    )
    fix = Text(
        zh="请检查网络后用同一 Idempotency-Key 重试。",
        en="Check the network and retry with the same Idempotency-Key.",
    )


class RateLimited(DomainError):
    type = "rate-limited"
    status = 429
    title = Text(zh="调用过于频繁", en="Too many calls")
    detail = Text(
        zh="{window_s} 秒内最多 {quota} 次调用，{reset_s} 秒后恢复。",
        en="Up to {quota} calls in {window_s} seconds; more in {reset_s} seconds.",
    )
    fix = Text(
        zh="按 Retry-After 等待；批量数据请用批量接口。",
        en="Wait as Retry-After says; send many items with the batch operations.",
    )


class ServiceUnavailable(DomainError):
    type = "service-unavailable"
    status = 503
    title = Text(zh="服务暂不可用", en="The service is not available")
    detail = Text(
        zh="{service} 服务暂时没有应答，请求未生效。受影响的只有：{routes}。",
        en="The {service} service does not answer; the request had no effect. Affected: {routes}.",
    )
    fix = Text(
        zh="按 Retry-After 等待后重试；其他接口照常可用。",
        en="Retry after Retry-After seconds; all other operations work as usual.",
    )


class OutcomeUnknown(DomainError):
    type = "outcome-unknown"
    status = 504
    title = Text(zh="结果未知", en="The outcome is unknown")
    detail = Text(
        zh="{service} 服务收到请求后没有及时应答，请求可能已生效。",
        en="The {service} service took the request but did not answer; it may have had its effect.",
    )
    fix = Text(
        zh="用同一 Idempotency-Key 原样重试，不会重复生效。",
        en="Send the same request again with the same Idempotency-Key: it cannot act twice.",
    )
