"""HTTP of the factors (因子与参数)."""

from typing import Annotated

from fastapi import Query

from issuance_svc.factors import service
from issuance_svc.factors.schemas import FactorOut
from tht_kit.http import ReadSession, new_router
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/factors", tags=["因子 / Factors"])


@router.get("", summary="因子与参数列表 / List factors and parameters")
async def list_factors(
    session: ReadSession,
    page: PageQuery,
    kind: Annotated[str | None, Query(max_length=64, description="类型 / kind")] = None,
    region: Annotated[str | None, Query(max_length=16, description="地区 / region")] = None,
    year: Annotated[int | None, Query(ge=1990, le=2100, description="年份 / year")] = None,
) -> Page[FactorOut]:
    rows = await service.list_page(
        session, kind=kind, region=region, year=year, after=page.after_text, limit=page.rows
    )
    return page.cut(rows, FactorOut.of, key=lambda row: [row.factor_id])
