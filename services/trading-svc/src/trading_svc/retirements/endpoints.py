"""HTTP of the retirements (注销)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from tht_contracts.events.common import OrganisationCode
from tht_contracts.events.trading import RetirementReason
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from trading_svc.certificates.parts import IssuerDep
from trading_svc.retirements import service, settle
from trading_svc.retirements.schemas import (
    ForcedRetirementIn,
    RetiredOut,
    RetirementIn,
    RetirementOut,
)

router = new_router(prefix="/v1/retirements", tags=["注销 / Retirements"])


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    summary="注销自有减排量 / Retire own units, irrevocably",
)
async def create_retirement(
    body: RetirementIn,
    session: WriteSession,
    issuer: IssuerDep,
    now: Now,
    principal: Annotated[Principal, Depends(require("retirements:write"))],
    response: Response,
) -> RetiredOut:
    own_code = principal.organisation()
    if body.reversal_id is not None:
        settled = await settle.settle(
            session,
            issuer,
            account_code=own_code,
            reversal_id=body.reversal_id,
            quantity_t=body.quantity_t,
            serials=[each.span for each in body.serials],
            note=body.note,
            retired_by=principal.subject,
            now=now,
        )
        response.headers["Location"] = f"/v1/retirements/{settled.retirement.id}"
        return RetiredOut.of_retired(settled)
    retired = await service.retire_own(
        session,
        issuer,
        account_code=own_code,
        reason=body.reason,
        quantity_t=body.quantity_t,
        beneficiary_code=body.beneficiary_code or own_code,
        project_id=body.project_id,
        vintage=body.vintage,
        serials=[each.span for each in body.serials],
        note=body.note,
        retired_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/retirements/{retired.retirement.id}"
    return RetiredOut.of_retired(retired)


@router.post(
    "/forced",
    status_code=201,
    dependencies=[Idempotent],
    summary="强制注销弄虚作假者已冻结的单位 / Cancel what is frozen for a falsification",
)
async def force_retirement(
    body: ForcedRetirementIn,
    session: WriteSession,
    issuer: IssuerDep,
    now: Now,
    principal: Annotated[Principal, Depends(require("reversals:confirm"))],
    response: Response,
) -> RetiredOut:
    retired = await settle.force(
        session,
        issuer,
        reversal_id=body.reversal_id,
        officer_code=principal.organisation(),
        retired_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/retirements/{retired.retirement.id}"
    return RetiredOut.of_retired(retired)


@router.get("", summary="注销公示 / The public list of retirements, newest first")
async def list_retirements(
    session: ReadSession,
    page: PageQuery,
    account_code: Annotated[OrganisationCode | None, Query(description="账户 / account")] = None,
    reason: Annotated[RetirementReason | None, Query(description="原因 / reason")] = None,
) -> Page[RetirementOut]:
    rows = await service.list_newest(
        session, account_code=account_code, reason=reason, before=page.after_id, limit=page.rows
    )
    return page.cut(rows, RetirementOut.of, key=lambda row: [row.id])


@router.get("/{retirement_id}", summary="查询注销 / Get a retirement with its serials")
async def get_retirement(retirement_id: UUID, session: ReadSession) -> RetiredOut:
    retirement = await service.get(session, retirement_id)
    return RetiredOut.with_serials(retirement, await service.spans_of(session, retirement_id))
