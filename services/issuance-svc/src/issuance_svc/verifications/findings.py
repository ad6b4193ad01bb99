"""Findings (发现项): the verifier raises, the owner answers, the verifier accepts or returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from issuance_svc.uploads import service as uploads
from issuance_svc.verifications import repository
from issuance_svc.verifications.errors import (
    FindingNotFound,
    FindingsOpen,
    FindingStepRefused,
    FindingsTooMany,
    ReferenceUnknown,
)
from issuance_svc.verifications.models import Check, Finding, FindingEntry
from issuance_svc.verifications.parties import lock_at, must_be_named
from issuance_svc.verifications.rules import (
    FINDING_FOLLOWING,
    PLAN_REFERENCE,
    FindingKind,
    FindingStatus,
    resolve_pointer,
)
from tht_kit.ids import new_id

FINDINGS_MAX = 500


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the exchange, before it is written down."""

    text: str
    organisation_code: str
    by: str
    upload_ids: Sequence[UUID] = ()
    document_ids: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """A finding with all that was said about it."""

    finding: Finding
    entries: list[FindingEntry] = field(default_factory=list)


async def raise_finding(
    session: AsyncSession,
    report_id: UUID,
    *,
    kind: FindingKind,
    reference: str | None,
    said: Said,
    now: datetime,
) -> Thread:
    """Raise a finding about a report under notice, with what of the calculation it is about.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, ReferenceUnknown,
    FindingsTooMany.
    """
    report, _ = await lock_at(session, report_id, Status.NOTICE, step="finding")
    must_be_named(report, said.organisation_code)
    if await repository.count_findings(session, report.root_report_id) >= FINDINGS_MAX:
        raise FindingsTooMany(limit=FINDINGS_MAX)
    finding = Finding(
        finding_id=new_id(),
        report_id=report_id,
        root_report_id=report.root_report_id,
        project_id=report.project_id,
        kind=kind,
        number=await repository.last_finding_number(session, report.root_report_id, kind) + 1,
        status=FindingStatus.OPEN,
        reference=reference,
        referenced=_referenced(report, reference, await repository.list_checks(session, report_id)),
        raised_at=now,
    )
    await repository.add(session, finding)
    return Thread(finding, [await _say(session, finding, said, now=now)])


def _referenced(report: Report, reference: str | None, plan: Sequence[Check]) -> Any:
    """Return what stands at the place, without what lies below it; raises ReferenceUnknown."""
    if reference is None:
        return None
    document = {
        "inputs": report.inputs,
        "tree": report.calculation,
        PLAN_REFERENCE: {
            str(check.check_no): {"subject": check.subject, "label": check.label} for check in plan
        },
    }
    try:
        found = resolve_pointer(document, reference)
    except LookupError:
        raise ReferenceUnknown(pointer="/reference", reference=reference) from None
    if isinstance(found, dict):
        return {name: value for name, value in found.items() if not isinstance(value, (dict, list))}
    return None if isinstance(found, list) else found


async def answer(
    session: AsyncSession, report_id: UUID, finding_id: UUID, said: Said, *, now: datetime
) -> Thread:
    """Answer a finding as the owner, with uploads of the project and documents as evidence.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, FindingNotFound,
    FindingStepRefused, UploadNotFound.
    """
    report, project = await lock_at(
        session, report_id, Status.REPORTED, Status.NOTICE, step="finding-answer"
    )
    projects.must_own(project, said.organisation_code)
    await uploads.get_all(session, project.project_id, said.upload_ids)
    return await _step(session, report, finding_id, FindingStatus.ANSWERED, said, now=now)


async def close(
    session: AsyncSession, report_id: UUID, finding_id: UUID, said: Said, *, now: datetime
) -> Thread:
    """Accept the owner's answer as the verifier.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, FindingNotFound,
    FindingStepRefused.
    """
    return await _judge(session, report_id, finding_id, FindingStatus.CLOSED, said, now=now)


async def send_back(
    session: AsyncSession, report_id: UUID, finding_id: UUID, said: Said, *, now: datetime
) -> Thread:
    """Return the owner's answer as the verifier; raises what `close` raises."""
    return await _judge(session, report_id, finding_id, FindingStatus.RETURNED, said, now=now)


async def _judge(
    session: AsyncSession,
    report_id: UUID,
    finding_id: UUID,
    to: FindingStatus,
    said: Said,
    *,
    now: datetime,
) -> Thread:
    report, _ = await lock_at(session, report_id, Status.NOTICE, step="finding")
    must_be_named(report, said.organisation_code)
    return await _step(session, report, finding_id, to, said, now=now)


async def _step(
    session: AsyncSession,
    report: Report,
    finding_id: UUID,
    to: FindingStatus,
    said: Said,
    *,
    now: datetime,
) -> Thread:
    known = {found.finding_id for found in await repository.list_findings(session, report)}
    finding = await repository.find_finding(session, finding_id) if finding_id in known else None
    if finding is None:
        raise FindingNotFound(report_id=report.report_id, finding_id=finding_id)
    status = FindingStatus(finding.status)
    if to not in FINDING_FOLLOWING[status]:
        following = ", ".join(FINDING_FOLLOWING[status]) or "-"
        raise FindingStepRefused(name=finding.name, status=status, wanted=to, following=following)
    finding.status = to
    await _say(session, finding, said, now=now)
    return (await _threads(session, [finding]))[0]


async def _say(
    session: AsyncSession, finding: Finding, said: Said, *, now: datetime
) -> FindingEntry:
    entry = FindingEntry(
        finding_id=finding.finding_id,
        entry_no=await repository.last_entry_no(session, finding.finding_id) + 1,
        status=finding.status,
        text=said.text,
        upload_ids=[str(upload_id) for upload_id in said.upload_ids],
        document_ids=[str(document_id) for document_id in said.document_ids],
        organisation_code=said.organisation_code,
        said_by=said.by,
        said_at=now,
    )
    await repository.add(session, entry)
    return entry


async def list_threads(session: AsyncSession, report: Report) -> list[Thread]:
    """Return the findings that this report has to settle, with all that was said."""
    return await _threads(session, await repository.list_findings(session, report))


async def _threads(session: AsyncSession, found: Sequence[Finding]) -> list[Thread]:
    threads = {finding.finding_id: Thread(finding) for finding in found}
    for entry in await repository.list_entries(session, list(threads)):
        threads[entry.finding_id].entries.append(entry)
    return list(threads.values())


async def list_blocking(session: AsyncSession, report: Report) -> list[Finding]:
    """Return what has to be closed first: everything but this report's own forward actions."""
    return [
        finding
        for finding in await repository.list_findings(session, report)
        if finding.status != FindingStatus.CLOSED
        and not (
            finding.kind == FindingKind.FAR and finding.root_report_id == report.root_report_id
        )
    ]


async def must_be_closed(session: AsyncSession, report: Report) -> None:
    """Raise FindingsOpen unless everything that was found is settled."""
    blocking = await list_blocking(session, report)
    if blocking:
        names = ", ".join(f"{finding.name} ({finding.status})" for finding in blocking)
        raise FindingsOpen(count=len(blocking), names=names)
