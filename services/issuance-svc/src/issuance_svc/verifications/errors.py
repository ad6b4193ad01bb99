"""What can be wrong with a verification."""

from tht_kit.errors import DomainError, Text


class NoticeRunning(DomainError):
    type = "notice-running"
    status = 409
    title = Text(zh="公示尚未结束", en="The public notice is still running")
    detail = Text(
        zh="公示至 {notice_end}（含当日），今日为 {today}。",
        en="The notice runs to the end of {notice_end}; today is {today}.",
    )
    fix = Text(zh="公示结束后再核查。", en="Verify after the notice has ended.")


class OpinionIncomplete(DomainError):
    type = "verification-opinion-incomplete"
    status = 422
    title = Text(zh="核查意见不完整", en="The opinion is not complete")
    detail = Text(zh="意见有 {count} 处缺失。", en="The opinion lacks {count} thing(s).")
    fix = Text(
        zh="写明核查准则、范围、保证等级与结论性陈述，见 errors。",
        en="State criteria, scope, assurance level and what was found; errors names what lacks.",
    )


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


class ReportNoticeClosed(DomainError):
    type = "report-notice-closed"
    status = 409
    title = Text(zh="不在公示期", en="Not under notice")
    detail = Text(
        zh="报告 {report_id} 今日不在公示期，不能提交意见。",
        en="The report {report_id} is not under notice today: no comment can be filed.",
    )
    fix = Text(
        zh="公示中的报告见 GET /v1/reports?under_notice=true。",
        en="See GET /v1/reports?under_notice=true for what is under notice.",
    )


class CommentNotFound(DomainError):
    type = "report-comment-not-found"
    status = 404
    title = Text(zh="没有此意见", en="No such comment")
    detail = Text(
        zh="报告 {report_id} 没有编号为 {comment_id} 的意见。",
        en="The report {report_id} has no comment {comment_id}.",
    )
    fix = Text(
        zh="意见见 GET /v1/reports/{report_id}/comments。",
        en="See GET /v1/reports/{report_id}/comments.",
    )


class CommentAnswered(DomainError):
    type = "report-comment-answered"
    status = 409
    title = Text(zh="意见已答复", en="The comment is answered")
    detail = Text(
        zh="意见 {comment_id} 已有答复，不能更改。",
        en="The comment {comment_id} has its answer, which stands.",
    )
    fix = Text(zh="公开的答复不可更改。", en="A published answer is not changed.")


class ReportCommentsUnanswered(DomainError):
    type = "report-comments-unanswered"
    status = 409
    title = Text(zh="公示意见未全部答复", en="Comments on the report are unanswered")
    detail = Text(
        zh="{count} 条意见未答复：{comment_ids}。",
        en="{count} comment(s) are unanswered: {comment_ids}.",
    )
    fix = Text(
        zh="业主或核查机构逐条答复，或在 comment_answers 中一并答复。",
        en="Have the owner or the verifier answer each, or answer them in comment_answers.",
    )


class FindingNotFound(DomainError):
    type = "finding-not-found"
    status = 404
    title = Text(zh="没有此发现项", en="No such finding")
    detail = Text(
        zh="报告 {report_id} 没有编号为 {finding_id} 的发现项。",
        en="The report {report_id} has no finding {finding_id}.",
    )
    fix = Text(
        zh="发现项见 GET /v1/reports/{report_id}/findings。",
        en="See GET /v1/reports/{report_id}/findings.",
    )


class FindingStepRefused(DomainError):
    type = "finding-step-refused"
    status = 409
    title = Text(zh="发现项步骤不符", en="This step of the finding is not due")
    detail = Text(
        zh="{name} 的状态是 {status}，不能变为 {wanted}；下一步：{following}。",
        en="{name} is {status} and cannot become {wanted}; what comes next: {following}.",
    )
    fix = Text(
        zh="业主先答复，核查机构再接受或退回。",
        en="The owner answers first, then the verifier accepts or returns it.",
    )


class FindingsOpen(DomainError):
    type = "findings-open"
    status = 409
    title = Text(zh="发现项未关闭", en="Findings are open")
    detail = Text(
        zh="{count} 项发现未关闭：{names}。", en="{count} finding(s) are not closed: {names}."
    )
    fix = Text(
        zh="所有 CAR、CL 以及以往报告的 FAR 关闭后，方可出具肯定意见。",
        en="Close every CAR and CL, and the FARs of earlier reports, before a positive opinion.",
    )


class FindingsTooMany(DomainError):
    type = "findings-too-many"
    status = 409
    title = Text(zh="发现项过多", en="Too many findings")
    detail = Text(zh="一份报告至多 {limit} 项发现。", en="A report takes at most {limit} findings.")
    fix = Text(zh="合并发现项，或出具否定意见。", en="Merge findings, or give a negative opinion.")


class ReferenceUnknown(DomainError):
    type = "finding-reference-unknown"
    status = 422
    title = Text(zh="引用不存在", en="The reference leads nowhere")
    detail = Text(
        zh="计算过程中没有 {reference}。", en="There is nothing at {reference} in the calculation."
    )
    fix = Text(
        zh="写 GET /v1/reports/(编号)/calculation 中的 JSON Pointer，如 /tree/operands/0。",
        en="Give a JSON Pointer into the report's calculation, such as /tree/operands/0.",
    )


class ChecksRefused(DomainError):
    type = "sampling-plan-refused"
    status = 422
    title = Text(zh="抽样方案有误", en="The sampling plan is not valid")
    detail = Text(zh="抽样方案中有 {count} 处错误。", en="{count} item(s) of the plan are wrong.")
    fix = Text(
        zh="按 errors 逐一改正；电表、样地与月份须是本报告所用的。",
        en="Mend each named in errors: meters, plots and months are those of this report.",
    )


class CheckNotFound(DomainError):
    type = "sampling-item-not-found"
    status = 404
    title = Text(zh="没有此抽样项", en="No such item of the sampling plan")
    detail = Text(
        zh="报告 {report_id} 的抽样方案没有第 {check_no} 项。",
        en="The sampling plan of {report_id} has no item {check_no}.",
    )
    fix = Text(zh="先列入抽样方案。", en="Put it into the plan first.")


class ChecksIncomplete(DomainError):
    type = "sampling-incomplete"
    status = 409
    title = Text(zh="抽样核查未完成", en="The sampling plan is not carried out")
    detail = Text(
        zh="抽样方案 {planned} 项，已记录 {recorded} 项。",
        en="The plan has {planned} item(s), {recorded} of them with a record.",
    )
    fix = Text(
        zh="至少一项，且每项都须有核查记录，方可出具肯定意见。",
        en="A positive opinion needs at least one item, and a record of each.",
    )


class MisstatementMaterial(DomainError):
    """ISO 14064-3: above the threshold the report as it stands cannot be affirmed."""

    type = "misstatement-material"
    status = 409
    title = Text(zh="错报超过重要性水平", en="The misstatements are material")
    detail = Text(
        zh="发现错报合计 {misstated_t} t，超过 {calculated_t} t 的 {materiality_pct} %。",
        en="The misstatements add up to {misstated_t} t: more than {materiality_pct} % of"
        " {calculated_t} t.",
    )
    fix = Text(
        zh="由业主更正后提交修订版；或对该抽样项提出 CAR（reference 为 /sampling-plan/序号），关闭后"
        "重新核查并记录；或出具否定意见。签发量仍须等于计算量（R5）。",
        en="Have the owner submit a revision; or raise a CAR about the item (reference"
        " /sampling-plan/number), look at it again once that is closed and record it; or give a"
        " negative opinion. The issued quantity stays the calculated one (R5).",
    )


class NotSelfPrepared(DomainError):
    type = "verification-not-self-prepared"
    status = 409
    title = Text(zh="本报告由第三方核查", en="A third party verifies this report")
    detail = Text(
        zh="报告 {report_id} 的核查机构是 {verifier_code}，业主不能自行核查。",
        en="{verifier_code} verifies the report {report_id}: its owner cannot.",
    )
    fix = Text(
        zh="由核查机构出具意见：POST /v1/reports/{report_id}/verification。",
        en="Its verifier gives the opinion: POST /v1/reports/{report_id}/verification.",
    )
