"""Submitting a report: the period is cut to what may be claimed, quantified, and claimed once."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.methodologies.calculation import Declared, Inputs, Outcome, Period
from issuance_svc.methodologies.methodology import Methodology
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import repository, rules, service
from issuance_svc.reports.errors import AggregateUsed, PeriodOverlaps
from issuance_svc.reports.models import AGGREGATE_INDEX, PERIOD_CONSTRAINT, Report, claim_of
from issuance_svc.reports.quantify import quantify
from issuance_svc.reports.rules import Status
from issuance_svc.uploads import service as uploads
from tht_kit.clock import legal_date
from tht_kit.db import constraint_name
from tht_kit.ids import new_id


async def submit(
    session: AsyncSession,
    *,
    project_id: str,
    period_start: date,
    period_end: date,
    upload_ids: Sequence[UUID],
    aggregate_ids: Sequence[str],
    baseline_t: Decimal | None,
    fire_occurred: bool,
    notes: str | None,
    owner_code: str,
    submitted_by: str,
    now: datetime,
) -> Report:
    """Quantify the period and store the report as REPORTED.

    Raises ProjectUnknown, ProjectInactive, Forbidden, PeriodInvalid, PeriodNotEligible,
    PeriodOverlaps, AggregateUsed, ClaimRuleMissing and what `quantify` raises.
    """
    project = await projects.lock(session, project_id)
    projects.must_be_active(project)
    projects.must_own(project, owner_code)
    rule = await service.rule_of(session, project.unit_type)
    start, end = rules.eligible_period(
        rules.Claim(
            start=period_start,
            end=period_end,
            applied_on=legal_date(now),
            crediting_start=project.crediting_start,
            crediting_end=project.crediting_end,
            vintage_after=rule.vintage_after,
            lookback_years=rule.lookback_years,
        )
    )
    await uploads.get_all(session, project_id, upload_ids)
    methodology, inputs, outcome = await quantify(
        session,
        project,
        claimed=Period(start=period_start, end=period_end),
        eligible=Period(start=start, end=end),
        upload_ids=upload_ids,
        aggregate_ids=aggregate_ids,
        declared=Declared(baseline_t=baseline_t, fire_occurred=fire_occurred),
    )
    report = _report(project, methodology, inputs, outcome)
    report.notes, report.submitted_by, report.submitted_at = notes, submitted_by, now
    await _insert(session, report, upload_ids=upload_ids, aggregate_ids=aggregate_ids)
    await service.record(session, report, before=None, by=submitted_by, now=now)
    return report


def _report(project: Project, methodology: Methodology, inputs: Inputs, outcome: Outcome) -> Report:
    return Report(
        report_id=new_id(),
        project_id=project.project_id,
        project_no=project.project_no,
        methodology_code=methodology.code,
        formula_version=methodology.formula_version,
        status=Status.REPORTED,
        version=1,
        period_start=inputs.claimed.start,
        period_end=inputs.claimed.end,
        eligible_start=inputs.eligible.start,
        eligible_end=inputs.eligible.end,
        claim=claim_of(project.project_no, inputs.eligible.start, inputs.eligible.end),
        inputs=inputs.model_dump(mode="json"),
        calculation=outcome.tree.model_dump(mode="json"),
        calculated=outcome.calculated,
        calculated_t=outcome.calculated_t,
        deducted=outcome.deducted,
        vintages=[share.model_dump() for share in outcome.vintages],
    )


async def _insert(
    session: AsyncSession,
    report: Report,
    *,
    upload_ids: Sequence[UUID],
    aggregate_ids: Sequence[str],
) -> None:
    """Store the report; the database itself refuses a second claim of a day or an aggregate."""
    try:
        await repository.insert_report(
            session, report, upload_ids=upload_ids, aggregate_ids=aggregate_ids
        )
    except IntegrityError as error:
        violated = constraint_name(error)
        if violated == AGGREGATE_INDEX:
            raise AggregateUsed(pointer="/aggregate_ids") from None
        if violated != PERIOD_CONSTRAINT:
            raise
        other = await repository.find_overlapping(session, report)
        assert other is not None, "the constraint waited for the other report's commit"
        raise PeriodOverlaps(
            pointer="/period_start",
            project_id=other.project_id,
            report_id=other.report_id,
            status=other.status,
            start=other.eligible_start,
            end=other.eligible_end,
        ) from None
