"""What can be wrong with a project (项目)."""

from tht_kit.errors import DomainError, Text


class ProjectNotFound(DomainError):
    type = "project-not-found"
    status = 404
    title = Text(zh="项目不存在", en="Project not found")
    detail = Text(zh="没有编号为 {project_id} 的项目。", en="There is no project {project_id}.")
    fix = Text(zh="项目列表见 GET /v1/projects。", en="GET /v1/projects lists the projects.")


class ProjectRuleMissing(DomainError):
    type = "project-rule-missing"
    status = 409
    title = Text(zh="未配置登记规则", en="No registration rule is configured")
    detail = Text(
        zh="未配置减排量种类 {unit_type} 的项目登记规则。",
        en="There is no project rule for the unit {unit_type}.",
    )
    fix = Text(
        zh="请改用已配置规则的减排量种类（CQCER），或由主管部门录入规则。",
        en="Use a unit that has a rule (CQCER), or have the bureau enter one.",
    )


class ProjectNotEligible(DomainError):
    type = "project-not-eligible"
    status = 409
    title = Text(zh="项目不符合登记条件", en="The project is not eligible")
    detail = Text(
        zh="项目有 {count} 处不符合登记条件。",
        en="The project fails {count} condition(s) of registration.",
    )
    fix = Text(
        zh="请按 errors 逐条核对；不符合条件的项目不能登记。",
        en="Check each condition in errors; a project that fails one cannot be registered.",
    )


class ProjectStepRefused(DomainError):
    type = "project-step-refused"
    status = 409
    title = Text(zh="项目流程不能跳步", en="The project is not at that step")
    detail = Text(
        zh="项目当前状态为{status}，不能转为{wanted}；{next}",
        en="The project is {status} and cannot become {wanted}. {next}",
    )
    fix = Text(zh="请按顺序办理下一步。", en="Take the next step in order.")


class ProjectNotDraft(DomainError):
    type = "project-not-draft"
    status = 409
    title = Text(zh="项目已不是草稿", en="The project is no draft any more")
    detail = Text(
        zh="项目 {project_id} 的状态是{status}，申报内容不能再修改。",
        en="The project {project_id} is {status}: its declaration cannot be amended.",
    )
    fix = Text(
        zh="公示后内容不再变更；需要更正时请撤回后重新申报。",
        en="A declaration stands once it is public; recall the project and file it anew.",
    )


class ProjectVersionMissing(DomainError):
    type = "project-version-missing"
    status = 428
    title = Text(zh="缺少 If-Match", en="If-Match is missing")
    detail = Text(
        zh='修改项目须带 If-Match 请求头，写明所依据的版本号，如 "3"。',
        en='Amending a project needs an If-Match header with the version it is based on, as "3".',
    )
    fix = Text(
        zh="先读取项目，再以其 ETag 作为 If-Match 发送。",
        en="Read the project and send its ETag as If-Match.",
    )


class ProjectVersionChanged(DomainError):
    type = "project-version-changed"
    status = 412
    title = Text(zh="项目已被修改", en="The project has changed meanwhile")
    detail = Text(
        zh="项目 {project_id} 现为版本 {version}，与 If-Match 不符。",
        en="The project {project_id} is at version {version} by now; If-Match names another.",
    )
    fix = Text(
        zh="请重新读取项目，在最新版本上修改后再提交。",
        en="Read the project again and amend its newest version.",
    )


class ImportsWouldBeLost(DomainError):
    type = "imports-would-be-lost"
    status = 409
    title = Text(zh="修改会丢弃已导入的内容", en="Amending would drop what was imported")
    detail = Text(
        zh="项目 {project_id} 的版本 {version} 出自文件导入；修改申报会以其中所列替换全部电表、地块和车辆。",
        en="Version {version} of the project {project_id} came from a file; an amended declaration"
        " replaces all meters, parcels and vehicles by those it lists.",
    )
    fix = Text(
        zh="确认替换请加 drop_imports=true，随后可重新导入文件。",
        en="If that is meant, add drop_imports=true, and import the file again afterwards.",
    )


class NotTheOwner(DomainError):
    type = "not-project-owner"
    status = 403
    title = Text(zh="不是项目业主", en="Not the project's owner")
    detail = Text(
        zh="此操作只能由项目 {project_id} 的业主办理。",
        en="Only the owner of the project {project_id} can do this.",
    )
    fix = Text(zh="请使用项目业主的凭据。", en="Use a credential of the project's owner.")


class NotTheValidator(DomainError):
    type = "not-project-validator"
    status = 403
    title = Text(zh="不是公示的审定机构", en="Not the project's validator")
    detail = Text(
        zh="项目 {project_id} 只能由公示中载明的审定机构审定。",
        en="Only the body that its notice named can validate the project {project_id}.",
    )
    fix = Text(
        zh="请使用公示中载明的审定机构的凭据。",
        en="Use a credential of the validation body that the notice named.",
    )


class CommentsFull(DomainError):
    type = "comments-full"
    status = 409
    title = Text(zh="公示意见已达上限", en="The notice takes no more comments")
    detail = Text(
        zh="项目 {project_id} 的本次公示已收到 {limit} 条意见，不再接收。",
        en="The notice of the project {project_id} has its {limit} comments and takes no more.",
    )
    fix = Text(zh="可向主管部门直接反映。", en="Write to the bureau directly.")


class CommentNotFound(DomainError):
    type = "comment-not-found"
    status = 404
    title = Text(zh="意见不存在", en="Comment not found")
    detail = Text(
        zh="项目 {project_id} 没有编号为 {comment_id} 的意见。",
        en="The project {project_id} has no comment {comment_id}.",
    )
    fix = Text(
        zh="意见列表见 GET /v1/projects/{project_id}/comments。",
        en="GET /v1/projects/{project_id}/comments lists them.",
    )


class CommentAnswered(DomainError):
    type = "comment-answered"
    status = 409
    title = Text(zh="意见已答复", en="The comment is answered already")
    detail = Text(
        zh="意见 {comment_id} 已公开答复，不能更改。",
        en="The comment {comment_id} has a public answer, which stands.",
    )
    fix = Text(zh="请答复其他意见。", en="Answer the others.")


class NoticeRunning(DomainError):
    type = "notice-running"
    status = 409
    title = Text(zh="公示尚未结束", en="The public notice is still running")
    detail = Text(
        zh="公示至 {notice_end}（含当日），之后方可审定。",
        en="The notice runs through {notice_end}; validation may follow after that day.",
    )
    fix = Text(zh="请在公示截止日之后提交。", en="Submit after the notice's last day.")


class NoticeClosed(DomainError):
    type = "notice-closed"
    status = 409
    title = Text(zh="不在公示期", en="The project is not under public notice")
    detail = Text(
        zh="项目 {project_id} 现不在公示期，不能提交意见。",
        en="The project {project_id} is not under notice now: no comment can be filed.",
    )
    fix = Text(
        zh="公示中的项目见 GET /v1/projects?status=NOTICE。",
        en="GET /v1/projects?status=NOTICE lists the projects under notice.",
    )


class ValidatorNotIndependent(DomainError):
    type = "validator-not-independent"
    status = 409
    title = Text(zh="审定机构不独立", en="The validator is not independent")
    detail = Text(
        zh="审定机构 {validator_code} 是本项目的业主或设计文件编制单位。",
        en="The validator {validator_code} is this project's owner or wrote its design document.",
    )
    fix = Text(
        zh="请委托与项目无利害关系的审定与核查机构。",
        en="Name a validation body without an interest in the project.",
    )


class CommentsUnanswered(DomainError):
    type = "comments-unanswered"
    status = 409
    title = Text(zh="公众意见未全部答复", en="Public comments are unanswered")
    detail = Text(
        zh="{count} 条公示意见未答复：{comment_ids}。",
        en="{count} comment(s) of the notice are unanswered: {comment_ids}.",
    )
    fix = Text(
        zh="请在 comment_answers 中答复每一条意见。",
        en="Answer every comment in comment_answers.",
    )
