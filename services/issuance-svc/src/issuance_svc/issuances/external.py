"""Batches of other registries, cancelled there, that become credits here: once, under four eyes."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, localcontext
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.issuances import repository, serials, service
from issuance_svc.issuances.errors import (
    ConversionRefused,
    OriginInvalid,
    OriginNotFound,
    OriginUsed,
    PeriodIssuedElsewhere,
)
from issuance_svc.issuances.models import (
    ORIGIN_CONSTRAINT,
    ExternalOrigin,
    Issuance,
    IssuanceStatus,
    place_of,
)
from issuance_svc.issuances.serials import ForeignSerial
from issuance_svc.methodologies.calculation import (
    MEASURED,
    VintageShare,
    split_vintages,
    year_shares,
)
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import rules
from issuance_svc.reversals import service as reversals
from tht_kit.clock import legal_date
from tht_kit.db import constraint_name
from tht_kit.errors import Text
from tht_kit.ids import new_id


async def request(
    session: AsyncSession,
    *,
    project_id: str,
    serial: str,
    quantity_t: int,
    period: tuple[date, date],
    cancellation_reference: str,
    evidence_sha256: str,
    officer_code: str,
    by: str,
    now: datetime,
) -> ExternalOrigin:
    """Claim a foreign batch for a registered project; from here on nobody else can.

    Raises ProjectUnknown, ProjectInactive, OrganisationUnfit, OfficerInterested, ConversionRefused,
    OriginInvalid, OriginUsed, PeriodNotEligible, PeriodIssuedElsewhere.
    """
    project = await projects.lock(session, project_id)
    projects.must_be_active(project)
    await service.must_be_bureau(session, officer_code, project)
    if project.non_permanence != "none":
        raise ConversionRefused(project_id=project_id)
    parsed = _parse(serial, quantity_t, period)
    await _must_be_claimable(session, project, period, now=now)
    origin = ExternalOrigin(
        origin_id=new_id(),
        project_id=project_id,
        status=IssuanceStatus.PENDING,
        registry_name=parsed.registry,
        serial=serial,
        quantity_t=quantity_t,
        period_start=period[0],
        period_end=period[1],
        cancellation_reference=cancellation_reference,
        evidence_sha256=evidence_sha256,
        requested_by=by,
        requested_at=now,
    )
    await _insert(session, origin, parsed)
    return origin


def _parse(serial: str, quantity_t: int, period: tuple[date, date]) -> ForeignSerial:
    """Return what the serial says; raises OriginInvalid where the request says otherwise."""
    parsed = serials.parse_foreign(serial)
    if parsed is None:
        raise _invalid(
            "/serial",
            "无法识别该序列号的登记系统",
            "no registry that is known prints such a serial",
        )
    if parsed.quantity is not None and parsed.quantity != quantity_t:
        raise _invalid(
            "/quantity_t",
            f"序列号含首尾共 {parsed.quantity} t，申请为 {quantity_t} t",
            f"the serial counts {parsed.quantity} t, both ends included; {quantity_t} t are asked",
        )
    if period[1] < period[0]:
        raise _invalid("/period_end", "时期结束早于开始", "the period ends before it starts")
    days = parsed.vintage
    if days is not None and not (days[0] <= period[0] and period[1] <= days[1]):
        raise _invalid(
            "/period_start",
            f"序列号的年份为 {days[0]} 至 {days[1]}",
            f"the serial is of {days[0]} to {days[1]}",
        )
    return parsed


def _invalid(pointer: str, zh: str, en: str) -> OriginInvalid:
    return OriginInvalid(pointer=pointer, reason=Text(zh=f"{zh}。", en=f"{en}."))


async def _must_be_claimable(
    session: AsyncSession, project: Project, period: tuple[date, date], *, now: datetime
) -> None:
    """The days must be claimable as any report's (R6, R8), and no report may claim them (R7)."""
    rule = await claim_rules.rule_of(session, project.unit_type)
    eligible = rules.eligible_period(
        rules.Claim(
            start=period[0],
            end=period[1],
            applied_on=legal_date(now),
            crediting_start=project.crediting_start,
            crediting_end=project.crediting_end,
            vintage_after=rule.vintage_after,
            lookback_years=rule.lookback_years,
        )
    )
    if eligible != period:
        raise _invalid(
            "/period_start",
            f"只有 {eligible[0]} 至 {eligible[1]} 可以签发",
            f"only {eligible[0]} to {eligible[1]} can be issued",
        )
    report = await repository.find_report_within(session, project, *period)
    if report is not None:
        raise PeriodIssuedElsewhere(
            pointer="/period_start",
            project_id=project.project_id,
            start=report.eligible_start,
            end=report.eligible_end,
            source=Text(zh=f"报告 {report.report_id}", en=f"the report {report.report_id}"),
        )
    await service.must_not_be_external(session, project.project_id, *period)


async def _insert(session: AsyncSession, origin: ExternalOrigin, parsed: ForeignSerial) -> None:
    """Store the claim; the database itself refuses a unit that is claimed already."""
    origin.series_no = await repository.lock_series(session, parsed.series)
    origin.place = place_of(origin.series_no, parsed.start, parsed.end)
    try:
        await repository.insert_origin(session, origin)
    except IntegrityError as error:
        if constraint_name(error) != ORIGIN_CONSTRAINT:
            raise
        other = await repository.find_origin_at(session, origin.place)
        assert other is not None, "the series is locked, so the other claim is committed"
        raise OriginUsed(
            pointer="/serial",
            given=origin.serial,
            other=other.serial,
            origin_id=other.origin_id,
            origin_status=other.status,
        ) from None


async def approve(
    session: AsyncSession, origin_id: UUID, *, officer_code: str, by: str, now: datetime
) -> Issuance:
    """Issue the claimed batch as one of the project's own.

    Raises OriginNotFound, ProjectInactive, OrganisationUnfit, OfficerInterested, ReversalOpen,
    BatchNumbersExhausted.
    """
    origin, project = await _lock(session, origin_id)
    projects.must_be_active(project)
    await service.must_be_bureau(session, officer_code, project)
    await reversals.must_be_clear(session, project.project_id)
    origin.status = IssuanceStatus.ISSUED
    issuance = Issuance(
        issuance_id=new_id(),
        report_id=None,
        origin_id=origin_id,
        project_id=project.project_id,
        project_type=project.project_type,
        status=IssuanceStatus.ISSUED,
        quantity_t=origin.quantity_t,
        buffer_t=0,
        withheld_t=0,
        period_start=origin.period_start,
        period_end=origin.period_end,
        batch_no=await service.next_batch_no(session, project.project_id),
        requested_by=origin.requested_by,
        requested_at=origin.requested_at,
        decided_by=by,
        decided_at=now,
    )
    await repository.insert_issuance(session, issuance)
    await service.write_blocks(
        session,
        issuance,
        project,
        _vintages(origin),
        deducted=Decimal(0),
        regrown=Decimal(0),
        now=now,
    )
    return issuance


def _vintages(origin: ExternalOrigin) -> Sequence[VintageShare]:
    """Share the tonnes out over the years by their days, by cumulative floor (R5)."""
    until = date.fromordinal(origin.period_end.toordinal() + 1)
    shares = year_shares(origin.period_start, until)
    with localcontext(MEASURED):
        whole = sum((share for _, share in shares), Decimal(0))
        by_year = [(year, origin.quantity_t * share / whole) for year, share in shares[:-1]]
        rest = origin.quantity_t - sum((value for _, value in by_year), Decimal(0))
    return split_vintages([*by_year, (shares[-1][0], rest)])


async def reject(session: AsyncSession, origin_id: UUID, *, officer_code: str | None) -> None:
    """Let the batch go: it may be claimed anew. Without an officer its initiator takes it back.

    Raises OriginNotFound, OrganisationUnfit, OfficerInterested.
    """
    origin, project = await _lock(session, origin_id)
    if officer_code is not None:
        await service.must_be_bureau(session, officer_code, project)
    origin.status = IssuanceStatus.REJECTED


async def _lock(session: AsyncSession, origin_id: UUID) -> tuple[ExternalOrigin, Project]:
    """Return a pending origin and its project, both locked, the project first."""
    found = await get(session, origin_id)
    project = await projects.lock(session, found.project_id)
    origin = await repository.lock_origin(session, origin_id)
    assert origin.status == IssuanceStatus.PENDING, "its task is open as long as it is pending"
    return origin, project


async def get(session: AsyncSession, origin_id: UUID) -> ExternalOrigin:
    """Return the external batch; raises OriginNotFound."""
    origin = await repository.find_origin(session, origin_id)
    if origin is None:
        raise OriginNotFound(origin_id=origin_id)
    return origin


async def find_for(session: AsyncSession, parsed: ForeignSerial) -> Sequence[ExternalOrigin]:
    """Return what units of a foreign serial were converted here, or are about to be."""
    return await repository.list_origins_of(session, parsed.series, parsed.start, parsed.end)
