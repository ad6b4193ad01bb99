"""The sampling plan (抽样方案): what the verifier looks at, what it found, and whether it matters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.projects.models import Project
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from issuance_svc.verifications import repository
from issuance_svc.verifications.errors import (
    CheckNotFound,
    ChecksIncomplete,
    ChecksRefused,
    MisstatementMaterial,
)
from issuance_svc.verifications.models import Check, CheckRecord
from issuance_svc.verifications.parties import lock_at, must_check
from issuance_svc.verifications.rules import (
    PLAN_REFERENCE,
    CheckResult,
    Found,
    Subject,
    counted,
    is_material,
    misstated,
    values_of,
)
from tht_kit.errors import FieldProblem, Text

CHECKS_MAX = 500


@dataclass(frozen=True, slots=True)
class Planned:
    subject: Subject
    label: str
    method: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the plan with its records, the newest last."""

    check: Check
    records: list[CheckRecord]
    # When the last corrective action naming the item was closed.
    corrected_at: datetime | None

    @property
    def counted_t(self) -> Decimal:
        """The misstatement that counts, tCO2e."""
        return counted(
            [Found(row.misstatement_t, row.recorded_at) for row in self.records], self.corrected_at
        )


@dataclass(frozen=True, slots=True)
class Sampling:
    """The plan as far as it is carried out, against the materiality of the rule."""

    items: list[Item]
    misstated_t: Decimal
    materiality_pct: Decimal
    materiality_grade: str
    is_material: bool


async def plan(
    session: AsyncSession,
    report_id: UUID,
    planned: Sequence[Planned],
    *,
    organisation_code: str,
    by: str,
    now: datetime,
) -> tuple[Report, Project]:
    """Add items to the plan of a report under notice; what is planned stays.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, ChecksRefused.
    """
    report, project = await lock_at(session, report_id, Status.NOTICE, step="sampling-plan")
    must_check(report, project, organisation_code)
    known = await repository.list_checks(session, report_id)
    problems = list(_problems(report, project, planned, known))
    if problems:
        raise ChecksRefused(count=len(problems), errors=problems)
    for number, item in enumerate(planned, start=len(known) + 1):
        check = Check(
            report_id=report_id,
            check_no=number,
            subject=item.subject,
            label=item.label,
            method=item.method,
            planned_by=by,
            planned_at=now,
        )
        await repository.add(session, check)
    return report, project


def _problems(
    report: Report, project: Project, planned: Sequence[Planned], known: Sequence[Check]
) -> Iterator[FieldProblem]:
    if len(known) + len(planned) > CHECKS_MAX:
        yield _problem(
            "/items",
            f"抽样方案至多 {CHECKS_MAX} 项。",
            f"A plan has at most {CHECKS_MAX} items.",
        )
    labels: dict[Subject, set[str]] = {
        Subject.METER: {*project.meters, *values_of(report.inputs, "meter_no")},
        Subject.PLOT: set(values_of(report.inputs, "plot_no")),
        Subject.MONTH: set(_months(report)),
    }
    taken = {(check.subject, check.label) for check in known}
    for index, item in enumerate(planned):
        pointer = f"/items/{index}/label"
        if (item.subject, item.label) in taken:
            yield _problem(
                pointer,
                f"{item.label} 已在方案中。",
                f"{item.label} is in the plan already.",
            )
        taken.add((item.subject, item.label))
        if item.subject in labels and item.label not in labels[item.subject]:
            yield _problem(
                pointer,
                f"本报告没有 {item.label}。",
                f"The report has no {item.subject} {item.label}.",
            )


def _months(report: Report) -> Iterator[str]:
    first, last = report.period_start, report.period_end
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield f"{number // 12:04}-{number % 12 + 1:02}"


def _problem(pointer: str, zh: str, en: str) -> FieldProblem:
    return FieldProblem(pointer, Text(zh=zh, en=en))


async def record(
    session: AsyncSession,
    report_id: UUID,
    check_no: int,
    *,
    result: CheckResult,
    misstatement_t: Decimal,
    note: str,
    organisation_code: str,
    by: str,
    now: datetime,
) -> tuple[Report, Project]:
    """Write down what was found at an item; an earlier record stays and counts (`rules.counted`).

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, CheckNotFound.
    """
    report, project = await lock_at(session, report_id, Status.NOTICE, step="sampling-record")
    must_check(report, project, organisation_code)
    if check_no not in {
        check.check_no for check in await repository.list_checks(session, report_id)
    }:
        raise CheckNotFound(report_id=report_id, check_no=check_no)
    before = await repository.list_records(session, report_id)
    row = CheckRecord(
        report_id=report_id,
        check_no=check_no,
        record_no=sum(found.check_no == check_no for found in before) + 1,
        result=result,
        misstatement_t=misstatement_t,
        note=note,
        recorded_by=by,
        recorded_at=now,
    )
    await repository.add(session, row)
    return report, project


async def sampling(session: AsyncSession, report: Report, project: Project) -> Sampling:
    """Return the plan with its records and what they add up to."""
    rule = await claim_rules.rule_of(session, project.unit_type)
    items = await _items(session, report)
    total_t = misstated(item.counted_t for item in items)
    return Sampling(
        items=items,
        misstated_t=total_t,
        materiality_pct=rule.materiality_pct,
        materiality_grade=rule.verification_grade,
        is_material=is_material(total_t, report.calculated_t, rule.materiality_pct),
    )


async def _items(session: AsyncSession, report: Report) -> list[Item]:
    found = await repository.list_checks(session, report.report_id)
    corrected_at = await repository.corrections(session, report.report_id)
    items = {
        check.check_no: Item(check, [], corrected_at.get(f"/{PLAN_REFERENCE}/{check.check_no}"))
        for check in found
    }
    for row in await repository.list_records(session, report.report_id):
        items[row.check_no].records.append(row)
    return list(items.values())


async def misstated_t(session: AsyncSession, report: Report) -> Decimal:
    """Return the sum of the misstatements that count, one of each item, tCO2e."""
    return misstated(item.counted_t for item in await _items(session, report))


async def must_be_done(session: AsyncSession, report: Report) -> None:
    """Raise ChecksIncomplete unless something was planned and all of it looked at."""
    items = await _items(session, report)
    recorded = sum(bool(item.records) for item in items)
    if not items or recorded < len(items):
        raise ChecksIncomplete(planned=len(items), recorded=recorded)


async def must_be_immaterial(session: AsyncSession, report: Report, project: Project) -> None:
    """Raise MisstatementMaterial where what was found exceeds the threshold of the rule."""
    found = await sampling(session, report, project)
    if found.is_material:
        raise MisstatementMaterial(
            misstated_t=format(found.misstated_t, "f"),
            calculated_t=report.calculated_t,
            materiality_pct=format(found.materiality_pct, "f"),
        )
