"""HTTP of the meters (表计)."""

from typing import Annotated

from fastapi import Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.metering import service
from issuance_svc.metering.schemas import (
    CheckIn,
    CheckOut,
    CorrectionOut,
    CorrectionsOut,
    HistoryOut,
    MeterOut,
    MeterRecordIn,
    MetersOut,
    NearDay,
    ReplacementIn,
    ReplacementOut,
)
from issuance_svc.projects import service as projects
from tht_kit.auth import Authenticated, require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal

router = new_router(prefix="/v1/meters", tags=["表计 / Meters"])

ProjectId = Annotated[str, Query(max_length=64)]
MeterNo = Annotated[str, Query(max_length=64)]


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses={200: {"model": MeterOut, "description": "内容相同 / the same facts again"}},
    summary="登记表计，或其新版本 / Record a meter, or its next version",
)
async def record_meter(
    body: MeterRecordIn,
    session: WriteSession,
    now: Now,
    response: Response,
    principal: Annotated[Principal, Depends(require("reports:write"))],
) -> MeterOut:
    meter, is_new = await service.record(
        session,
        project_id=body.project_id,
        facts=body.facts(),
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    response.status_code = 201 if is_new else 200
    return MeterOut.of(meter)


@router.post(
    "/replacements",
    status_code=201,
    dependencies=[Idempotent],
    summary="换表 / Replace a meter",
)
async def replace_meter(
    body: ReplacementIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("reports:write"))],
) -> ReplacementOut:
    ended, begun = await service.replace(
        session,
        project_id=body.project_id,
        meter_no=body.meter_no,
        replaced_on=body.replaced_on,
        final_indexes=body.final_indexes,
        successor=body.successor.facts(),
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReplacementOut(ended=MeterOut.of(ended), begun=MeterOut.of(begun))


@router.post(
    "/checks",
    status_code=201,
    dependencies=[Idempotent],
    summary="登记校准或故障 / Record a calibration or a fault",
)
async def record_meter_check(
    body: CheckIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("reports:write"))],
) -> CheckOut:
    found = await service.check(
        session,
        project_id=body.project_id,
        meter_no=body.meter_no,
        kind=body.kind,
        performed_on=body.performed_on,
        error_pct=body.error_pct,
        valid_until=body.valid_until,
        certificate_no=body.certificate_no,
        replaces=body.replaces,
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return CheckOut.of(found)


@router.get("", summary="项目的表计 / A project's meters")
async def list_meters(
    project_id: ProjectId, session: ReadSession, principal: Authenticated
) -> MetersOut:
    await _may_read(session, project_id, principal)
    meters = await service.list_current(session, project_id)
    return MetersOut(items=[MeterOut.of(meter) for meter in meters])


@router.get("/history", summary="一块表计的全部版本与校准 / All versions and checks of a meter")
async def get_meter_history(
    project_id: ProjectId, meter_no: MeterNo, session: ReadSession, principal: Authenticated
) -> HistoryOut:
    await _may_read(session, project_id, principal)
    versions, checks = await service.history(session, project_id, meter_no)
    return HistoryOut(
        versions=[MeterOut.of(meter) for meter in versions],
        checks=[CheckOut.of(check) for check in checks],
    )


@router.get(
    "/corrections",
    summary="按日期的保守修正（R14）/ The conservative correction by dates (R14)",
)
async def list_corrections(
    project_id: ProjectId,
    meter_no: MeterNo,
    start: NearDay,
    end: NearDay,
    session: ReadSession,
    principal: Authenticated,
) -> CorrectionsOut:
    await _may_read(session, project_id, principal)
    found = await service.corrections(session, project_id, meter_no, start, end)
    return CorrectionsOut(items=[CorrectionOut.of(correction) for correction in found])


async def _may_read(session: AsyncSession, project_id: str, principal: Principal) -> None:
    project = await projects.get(session, project_id)
    if not principal.has("oversight:read"):
        principal.must_be(project.owner_code)
