"""What can be wrong with an issuance or a serial."""

from tht_kit.errors import DomainError, Text


class IssuanceNotFound(DomainError):
    type = "issuance-not-found"
    status = 404
    title = Text(zh="没有此签发", en="No such issuance")
    detail = Text(zh="没有编号为 {issuance_id} 的签发。", en="There is no issuance {issuance_id}.")
    fix = Text(zh="请核对编号。", en="Check the id.")


class IssuanceDecided(DomainError):
    type = "issuance-decided"
    status = 409
    title = Text(zh="签发已有结论", en="The issuance has been decided")
    detail = Text(
        zh="签发 {issuance_id} 的状态是 {status}，不能再办理。",
        en="The issuance {issuance_id} is {status}: nothing more can be decided.",
    )
    fix = Text(
        zh="查看结论：GET /v1/issuances/{issuance_id}。",
        en="See what was decided: GET /v1/issuances/{issuance_id}.",
    )


class FourEyes(DomainError):
    """The initiator may reject, never approve."""

    type = "four-eyes"
    status = 409
    title = Text(zh="须由另一人批准", en="Another person must approve")
    detail = Text(
        zh="{subject} 申请了本次签发，不能自行批准。",
        en="{subject} requested this issuance and may not approve it.",
    )
    fix = Text(
        zh="请另一位经办人批准；申请人只能驳回。",
        en="Have another officer approve it; the one who asked may only reject.",
    )


class OfficerInterested(DomainError):
    """Nobody issues to their own organisation."""

    type = "officer-not-independent"
    status = 409
    title = Text(zh="经办单位是项目业主", en="The officer's organisation owns the project")
    detail = Text(
        zh="单位 {organisation_code} 是本项目的业主，不能办理其签发。",
        en="{organisation_code} owns the project and may not decide on its issuance.",
    )
    fix = Text(
        zh="由其他主管部门的经办人办理。",
        en="Have an officer of another bureau decide on it.",
    )


class BatchNumbersExhausted(DomainError):
    type = "batch-numbers-exhausted"
    status = 409
    title = Text(zh="批次号用尽", en="No batch number is left")
    detail = Text(
        zh="项目 {project_id} 已签发 {limit} 批，序列号中的批次号只有两位。",
        en="The project {project_id} has {limit} batches, and a serial's batch has two digits.",
    )
    fix = Text(
        zh="合并监测期，减少批次；已用尽的联系运营方。",
        en="Claim longer periods in fewer batches; where none is left, ask the operator.",
    )


class SerialInvalid(DomainError):
    type = "serial-invalid"
    status = 422
    title = Text(zh="序列号无效", en="The serial is not valid")
    detail = Text(
        zh="“{given}”不是序号，也不是平台的序列号。",
        en="“{given}” is neither a number on the line nor a serial of this platform.",
    )
    fix = Text(
        zh="写一个序号（如 1500），或完整序列号（如 CQ-CQCER-14-0007-2024-01-000000001-000002519）。",
        en="Give one number such as 1500, or a whole serial such as"
        " CQ-CQCER-14-0007-2024-01-000000001-000002519.",
    )


class SerialNotFound(DomainError):
    type = "serial-not-found"
    status = 404
    title = Text(zh="没有签发过此序号", en="No such serial was issued")
    detail = Text(zh="没有签发过 {given}。", en="{given} was never issued.")
    fix = Text(zh="请核对序号。", en="Check the number.")
