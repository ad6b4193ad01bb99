"""HTTP of the issuances (签发) and serials (序列号)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from issuance_svc.issuances import external, service
from issuance_svc.issuances.schemas import (
    BlockOut,
    ExternalIssuanceIn,
    ExternalIssuanceOut,
    ForeignSerialOut,
    IssuanceOut,
    IssuanceTotalsOut,
    OriginOut,
    RejectionIn,
    SerialOut,
)
from issuance_svc.issuances.serials import parse_foreign
from issuance_svc.issuances.tasks import EXTERNAL_ISSUANCE
from tht_kit import four_eyes
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

TAGS = ["签发 / Issuances"]
requests_router = new_router(prefix="/v1/reports", tags=TAGS)
router = new_router(prefix="/v1/issuances", tags=TAGS)
serials_router = new_router(prefix="/v1/serials", tags=TAGS)
totals_router = new_router(prefix="/v1/totals/issuance", tags=TAGS)

Requester = Annotated[Principal, Depends(require("issuance:request"))]
Approver = Annotated[Principal, Depends(require("issuance:approve"))]


@requests_router.post(
    "/{report_id}/issuance-request",
    status_code=201,
    dependencies=[Idempotent],
    summary="登记减排量并申请签发 / Register the reductions and ask for issuance",
)
async def request_issuance(
    report_id: UUID, session: WriteSession, now: Now, principal: Requester, response: Response
) -> IssuanceOut:
    issuance = await service.request(
        session, report_id, officer_code=principal.organisation(), by=principal.subject, now=now
    )
    response.headers["Location"] = f"/v1/issuances/{issuance.issuance_id}"
    return IssuanceOut.of(issuance, [])


@router.post(
    "/{issuance_id}/approval",
    dependencies=[Idempotent],
    summary="批准签发（另一经办人）/ Approve: another officer than the one who asked",
)
async def approve_issuance(
    issuance_id: UUID, session: WriteSession, now: Now, principal: Approver
) -> IssuanceOut:
    issuance, blocks = await service.approve(
        session, issuance_id, officer_code=principal.organisation(), by=principal.subject, now=now
    )
    return IssuanceOut.of(issuance, blocks)


@router.post(
    "/{issuance_id}/rejection",
    dependencies=[Idempotent],
    summary="驳回签发，须说明理由 / Reject, with the reason",
)
async def reject_issuance(
    issuance_id: UUID, body: RejectionIn, session: WriteSession, now: Now, principal: Approver
) -> IssuanceOut:
    issuance = await service.reject(
        session,
        issuance_id,
        comment=body.comment,
        officer_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return IssuanceOut.of(issuance, [])


@router.post(
    "/external",
    status_code=202,
    dependencies=[Idempotent],
    summary="申请签发外部批次 / Ask to issue a batch cancelled in another registry",
)
async def request_external_issuance(
    body: ExternalIssuanceIn, session: WriteSession, now: Now, principal: Requester
) -> ExternalIssuanceOut:
    origin = await external.request(
        session,
        project_id=body.project_id,
        serial=body.serial,
        quantity_t=body.quantity_t,
        period=(body.period_start, body.period_end),
        cancellation_reference=body.cancellation_reference,
        evidence_sha256=body.evidence_sha256,
        officer_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    task = await four_eyes.propose(
        session,
        EXTERNAL_ISSUANCE,
        subject=str(origin.origin_id),
        proposal=body.model_dump(mode="json"),
        by=principal,
        now=now,
    )
    return ExternalIssuanceOut(origin=OriginOut.model_validate(origin), task_id=task.task_id)


@router.get("/external/{origin_id}", summary="查询外部批次 / Get an external batch")
async def get_external_issuance(origin_id: UUID, session: ReadSession) -> OriginOut:
    return OriginOut.model_validate(await external.get(session, origin_id))


@router.get("", summary="签发列表 / List issuances")
async def list_issuances(
    session: ReadSession,
    page: PageQuery,
    project_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[IssuanceOut]:
    rows = await service.list_page(
        session, project_id=project_id, after=page.after_id, limit=page.rows
    )
    blocks = await service.blocks_of(session, rows)
    return page.cut(
        rows,
        lambda row: IssuanceOut.of(row, blocks[row.issuance_id]),
        key=lambda row: [row.issuance_id],
    )


@router.get("/{issuance_id}", summary="查询签发 / Get an issuance")
async def get_issuance(issuance_id: UUID, session: ReadSession) -> IssuanceOut:
    issuance = await service.get(session, issuance_id)
    blocks = await service.blocks_of(session, [issuance])
    return IssuanceOut.of(issuance, blocks[issuance_id])


@serials_router.get(
    "/{number}",
    summary="按序号或序列号查询 / Look up a number on the line or a serial, ours or another registry's",
)
async def get_serial(
    number: Annotated[str, Path(max_length=200, examples=["1500"])], session: ReadSession
) -> SerialOut | ForeignSerialOut:
    foreign = parse_foreign(number)
    if foreign is not None:
        return ForeignSerialOut.of(foreign, await external.find_for(session, foreign))
    start, end, block, issuance = await service.look_up(session, number)
    blocks = await service.blocks_of(session, [issuance])
    return SerialOut(
        start=start,
        end=end,
        quantity_t=end - start + 1,
        vintage=block.vintage,
        block=BlockOut.of(block),
        issuance=IssuanceOut.of(issuance, blocks[issuance.issuance_id]),
    )


@totals_router.get("", summary="签发合计 / Totals of issuance")
async def get_issuance_totals(session: ReadSession) -> IssuanceTotalsOut:
    return IssuanceTotalsOut.model_validate(await service.totals(session), from_attributes=True)
