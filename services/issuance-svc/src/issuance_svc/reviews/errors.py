"""What can be wrong with a review."""

from tht_kit.errors import DomainError, Text


class ReviewNotFound(DomainError):
    type = "review-not-found"
    status = 404
    title = Text(zh="没有此复核", en="No such review")
    detail = Text(zh="没有编号为 {review_id} 的复核。", en="There is no review {review_id}.")
    fix = Text(zh="请核对编号，见 GET /v1/reviews。", en="Check the id; see GET /v1/reviews.")


class ReviewDecided(DomainError):
    type = "review-decided"
    status = 409
    title = Text(zh="复核已有结论", en="The review is settled")
    detail = Text(
        zh="复核 {review_id} 的状态是 {status}，不能再决定。",
        en="The review {review_id} is {status}: nothing more can be decided.",
    )
    fix = Text(
        zh="结论不可更改；报告可作为下一修订版重新提交。",
        en="A decision stands; the report can be submitted anew as its next revision.",
    )


class ReviewerInterested(DomainError):
    type = "reviewer-not-independent"
    status = 409
    title = Text(zh="复核人不独立", en="The reviewer is not independent")
    detail = Text(
        zh="{subject}（{officer_code}）提交了所复核的内容，或代表其业主，不能复核。",
        en="{subject} ({officer_code}) submitted what is reviewed, or acts for its owner.",
    )
    fix = Text(
        zh="由另一主管部门的经办人复核。", en="Have an officer of another bureau decide on it."
    )


class ReviewsUnsettled(DomainError):
    type = "reviews-unsettled"
    status = 409
    title = Text(zh="异常尚未复核通过", en="Alarms are not accepted")
    detail = Text(
        zh="{count} 项异常未获复核通过：{codes}。",
        en="{count} alarm(s) are open or rejected: {codes}.",
    )
    fix = Text(
        zh="等待主管部门复核（GET /v1/reviews）；被否决的，更正后提交修订版。",
        en="Wait for the bureau's reviews (GET /v1/reviews); after a rejection, submit a revision.",
    )
