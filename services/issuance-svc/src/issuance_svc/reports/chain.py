"""Reports whose inventories continue one another: what one ends with, the next begins with (R20).

A loss is seen where an inventory begins with less than the last one ended with. So no report is
taken out from under a later one, and none is issued that began with another's end than it says.
"""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.calculation import Inputs
from issuance_svc.methodologies.methodology import Closing
from issuance_svc.reports import repository
from issuance_svc.reports.errors import ReportBasisChanged, ReportBuiltOn
from issuance_svc.reports.models import Report


async def closing_before(session: AsyncSession, project_id: str, start: date) -> Closing:
    """Return the inventory with which the project's last live report before the day ended."""
    before = await repository.find_before(session, project_id, start)
    if before is None:
        return []
    used = catalogue.version(before.methodology_code, before.formula_version)
    return used.closing(Inputs.model_validate(before.inputs))


async def find_built_on(session: AsyncSession, report: Report) -> Report | None:
    """Return a live later report that goes on from where the given one's inventory ends."""
    if not _has_inventory(report):
        return None
    later = await repository.find_after(session, report)
    return later if later is not None and _has_inventory(later) else None


async def must_be_last(session: AsyncSession, report: Report, *, step: str) -> None:
    """Raise ReportBuiltOn while a live later report goes on from the report's period.

    The caller holds the project's lock.
    """
    later = await find_built_on(session, report)
    if later is not None:
        raise built_on(later, step=step)


def built_on(later: Report, *, step: str) -> ReportBuiltOn:
    """Return the refusal of a step because of a later report."""
    return ReportBuiltOn(
        step=step,
        report_id=later.report_id,
        status=later.status,
        start=later.period_start,
        end=later.period_end,
    )


async def must_stand_on_its_basis(session: AsyncSession, report: Report) -> None:
    """Raise ReportBasisChanged where the report began with another inventory than it would now.

    A verifier can reject a report that a later one builds on. The caller holds the project's lock.
    """
    if not _has_inventory(report):
        return
    inputs = Inputs.model_validate(report.inputs)
    now = await closing_before(session, report.project_id, report.period_start)
    if list(now) != [*inputs.plots_before, *inputs.stands_before]:
        raise ReportBasisChanged(report_id=report.report_id)


def _has_inventory(report: Report) -> bool:
    return bool(report.inputs.get("plots") or report.inputs.get("stands"))
