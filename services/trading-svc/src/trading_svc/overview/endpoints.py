"""HTTP of the accounts (账户) and the totals."""

from fastapi import APIRouter

from tht_kit.auth import Authenticated
from tht_kit.http import ReadSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from trading_svc.holdings.schemas import BlockOut
from trading_svc.overview import service
from trading_svc.overview.schemas import AccountOut, TradingTotalsOut

router: APIRouter = new_router(tags=["账户 / Accounts"])


def _may_see(principal: Principal, organisation_code: str) -> None:
    if not principal.has("oversight:read"):
        principal.must_be(organisation_code)


@router.get("/v1/accounts/{organisation_code}", summary="账户余额 / An account's balances")
async def get_account(
    organisation_code: str, session: ReadSession, principal: Authenticated
) -> AccountOut:
    _may_see(principal, organisation_code)
    return AccountOut.of(await service.get_account(session, organisation_code))


@router.get(
    "/v1/accounts/{organisation_code}/holdings",
    summary="持有明细 / An account's serial blocks",
)
async def list_holdings(
    organisation_code: str, session: ReadSession, principal: Authenticated, page: PageQuery
) -> Page[BlockOut]:
    _may_see(principal, organisation_code)
    after = None if page.after is None else int(page.after[0])
    rows = await service.list_holdings(
        session, organisation_code, after_first=after, limit=page.rows
    )
    flags = await service.flags_of(session, rows)
    return page.cut(
        rows,
        lambda row: BlockOut.of(row, flags.get(row.lot.issuance_id, [])),
        key=lambda row: [row.span.first],
    )


@router.get("/v1/totals/trading", summary="交易与注销总量 / Totals, and whether the ledgers agree")
async def get_trading_totals(session: ReadSession) -> TradingTotalsOut:
    return TradingTotalsOut.of(await service.get_totals(session))
