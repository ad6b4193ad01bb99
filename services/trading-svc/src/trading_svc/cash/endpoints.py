"""HTTP of the cash sub-ledger (资金)."""

from typing import Annotated

from fastapi import Depends, Response

from tht_kit.auth import require
from tht_kit.http import Now, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal
from trading_svc.cash import service
from trading_svc.cash.schemas import DepositIn, DepositOut

router = new_router(prefix="/v1/cash", tags=["资金 / Cash"])


@router.post(
    "/deposits",
    status_code=201,
    dependencies=[Idempotent],
    summary="确认入金 / Record a deposit that the bank confirmed",
    description="同一银行流水号、同一内容再次提交返回 200 与原入金。"
    " / The same bank reference with the same content again answers 200 with the first deposit.",
)
async def record_deposit(
    body: DepositIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("cash:write"))],
    response: Response,
) -> DepositOut:
    deposit, is_new = await service.record_deposit(
        session,
        account_code=body.account_code,
        amount_fen=body.amount_fen,
        bank_reference=body.bank_reference,
        recorded_by=principal.subject,
        now=now,
    )
    if not is_new:
        response.status_code = 200
    return DepositOut.of(deposit, await service.balance_fen(session, deposit.account_code))
