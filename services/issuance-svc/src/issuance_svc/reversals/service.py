"""Reversals: reported, looked up, and what stands behind a project because of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.buffer import service as buffer
from issuance_svc.methodologies.calculation import EXACT
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.errors import OrganisationUnfit
from issuance_svc.organisations.models import Kind as OrganisationKind
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reversals import repository, rules
from issuance_svc.reversals.errors import (
    CorrectionInvalid,
    ReporterUnfit,
    ReversalDated,
    ReversalDecided,
    ReversalNotFound,
    ReversalOpen,
)
from issuance_svc.reversals.models import CORRECTIONS, Backing, Kind, Reversal, Settlement, Status
from issuance_svc.reversals.rules import Growth, Standing
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody says was lost."""

    kind: Kind
    occurred_on: date
    loss: Decimal
    description: str
    area_ha: Decimal | None = None
    evidence: Sequence[dict[str, Any]] = ()
    issuance_id: UUID | None = None
    report_id: UUID | None = None


async def report(
    session: AsyncSession,
    project_id: str,
    told: Told,
    *,
    reporter_code: str,
    by: str,
    now: datetime,
) -> Reversal:
    """Store a reported reversal; from here on nothing is issued until it is decided.

    Raises ProjectUnknown, ReporterUnfit, ReversalDated, CorrectionInvalid.
    """
    project = await projects.lock(session, project_id)
    await _must_be_fit(session, project, told.kind, reporter_code)
    first, today = min(project.construction_start, project.crediting_start), legal_date(now)
    if not first <= told.occurred_on <= today:
        raise ReversalDated(
            pointer="/occurred_on", occurred_on=told.occurred_on, first=first, today=today
        )
    reversal = _reversal(project, told, reporter_code=reporter_code, by=by, now=now)
    if told.kind in CORRECTIONS:
        await must_fit_issuance(session, reversal)
    await repository.add(session, reversal)
    return reversal


async def _must_be_fit(
    session: AsyncSession, project: Project, kind: Kind, reporter_code: str
) -> None:
    if reporter_code == project.owner_code and kind != Kind.FALSIFICATION:
        return
    try:
        await organisations.must_act_as(session, reporter_code, OrganisationKind.BUREAU)
    except OrganisationUnfit:
        raise ReporterUnfit(organisation_code=reporter_code) from None
    if reporter_code == project.owner_code:
        raise ReporterUnfit(organisation_code=reporter_code)


def _reversal(
    project: Project, told: Told, *, reporter_code: str, by: str, now: datetime
) -> Reversal:
    return Reversal(
        reversal_id=new_id(),
        project_id=project.project_id,
        owner_code=project.owner_code,
        unit_type=project.unit_type,
        kind=told.kind,
        status=Status.REPORTED,
        occurred_on=told.occurred_on,
        area_ha=told.area_ha,
        loss=told.loss,
        description=told.description,
        evidence=list(told.evidence),
        issuance_id=told.issuance_id,
        report_id=told.report_id,
        reporter_code=reporter_code,
        reported_by=by,
        reported_at=now,
        covered=Decimal(0),
        deficit=Decimal(0),
        buffer_t=0,
        debt_t=0,
        settled_t=0,
    )


async def must_fit_issuance(session: AsyncSession, reversal: Reversal) -> None:
    """Raise CorrectionInvalid unless the issuance is the project's and has as much left (R10)."""
    assert reversal.issuance_id is not None, "corrects_an_issuance"
    backing = await repository.find_backing(session, reversal.issuance_id)
    if backing is None or backing.project_id != reversal.project_id:
        reason = Text(
            zh=f"项目 {reversal.project_id} 没有签发 {reversal.issuance_id}。",
            en=f"The project {reversal.project_id} has no issuance {reversal.issuance_id}.",
        )
        raise CorrectionInvalid(pointer="/issuance_id", reason=reason)
    taken_t = await repository.corrected_t(
        session, reversal.issuance_id, besides=reversal.reversal_id
    )
    left_t = backing.quantity_t - taken_t
    if reversal.loss != int(reversal.loss) or reversal.loss > left_t:
        reason = Text(
            zh=f"数量 {reversal.loss} t 须为整吨，该签发尚有 {left_t} t 可更正。",
            en=f"{reversal.loss} t must be whole tonnes; {left_t} t of the issuance can be corrected.",
        )
        raise CorrectionInvalid(pointer="/loss_t", reason=reason)


async def find_of_report(session: AsyncSession, report_id: UUID) -> Reversal | None:
    """Return the reversal that a report's negative period opened."""
    return await repository.find_of_report(session, report_id)


async def list_lost(session: AsyncSession, project_id: str, *, until: date) -> Sequence[Reversal]:
    """Return confirmed fires, fellings and disasters up to a day: an inventory shows them too."""
    return await repository.list_lost(session, project_id, until)


async def withdraw_of_report(session: AsyncSession, report_id: UUID) -> None:
    """Take back what a report opened that is itself taken back: its successor measures anew.

    The caller holds the project's lock. Raises ReversalDecided for a confirmed one: its loss is
    owed for, and a second report of it would be counted twice.
    """
    found = await repository.find_of_report(session, report_id)
    if found is None:
        return
    if found.status != Status.REPORTED:
        raise ReversalDecided(reversal_id=found.reversal_id, reversal_status=found.status)
    found.status = Status.REJECTED


async def standing(session: AsyncSession, project_id: str) -> Standing:
    """Return what stands behind the project's credits; exact under the project's lock."""
    deducted, regrown, issued_t = await repository.backed(session, project_id)
    lost, units_t = await repository.borne(session, project_id)
    taken_back = await repository.list_taken_back(session, project_id)
    with localcontext(EXACT):
        for backing, taken_t in taken_back:
            void = rules.void(backing.deducted, backing.regrown, taken_t, backing.quantity_t)
            deducted, regrown = deducted - void.deducted, regrown - void.regrown
        deficit = lost - regrown
    return Standing(
        deducted=deducted,
        deficit=deficit,
        buffer_t=await buffer.available_t(session, project_id),
        outstanding_t=issued_t - units_t,
    )


async def must_be_clear(session: AsyncSession, project_id: str) -> None:
    """Raise ReversalOpen while a reversal of the project is undecided or owed for."""
    found = await repository.find_unsettled(session, project_id)
    if found is not None:
        raise ReversalOpen(
            project_id=project_id,
            reversal_id=found.reversal_id,
            reversal_status=found.status,
            owed_t=found.debt_t - found.settled_t,
        )


async def growth(
    session: AsyncSession,
    project_id: str,
    *,
    verified_t: int,
    calculated: Decimal,
    deducted: Decimal,
) -> Growth:
    """Return what of a verified growth can be issued: a deficit regrows first (R20)."""
    before = await standing(session, project_id)
    return rules.regrow(verified_t, calculated, deducted, before.deficit)


async def back(
    session: AsyncSession,
    *,
    issuance_id: UUID,
    project_id: str,
    quantity_t: int,
    deducted: Decimal,
    regrown: Decimal,
    now: datetime,
) -> None:
    """Remember what an issuance kept back and what regrew before it."""
    backing = Backing(
        issuance_id=issuance_id,
        project_id=project_id,
        quantity_t=quantity_t,
        deducted=deducted,
        regrown=regrown,
        issued_at=now,
    )
    await repository.add(session, backing)


async def get(session: AsyncSession, reversal_id: UUID) -> Reversal:
    """Return the reversal; raises ReversalNotFound."""
    reversal = await repository.find(session, reversal_id)
    if reversal is None:
        raise ReversalNotFound(reversal_id=reversal_id)
    return reversal


async def settlements_of(session: AsyncSession, reversal_id: UUID) -> Sequence[Settlement]:
    """Return the cancellations that were counted for the reversal."""
    return await repository.list_settlements(session, reversal_id)


async def owed_t(session: AsyncSession, project_id: str) -> int:
    """Return what the project's owners still owe for its reversals."""
    return await repository.owed_t(session, project_id)


async def list_page(
    session: AsyncSession,
    *,
    project_id: str | None,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Reversal]:
    """Return up to `limit` reversals after the given one, newest first."""
    return await repository.list_after(
        session, project_id=project_id, status=status, after=after, limit=limit
    )
