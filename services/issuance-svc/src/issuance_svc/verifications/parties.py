"""Which party may do what about a report under verification."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects.models import Project
from issuance_svc.reports import service as reports
from issuance_svc.reports.errors import ReportStepRefused
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import FOLLOWING, Status
from issuance_svc.reports.workflow import SELF_PREPARED
from tht_kit.errors import Forbidden, Text


def must_be_named(report: Report, verifier_code: str) -> None:
    """Raise Forbidden unless the report names the organisation as its verifier."""
    if report.verifier_code != verifier_code:
        raise Forbidden(
            reason=Text(
                zh=f"本报告的核查机构是 {report.verifier_code or '（无）'}。",
                en=f"The report names {report.verifier_code or 'nobody'} as its verifier.",
            )
        )


def must_check(report: Report, project: Project, code: str) -> None:
    """Raise Forbidden unless the organisation does the checking: the verifier, or the owner itself."""
    if report.verification_mode != SELF_PREPARED:
        must_be_named(report, code)
    elif code != project.owner_code:
        raise Forbidden(
            reason=Text(
                zh=f"本报告由业主 {project.owner_code} 自行核查。",
                en=f"The owner {project.owner_code} verifies this report itself.",
            )
        )


async def lock_at(
    session: AsyncSession, report_id: UUID, *allowed: Status, step: str
) -> tuple[Report, Project]:
    """Return the report and its project, locked, if the report is at one of the statuses.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused.
    """
    report, project = await reports.lock_active(session, report_id)
    status = Status(report.status)
    if status not in allowed:
        following = ", ".join(FOLLOWING[status]) or "-"
        raise ReportStepRefused(status=status, step=step, following=following)
    return report, project
