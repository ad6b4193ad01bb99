"""What can be wrong with a monitoring report."""

from tht_kit.errors import DomainError, Text


class ReportNotFound(DomainError):
    type = "report-not-found"
    status = 404
    title = Text(zh="没有此减排量报告", en="No such report")
    detail = Text(zh="没有编号为 {report_id} 的减排量报告。", en="There is no report {report_id}.")
    fix = Text(
        zh="请核对编号，或先提交：POST /v1/reports。",
        en="Check the id, or submit the report first: POST /v1/reports.",
    )


class ReportStepRefused(DomainError):
    """R12: no step is skipped."""

    type = "report-step-refused"
    status = 409
    title = Text(zh="步骤顺序不符", en="This step is not due")
    detail = Text(
        zh="报告的状态是 {status}，不能执行“{step}”；下一步：{following}。",
        en="The report is {status}: {step} is not possible now; what comes next: {following}.",
    )
    fix = Text(
        zh="按顺序办理：报告 → 公示 → 核查 → 登记 → 签发。",
        en="Go in order: reported, notice, verified, registered, issued.",
    )


class PeriodInvalid(DomainError):
    type = "period-invalid"
    status = 422
    title = Text(zh="监测期无效", en="The period is not valid")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="监测期为首尾两日都包含的法定日期，须已结束。",
        en="Give legal days, both included, of a period that is over.",
    )


class PeriodNotEligible(DomainError):
    """R6, R8: nothing of the period may be claimed."""

    type = "period-not-eligible"
    status = 409
    title = Text(zh="监测期内没有可申领的时间", en="Nothing of the period may be claimed")
    detail = Text(
        zh="监测期 {start} 至 {end} 在可申领期间之外：须晚于 {vintage_after}，不早于申请日 {applied_on} 前"
        " {lookback_years} 年，且在计入期 {crediting_start} 至 {crediting_end} 之内。",
        en="{start} to {end} is outside what may be claimed: after {vintage_after}, within"
        " {lookback_years} years before {applied_on}, inside the crediting period {crediting_start}"
        " to {crediting_end}.",
    )
    fix = Text(zh="申报可申领期间内的减排量。", en="Report reductions of the claimable period.")


class PeriodOverlaps(DomainError):
    """R7."""

    type = "period-overlaps"
    status = 409
    title = Text(zh="监测期重叠", en="The period overlaps another report's")
    detail = Text(
        zh="项目 {project_id} 的报告 {report_id}（{status}）已申领 {start} 至 {end}。",
        en="The report {report_id} ({status}) of project {project_id} claims {start} to {end}.",
    )
    fix = Text(
        zh="改用不重叠的监测期；尚未签发的报告可以先撤回。",
        en="Choose a period that does not overlap; a report not yet issued can be recalled first.",
    )


class ClaimRuleMissing(DomainError):
    type = "claim-rule-missing"
    status = 409
    title = Text(zh="没有申领规则", en="No rule for the unit type")
    detail = Text(
        zh="没有为 {unit_type} 配置申领规则。", en="No claim rule is configured for {unit_type}."
    )
    fix = Text(zh="请管理员配置该类型的规则。", en="Have an administrator configure the rule.")


class AggregateUsed(DomainError):
    """R47: a behaviour is issued once."""

    type = "aggregate-used"
    status = 409
    title = Text(zh="汇总已被使用", en="The aggregate is in use")
    detail = Text(
        zh="所给汇总中有已用于其他报告的。", en="One of the aggregates is used by another report."
    )
    fix = Text(
        zh="一个汇总只能用于一份报告；被撤回或驳回的报告会释放其汇总。",
        en="An aggregate serves one report; a recalled or rejected report sets its aggregates free.",
    )


class ActivityTooLarge(DomainError):
    type = "activity-data-too-large"
    status = 409
    title = Text(zh="活动数据过多", en="Too much activity data for one report")
    detail = Text(zh="一份报告至多 {limit} 条{what}。", en="A report takes at most {limit} {what}.")
    fix = Text(zh="缩短监测期，分多份报告。", en="Shorten the period and file several reports.")


class VerifierUnfit(DomainError):
    """R4."""

    type = "verifier-not-independent"
    status = 409
    title = Text(zh="核查机构不独立", en="The verifier is not independent")
    detail = Text(
        zh="单位 {verifier_code} 是本项目的{role}，不能核查其减排量。",
        en="{verifier_code} is the project's {role} and may not verify its reductions.",
    )
    fix = Text(
        zh="选择既不是审定机构、业主也不是设计文件编制方的机构。",
        en="Name a body that is neither validator, owner nor author of the design document.",
    )


class NothingToIssue(DomainError):
    type = "nothing-to-issue"
    status = 409
    title = Text(zh="不足一吨，无可签发", en="Under a tonne: nothing to issue")
    detail = Text(
        zh="计算结果为 {calculated} tCO2e，向下取整为 0。",
        en="The result is {calculated} tCO2e, which rounds down to 0.",
    )
    fix = Text(
        zh="余量不结转；可撤回本报告，改报更长的监测期。",
        en="Nothing is carried over; recall the report and claim a longer period instead.",
    )


class NoticeRunning(DomainError):
    type = "notice-running"
    status = 409
    title = Text(zh="公示尚未结束", en="The public notice is still running")
    detail = Text(
        zh="公示至 {notice_end}（含当日），今日为 {today}。",
        en="The notice runs to the end of {notice_end}; today is {today}.",
    )
    fix = Text(zh="公示结束后再核查。", en="Verify after the notice has ended.")


class QuantityDiffers(DomainError):
    """R5."""

    type = "verified-quantity-differs"
    status = 409
    title = Text(zh="核查量与计算量不一致", en="The verified quantity differs")
    detail = Text(
        zh="核查量 {verified_t} t，报告计算量 {calculated_t} t。",
        en="Verified {verified_t} t, calculated {calculated_t} t.",
    )
    fix = Text(
        zh="核查量必须等于计算量；不认可的，出具否定意见。",
        en="They must be equal; give a negative opinion if you do not agree.",
    )
