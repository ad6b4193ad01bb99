"""What can be wrong with a reversal."""

from tht_kit.errors import DomainError, Text


class ReversalNotFound(DomainError):
    type = "reversal-not-found"
    status = 404
    title = Text(zh="没有此逆转", en="No such reversal")
    detail = Text(zh="没有编号为 {reversal_id} 的逆转。", en="There is no reversal {reversal_id}.")
    fix = Text(zh="公开列表：GET /v1/reversals。", en="The public list: GET /v1/reversals.")


class ReversalOpen(DomainError):
    """Nothing more is issued while it is open what an earlier issuance is worth."""

    type = "reversal-open"
    status = 409
    title = Text(zh="逆转未了结，暂停签发", en="An open reversal blocks the issuance")
    detail = Text(
        zh="项目 {project_id} 的逆转 {reversal_id} 状态为 {reversal_status}，尚欠 {owed_t} t。",
        en="The project {project_id} has the reversal {reversal_id}: it is {reversal_status} and"
        " {owed_t} t are owed.",
    )
    fix = Text(
        zh="REPORTED：等待双人复核；OPEN：注销所欠数量（POST /v1/retirements，原因 REVERSAL_REPLACEMENT）。",
        en="REPORTED: have the second officer decide. OPEN: cancel what is owed"
        " (POST /v1/retirements, reason REVERSAL_REPLACEMENT).",
    )


class ReversalDecided(DomainError):
    type = "reversal-decided"
    status = 409
    title = Text(zh="逆转已有结论", en="The reversal has been decided")
    detail = Text(
        zh="逆转 {reversal_id} 的状态是 {reversal_status}，不能再办理。",
        en="The reversal {reversal_id} is {reversal_status}: nothing more can be decided.",
    )
    fix = Text(
        zh="已确认的以更正（error）处理，不得修改；已撤回的可驳回其复核事项。",
        en="What was confirmed is put right by a correction, never by a change; the task of one that"
        " was withdrawn can be rejected.",
    )


class ReversalDated(DomainError):
    type = "reversal-date-invalid"
    status = 422
    title = Text(zh="发生日期有误", en="The date cannot be right")
    detail = Text(
        zh="{occurred_on} 不在项目运行日 {first} 与今日 {today} 之间。",
        en="{occurred_on} is not between the project's first day, {first}, and today, {today}.",
    )
    fix = Text(zh="请填写损失发生的日期。", en="Give the day on which the loss happened.")


class CorrectionInvalid(DomainError):
    """R10: an equal quantity; what was issued once cannot be taken back twice."""

    type = "correction-invalid"
    status = 422
    title = Text(zh="更正的数量或签发有误", en="The correction does not fit the issuance")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="写明本项目的一次签发，数量为整吨，且不超过其尚未更正的数量。",
        en="Name an issuance of this project and whole tonnes, at most those not corrected yet.",
    )


class ReporterUnfit(DomainError):
    type = "reversal-reporter-unfit"
    status = 409
    title = Text(zh="该单位不能报告此逆转", en="This organisation cannot report the reversal")
    detail = Text(
        zh="{organisation_code} 既不是项目业主，也不是主管部门；弄虚作假只能由主管部门报告。",
        en="{organisation_code} is neither the project's owner nor a bureau; falsification is"
        " reported by a bureau.",
    )
    fix = Text(zh="由业主或主管部门报告。", en="Have the owner or a bureau report it.")


class ConfirmerInterested(DomainError):
    type = "reversal-officer-not-independent"
    status = 409
    title = Text(zh="经办单位是项目业主", en="The officer's organisation owns the project")
    detail = Text(
        zh="单位 {organisation_code} 是本项目的业主，不能确认其逆转。",
        en="{organisation_code} owns the project and may not confirm its reversal.",
    )
    fix = Text(
        zh="由其他主管部门的经办人确认。", en="Have an officer of another bureau confirm it."
    )


class MeasuredLossStands(DomainError):
    """R20: a measured loss ends with its report, in no other way."""

    type = "measured-loss-stands"
    status = 409
    title = Text(zh="监测到的损失不能驳回", en="A measured loss cannot be rejected")
    detail = Text(
        zh="逆转 {reversal_id} 由报告 {report_id} 监测得出，该报告仍有效。",
        en="The reversal {reversal_id} was measured by the report {report_id}, which still stands.",
    )
    fix = Text(
        zh="请确认该逆转；若监测有误，由业主撤回或修订报告。",
        en="Confirm it; if the measurement is wrong, the owner recalls or revises the report.",
    )
