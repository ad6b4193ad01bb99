"""HTTP of the redemptions (兑换)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from points_svc.citizens.schemas import SubjectToken
from points_svc.redemptions import service
from points_svc.redemptions.schemas import RedemptionIn, RedemptionOut
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1", tags=["兑换 / Redemptions"])
Reader = Annotated[Principal, Depends(require("citizens:read"))]


@router.post(
    "/redemptions", status_code=201, dependencies=[Idempotent], summary="兑换 / Redeem points"
)
async def redeem_points(
    body: RedemptionIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("redemptions:write"))],
    response: Response,
) -> RedemptionOut:
    """先到期先用；库存、限兑与积分同时变化，否则都不变 / All at once, or nothing."""
    redemption = await service.redeem(
        session,
        partner_id=principal.subject,
        subject=body.subject,
        reward_id=body.reward_id,
        quantity=body.quantity,
        now=now,
    )
    response.headers["Location"] = (
        f"/v1/citizens/{body.subject}/redemptions/{redemption.redemption_id}"
    )
    return RedemptionOut.of(redemption, principal.subject)


@router.get("/citizens/{subject}/redemptions", summary="市民的兑换 / Redemptions of a citizen")
async def list_citizen_redemptions(
    subject: SubjectToken, session: ReadSession, page: PageQuery, principal: Reader
) -> Page[RedemptionOut]:
    rows = await service.list_page(
        session,
        partner_id=principal.subject,
        subject=subject,
        before=page.after_id,
        limit=page.rows,
    )
    return page.cut(
        rows,
        lambda row: RedemptionOut.of(row, principal.subject),
        key=lambda row: [row.redemption_id],
    )


@router.get(
    "/citizens/{subject}/redemptions/{redemption_id}", summary="查询兑换 / Get a redemption"
)
async def get_citizen_redemption(
    subject: SubjectToken, redemption_id: UUID, session: ReadSession, principal: Reader
) -> RedemptionOut:
    redemption = await service.get(
        session, partner_id=principal.subject, subject=subject, redemption_id=redemption_id
    )
    return RedemptionOut.of(redemption, principal.subject)
