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


class SiteClaimed(DomainError):
    """R7: a meter's or a parcel's days are claimed once, whichever project holds it."""

    type = "site-claimed"
    status = 409
    title = Text(zh="该时段的电表或地块已被申领", en="The site's days are claimed already")
    detail = Text(
        zh="项目 {project_id} 的报告 {report_id}（{status}）已申领 {site} 在 {start} 至 {end} 的减排量。",
        en="The report {report_id} ({status}) of project {project_id} claims {start} to {end} of"
        " {site}.",
    )
    fix = Text(
        zh="同一电表或地块的同一时段只能申领一次；核对项目边界。",
        en="The same days of a meter or parcel are claimed once; check the project's boundary.",
    )


class ReportSuperseded(DomainError):
    type = "report-superseded"
    status = 409
    title = Text(zh="报告已有修订版", en="The report has a later revision")
    detail = Text(
        zh="报告 {report_id} 已被修订版 {superseded_by} 取代。",
        en="The report {report_id} was replaced by its revision {superseded_by}.",
    )
    fix = Text(zh="在最新修订版上办理。", en="Go on with the latest revision.")


class RevisionsUnrelated(DomainError):
    type = "revisions-unrelated"
    status = 409
    title = Text(zh="不是同一报告的修订版", en="Not revisions of one report")
    detail = Text(
        zh="{report_id} 与 {against} 不是同一报告的修订版。",
        en="{report_id} and {against} are not revisions of one report.",
    )
    fix = Text(
        zh="against 只能是同一报告的另一修订版，见 revises 与 superseded_by。",
        en="Compare with another revision of the same report: see revises and superseded_by.",
    )


class NothingToCompare(DomainError):
    type = "first-revision"
    status = 409
    title = Text(zh="没有更早的修订版", en="There is no earlier revision")
    detail = Text(
        zh="报告 {report_id} 是首次提交。", en="The report {report_id} is the first of its line."
    )
    fix = Text(
        zh="用 against 指定要比较的修订版。", en="Name the revision to compare with: against."
    )


class CalculationRefused(DomainError):
    """The methodology computed the period to the end and forbids claiming it."""

    type = "calculation-refused"
    status = 409
    title = Text(zh="计算结果不得申领", en="The calculation may not be claimed")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="按理由补充数据；完整计算见 POST /v1/calculations。",
        en="Mend what the reason names; POST /v1/calculations shows the whole calculation.",
    )


class VerifierNeeded(DomainError):
    type = "verifier-needed"
    status = 422
    title = Text(zh="须指定核查机构", en="A verifier is needed")
    detail = Text(
        zh="方法学 {methodology_code} 要求由第三方核查。",
        en="The methodology {methodology_code} asks for a third party's verification.",
    )
    fix = Text(zh="填写 verifier_code。", en="Give verifier_code.")


class VerifierUnchanged(DomainError):
    type = "verifier-unchanged"
    status = 409
    title = Text(zh="核查机构未变", en="The verifier is the same")
    detail = Text(
        zh="{verifier_code} 已是本报告的核查机构。",
        en="{verifier_code} verifies this report already.",
    )
    fix = Text(zh="指定另一机构。", en="Name another body.")


class VerifierIncompetent(DomainError):
    """Art. 30: staff, honesty, accreditation for the field on the day."""

    type = "verifier-not-competent"
    status = 409
    title = Text(
        zh="审定与核查机构不具备条件", en="The validation and verification body is not competent"
    )
    detail = Text(zh="单位 {verifier_code}：{reason}", en="{verifier_code}: {reason}")
    fix = Text(
        zh="选择资质齐备的机构，或由主管部门更新其资质记录。",
        en="Name a competent body, or have the bureau update its record.",
    )


class EvidenceLocked(DomainError):
    """R11."""

    type = "evidence-locked"
    status = 409
    title = Text(zh="证据在保存期内", en="The evidence is under retention")
    detail = Text(
        zh="项目 {project_id} 的原始数据须保存至 {until}。",
        en="The raw data of project {project_id} are kept until {until}.",
    )
    fix = Text(
        zh="最后一次签发满 {years} 年后方可删除。",
        en="It can be deleted {years} years after the last issuance.",
    )


class EvidenceDeleted(DomainError):
    type = "evidence-deleted"
    status = 409
    title = Text(zh="原始文件已删除", en="The file was deleted")
    detail = Text(
        zh="上传文件 {upload_id} 的原始文件已删除，不能再作为报告的证据。",
        en="The file of upload {upload_id} was deleted: no report can rest on it any more.",
    )
    fix = Text(zh="以另一文件重新上传这些数据。", en="Upload the data again as another file.")


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


class ReportBuiltOn(DomainError):
    """R20: a loss between two inventories stays in sight as long as something builds on them."""

    type = "report-built-on"
    status = 409
    title = Text(zh="后续报告以此为基础", en="A later report builds on this period")
    detail = Text(
        zh="报告 {report_id}（{status}，{start} 至 {end}）的调查接续本期，不能执行“{step}”。",
        en="The inventories of the report {report_id} ({status}, {start} to {end}) go on from this"
        " period: {step} is not possible.",
    )
    fix = Text(
        zh="请先撤回后续报告，再依次重新提交。",
        en="Recall the later report first, then submit the reports anew in their order.",
    )


class ReportBasisChanged(DomainError):
    """R20: the report before this one is no longer what this one began with."""

    type = "report-basis-changed"
    status = 409
    title = Text(zh="报告的期初已变", en="The report no longer begins where the last one ended")
    detail = Text(
        zh="报告 {report_id} 之前的有效报告已变，其期末调查不是本报告的期初。",
        en="The live report before {report_id} is another one now: its last inventory is not the one"
        " that this report began with.",
    )
    fix = Text(
        zh="请撤回并重新提交本报告。",
        en="Recall the report and submit it anew.",
    )
