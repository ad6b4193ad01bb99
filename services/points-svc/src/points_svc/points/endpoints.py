"""HTTP of the points ledger: a citizen's balances, for the citizen's own app."""

from typing import Annotated

from fastapi import Depends

from points_svc.citizens.schemas import SubjectToken
from points_svc.points import service
from points_svc.points.schemas import BalanceOut
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, new_router
from tht_kit.principal import Principal

router = new_router(prefix="/v1/citizens", tags=["积分 / Points"])


@router.get("/{subject}", summary="积分与减排量 / Balances of a citizen")
async def get_citizen_balance(
    subject: SubjectToken,
    session: ReadSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("citizens:read"))],
) -> BalanceOut:
    statement = await service.get_statement(
        session, partner_id=principal.subject, subject=subject, now=now
    )
    return BalanceOut.of(subject, statement)
