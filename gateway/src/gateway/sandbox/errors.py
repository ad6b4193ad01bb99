"""What can go wrong when the sandbox clock is moved."""

from tht_kit.errors import DomainError, Text


class ClockLags(DomainError):
    type = "clock-lags"
    status = 503
    title = Text(zh="时钟尚未到达全部服务", en="The clock has not reached every service")
    detail = Text(
        zh="时钟已移动，但这些服务尚未跟上：{services}。",
        en="The clock is moved, but these services have not followed yet: {services}.",
    )
    fix = Text(
        zh="稍后用 GET /v1/sandbox/clock 查看；若持续如此，请检查消息总线与网关 worker。",
        en="Look at GET /v1/sandbox/clock later; if it stays, check the bus and the gateway's worker.",
    )


class ClockOutOfRange(DomainError):
    type = "clock-out-of-range"
    status = 422
    title = Text(zh="时间超出范围", en="The time is out of range")
    detail = Text(
        zh="沙箱时钟只能设在 {first} 年至 {last} 年之间。",
        en="The sandbox clock can be set to the years {first} to {last}.",
    )
    fix = Text(zh="请选择范围内的时间。", en="Choose a time within the range.")
