"""What can be wrong with a decision of the bureau."""

from tht_kit.errors import DomainError, Text


class ProjectNumbersExhausted(DomainError):
    type = "project-numbers-exhausted"
    status = 409
    title = Text(zh="项目编号已用尽", en="The project numbers are used up")
    detail = Text(
        zh="四位项目编号（至 {last}）已用尽。", en="All four-digit numbers up to {last} are taken."
    )
    fix = Text(zh="请联系平台运营方。", en="Ask the platform's operator.")


class GreenCertificateClaimed(DomainError):
    type = "green-certificate-claimed"
    status = 409
    title = Text(zh="项目电量已申领绿证", en="Green certificates are claimed for the electricity")
    detail = Text(
        zh="项目 {project_id} 的电量已申领绿证，不能登记或恢复。",
        en="Green certificates are claimed for the electricity of the project {project_id}:"
        " it can neither be registered nor resumed.",
    )
    fix = Text(
        zh="核实未申领后由两名经办人解除标记；否则不得申请减排量。",
        en="Two officers lift the flag once it proves wrong; otherwise it earns no reductions.",
    )


class GreenCertificateFlagged(DomainError):
    type = "green-certificate-flagged"
    status = 409
    title = Text(zh="不能标记绿证", en="The project cannot be flagged")
    detail = Text(
        zh="项目 {project_id} 已标记申领绿证，或流程已终止。",
        en="The project {project_id} is flagged for green certificates already, or has ended.",
    )
    fix = Text(zh="请查询项目现状。", en="Look at how the project stands.")


class GreenCertificateUnclaimed(DomainError):
    type = "green-certificate-unclaimed"
    status = 409
    title = Text(zh="项目没有绿证标记", en="The project has no such flag")
    detail = Text(
        zh="项目 {project_id} 没有标记申领绿证，无须解除。",
        en="The project {project_id} is not flagged for green certificates.",
    )
    fix = Text(zh="请核对项目编号。", en="Check the project's id.")
