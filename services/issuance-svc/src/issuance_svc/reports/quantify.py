"""From a project's data to a finished quantification: gather the inputs, find the factors, compute."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.aggregates import service as aggregates
from issuance_svc.factors import service as factors
from issuance_svc.inventories import service as inventories
from issuance_svc.metering import months as metering
from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.calculation import (
    EXACT,
    ChargedLoss,
    CitizenAggregate,
    Declared,
    Inputs,
    Outcome,
    Period,
    PlotMeasurement,
    ProjectFacts,
    Reading,
    Stand,
)
from issuance_svc.methodologies.errors import ActivityContradicts
from issuance_svc.methodologies.methodology import Methodology
from issuance_svc.projects.models import Project
from issuance_svc.reports import chain, repository
from issuance_svc.reports.errors import ActivityTooLarge
from issuance_svc.reversals import service as reversals
from issuance_svc.uploads import service as uploads
from tht_kit.errors import Text

READINGS_MAX = 20_000
PLOTS_MAX = 5_000
STANDS_MAX = 20_000
SQUARE_METRES_PER_HECTARE = 10_000


async def quantify(
    session: AsyncSession,
    project: Project,
    *,
    claimed: Period,
    eligible: Period,
    upload_ids: Sequence[UUID],
    aggregate_ids: Sequence[str],
    declared: Declared,
) -> tuple[Methodology, Inputs, Outcome]:
    """Return the methodology used, the complete inputs and the result.

    Raises MethodologyUnsupported, UploadNotFound, AggregateUnknown, AggregateForeign,
    ActivityTooLarge, FactorMissing, FactorPurposeRefused, FactorTestOnly and what the methodology's module raises.
    """
    methodology = catalogue.current(project.methodology_code)
    plots, stands = await _plots(session, upload_ids), await _stands(session, upload_ids)
    before = await chain.closing_before(session, project.project_id, claimed.start)
    gathered = Inputs(
        claimed=claimed,
        eligible=eligible,
        project=_facts(project),
        declared=declared,
        readings=await _readings(session, upload_ids, claimed),
        plots=plots,
        plots_before=[row for row in before if isinstance(row, PlotMeasurement)],
        aggregates=await _aggregates(session, project, aggregate_ids),
        factors={},
        stands=stands,
        stands_before=[row for row in before if isinstance(row, Stand)],
        charged_losses=await _charged_losses(session, project, [*plots, *stands]),
        meters=await metering.records(session, project, eligible),
        meter_months=await metering.months(session, project, upload_ids, eligible),
    )
    found = await factors.resolve(session, methodology.needs(gathered), on=claimed.end)
    inputs = gathered.model_copy(update={"factors": found})
    return methodology, inputs, methodology.calculate(inputs)


def _facts(project: Project) -> ProjectFacts:
    with localcontext(EXACT):
        area_m2 = sum((Decimal(parcel["area_m2"]) for parcel in project.parcels), Decimal(0))
        area_ha = area_m2 / SQUARE_METRES_PER_HECTARE
    return ProjectFacts(
        methodology_code=project.methodology_code,
        meters=sorted(project.meters),
        area_ha=area_ha,
        species=project.species,
        baseline_grid=project.baseline_grid,
        baseline_factor_year=project.baseline_factor_year,
        capacity_kw=project.capacity_kw,
        pv_mode=project.pv_mode,
        latitude=project.latitude,
        longitude=project.longitude,
    )


async def _readings(
    session: AsyncSession, upload_ids: Sequence[UUID], claimed: Period
) -> list[Reading]:
    rows = await uploads.readings(
        session, upload_ids, first=claimed.start, last=claimed.end, limit=READINGS_MAX + 1
    )
    if len(rows) > READINGS_MAX:
        what = Text(zh="表计月度读数", en="monthly meter readings")
        raise ActivityTooLarge(limit=READINGS_MAX, what=what)
    return [Reading.model_validate(row, from_attributes=True) for row in rows]


async def _plots(session: AsyncSession, upload_ids: Sequence[UUID]) -> list[PlotMeasurement]:
    rows = await uploads.plots(session, upload_ids, limit=PLOTS_MAX + 1)
    if len(rows) > PLOTS_MAX:
        what = Text(zh="样地调查记录", en="plot measurements")
        raise ActivityTooLarge(limit=PLOTS_MAX, what=what)
    return [PlotMeasurement.model_validate(row, from_attributes=True) for row in rows]


async def _stands(session: AsyncSession, upload_ids: Sequence[UUID]) -> list[Stand]:
    rows = await inventories.stands(session, upload_ids, limit=STANDS_MAX + 1)
    if len(rows) > STANDS_MAX:
        what = Text(zh="单木调查的样地树种组", en="stands of tree inventories")
        raise ActivityTooLarge(limit=STANDS_MAX, what=what)
    files: dict[tuple[str, date], UUID] = {}
    for row in rows:
        first = files.setdefault((row.plot_no, row.measured_on), row.upload_id)
        if first != row.upload_id:
            visit = f"{row.plot_no} {row.measured_on}"
            raise ActivityContradicts(
                reason=Text(
                    zh=f"样地 {visit} 的单木清单在文件 {first} 与 {row.upload_id} 中各有一份。",
                    en=f"The trees of plot {visit} stand in two files, {first} and {row.upload_id}.",
                )
            )
    return [Stand.model_validate(row, from_attributes=True) for row in rows]


async def _charged_losses(
    session: AsyncSession, project: Project, visits: Sequence[PlotMeasurement | Stand]
) -> list[ChargedLoss]:
    """Return the confirmed losses before the closing inventory that no live report added back yet.

    Each is added back once: a fire that is reported late, in the next report.
    """
    last: dict[str, date] = {}
    for visit in visits:
        last[visit.plot_no] = max(visit.measured_on, last.get(visit.plot_no, date.min))
    if not last:
        return []
    known = await repository.list_charged(session, project.project_id)
    lost = await reversals.list_lost(session, project.project_id, until=min(last.values()))
    return [
        ChargedLoss(
            reversal_id=str(found.reversal_id),
            kind=found.kind,
            occurred_on=found.occurred_on,
            loss_t=found.loss,
        )
        for found in lost
        if str(found.reversal_id) not in known
    ]


async def _aggregates(
    session: AsyncSession, project: Project, aggregate_ids: Sequence[str]
) -> list[CitizenAggregate]:
    rows = await aggregates.get_all(
        session, project.project_id, aggregate_ids, owner_code=project.owner_code
    )
    return [CitizenAggregate.model_validate(row, from_attributes=True) for row in rows]
