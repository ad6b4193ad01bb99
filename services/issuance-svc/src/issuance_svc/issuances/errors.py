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


class DeficitChanged(DomainError):
    """What can be issued is no longer what was asked for: a reversal came in between."""

    type = "issuable-quantity-changed"
    status = 409
    title = Text(zh="可签发量已变化", en="What can be issued has changed")
    detail = Text(
        zh="申请时可签发 {asked_t} t，现为 {issuable_t} t：其间确认了逆转，须先恢复的部分不签发。",
        en="{asked_t} t could be issued when it was asked for, {issuable_t} t now: a reversal came in"
        " between, and what it took has to regrow first.",
    )
    fix = Text(zh="驳回本次签发后重新申请。", en="Reject this issuance and ask for it anew.")


class PeriodIssuedElsewhere(DomainError):
    """The same reductions must not come in twice, by a report and from another registry."""

    type = "period-issued-elsewhere"
    status = 409
    title = Text(zh="监测期与外部签发重叠", en="The period overlaps an external issuance")
    detail = Text(
        zh="项目 {project_id} 的 {start} 至 {end} 已由 {source} 占用。",
        en="The days {start} to {end} of the project {project_id} are taken by {source}.",
    )
    fix = Text(
        zh="同一时期的减排量只能签发一次；请更正时期。",
        en="The reductions of a day are issued once; correct the period.",
    )


class OriginInvalid(DomainError):
    type = "external-origin-invalid"
    status = 422
    title = Text(zh="外部批次有误", en="The external batch is not valid")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="照抄原登记系统的序列号，数量与时期须与其一致。",
        en="Copy the serial as its registry prints it; quantity and period must agree with it.",
    )


class OriginUsed(DomainError):
    """One foreign unit becomes one credit here, whoever asks and however its serial is written."""

    type = "external-origin-used"
    status = 409
    title = Text(zh="外部批次已被使用", en="The external batch is used already")
    detail = Text(
        zh="{given} 与申请 {origin_id} 的 {other} 重叠（{origin_status}）。",
        en="{given} overlaps {other} of the request {origin_id} ({origin_status}).",
    )
    fix = Text(
        zh="每个外部单位只能转换一次；请核对序列号。",
        en="A unit of another registry is converted once; check the serial.",
    )


class OriginNotFound(DomainError):
    type = "external-origin-not-found"
    status = 404
    title = Text(zh="没有此外部批次", en="No such external batch")
    detail = Text(
        zh="没有编号为 {origin_id} 的外部批次。", en="There is no external batch {origin_id}."
    )
    fix = Text(zh="请核对编号。", en="Check the id.")


class ConversionRefused(DomainError):
    """Another registry's buffer does not come along with its units."""

    type = "external-conversion-refused"
    status = 409
    title = Text(zh="此类项目不能转换外部批次", en="This project cannot take external batches")
    detail = Text(
        zh="项目 {project_id} 的方法学有非持久性保障，外部批次的缓冲不随之转入。",
        en="The methodology of {project_id} covers non-permanence, and another registry's buffer does"
        " not come along with its units.",
    )
    fix = Text(
        zh="仅可用于无逆转风险的项目。", en="Convert only batches of projects without that risk."
    )


class SerialInvalid(DomainError):
    type = "serial-invalid"
    status = 422
    title = Text(zh="序列号无效", en="The serial is not valid")
    detail = Text(
        zh="“{given}”不是序号，不是平台的序列号，也不是可识别的外部序列号。",
        en="“{given}” is neither a number on the line nor a serial of this platform, nor one of"
        " another registry that can be read.",
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
