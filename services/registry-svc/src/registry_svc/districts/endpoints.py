"""HTTP of the districts (区县)."""

from typing import Annotated

from fastapi import Depends, Query

from registry_svc.districts import service
from registry_svc.districts.schemas import DistrictIn, DistrictOut, DistrictPath
from tht_kit.auth import require
from tht_kit.fields import Day
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/districts", tags=["区县 / Districts"])


@router.get("", summary="区县代码列表 / List the districts of the city")
async def list_districts(
    session: ReadSession,
    page: PageQuery,
    on: Annotated[Day | None, Query(description="该日有效的 / in force that day")] = None,
) -> Page[DistrictOut]:
    rows = await service.list_page(session, on=on, after=page.after_text, limit=page.rows)
    return page.cut(rows, DistrictOut.of, key=lambda row: [row.district_code])


@router.get("/{district_code}", summary="查询区县 / Get a district")
async def get_district(district_code: DistrictPath, session: ReadSession) -> DistrictOut:
    return DistrictOut.of(await service.get(session, district_code))


@router.put("/{district_code}", summary="录入区划变更 / Enter a district or its change")
async def put_district(
    district_code: DistrictPath,
    body: DistrictIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("districts:write"))],
) -> DistrictOut:
    district = await service.put(
        session,
        publisher_code=principal.organisation(),
        district_code=district_code,
        name=body.name,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        successor_codes=body.successor_codes,
        source=body.source,
        now=now,
    )
    return DistrictOut.of(district)
